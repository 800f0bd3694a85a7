using System.Data.Common;

namespace Sluice.Engine.Tests.Data;

/// <summary>
/// A scan walks through the rows of a leaf by itself. What is written meanwhile, by its own transaction or before it by others, must show as if it had asked the
/// cursor for each row.
/// </summary>
public sealed class LeafLoanTests
{
    private const string SetUp = """
        CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, v TEXT);
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1000)
        INSERT INTO t SELECT i * 10, i, 'row ' || i FROM c;
        CREATE TABLE other(id INTEGER PRIMARY KEY, n);
        PRAGMA wal_checkpoint;
        """;

    [Fact]
    public void A_scan_sees_what_its_own_transaction_writes_ahead_of_it()
    {
        string seen = Providers.Agree(
            connection =>
            {
                using DbTransaction transaction = connection.BeginTransaction();
                using DbCommand scan = connection.CreateCommand();
                scan.Transaction = transaction;
                scan.CommandText = "SELECT id, n, v FROM t WHERE id > 15 AND id <= 3000 ORDER BY id";
                List<string> rows = [];
                using DbDataReader reader = scan.ExecuteReader();
                while (reader.Read())
                {
                    long id = reader.GetInt64(0);
                    rows.Add($"{id} {reader.GetInt64(1)} {reader.GetString(2)}");
                    string? change = id switch
                    {
                        50 => "UPDATE t SET n = -n WHERE id = 60",
                        100 => "DELETE FROM t WHERE id = 110",
                        200 => "INSERT INTO t VALUES(205, 0, 'between')",
                        300 => "INSERT INTO other VALUES(1, 1)",
                        1500 => "UPDATE t SET v = 'changed' WHERE id BETWEEN 1400 AND 1600",
                        _ => null,
                    };
                    if (change is not null)
                    {
                        using DbCommand writing = connection.CreateCommand();
                        writing.Transaction = transaction;
                        writing.CommandText = change;
                        _ = writing.ExecuteNonQuery();
                    }
                }

                return string.Join("\n", rows);
            },
            SetUp);
        Assert.Contains("60 -6 ", seen, StringComparison.Ordinal);
        Assert.Contains("205 0 between", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("110 11 ", seen, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_that_are_not_in_the_pages_yet_come_in_their_places()
    {
        string seen = Providers.Agree(
            connection =>
            {
                connection.Run("UPDATE t SET n = 0 WHERE id % 700 = 0; DELETE FROM t WHERE id % 330 = 0; INSERT INTO t SELECT id + 5, 7, 'new' FROM t WHERE id % 500 = 0; INSERT INTO t VALUES(20000, 1, 'last'), (-5, 1, 'first')");
                return string.Join("\n", connection.Rows("SELECT id, n, v FROM t")) + string.Join("\n", connection.Rows("SELECT count(*), sum(n), max(v) FROM t WHERE n % 2 = 1"))
                    + string.Join("\n", connection.Rows("SELECT id FROM t WHERE id BETWEEN 3295 AND 3510"));
            },
            SetUp);
        Assert.Contains("20000", seen, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_longer_than_a_page_are_read_in_between()
    {
        _ = Providers.Agree(
            connection =>
            {
                connection.Run("UPDATE t SET v = printf('%09000d', id) WHERE id % 1500 = 0; PRAGMA wal_checkpoint");
                return string.Join("\n", connection.Rows("SELECT id, length(v), substr(v, -6) FROM t WHERE n % 3 = 0"));
            },
            SetUp);
    }

    [Fact]
    public void An_insert_of_many_rows_by_a_query_is_whole()
    {
        _ = Providers.Agree(
            connection =>
            {
                // More than begin in memory.
                int rows = connection.Run("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100000) INSERT INTO other SELECT i * 3, i % 17 FROM c");
                return $"{rows} " + string.Join("\n", connection.Rows("SELECT count(*), sum(n), min(id), max(id), sum(id) FROM other"));
            },
            SetUp);
    }

    [Fact]
    public void An_insert_of_many_rows_that_reads_its_own_table_sees_none_of_them()
    {
        _ = Providers.Agree(
            connection =>
            {
                // Each row a hundred times: more than begin in memory.
                int rows = connection.Run("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100) INSERT INTO t(n, v) SELECT n, v FROM t, c");
                return $"{rows} " + string.Join("\n", connection.Rows("SELECT count(*), sum(n), max(id) FROM t"));
            },
            SetUp);
    }
}
