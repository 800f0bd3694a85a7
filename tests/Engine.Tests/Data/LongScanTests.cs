namespace Sluice.Engine.Tests.Data;

/// <summary>
/// A scan over more pages than are kept of one walk reads each later page into the same buffer. Texts and blobs of rows that it has left must stay what they were.
/// </summary>
public sealed class LongScanTests
{
    // Some 9 MB of rows: a quarter of the page cache is 4 MiB.
    private const string SetUp = """
        CREATE TABLE t(id INTEGER PRIMARY KEY, k TEXT, b BLOB, n INTEGER);
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 50000)
        INSERT INTO t SELECT i, printf('key %08d ', i * 7919 % 50000) || substr('abcdefghijklmnopqrstuvwxyz', i % 26 + 1) || printf('%090d', i), CAST(printf('blob %d', i) AS BLOB), i * 31 % 1000 FROM c;
        CREATE TABLE few(k TEXT PRIMARY KEY);
        INSERT INTO few SELECT k FROM t WHERE id % 1000 = 7;
        PRAGMA wal_checkpoint;
        """;

    [Fact]
    public void Texts_and_blobs_outlive_the_rows_that_they_are_of()
    {
        string[] queries =
        [
            "SELECT k FROM t ORDER BY n, id LIMIT 300",
            "SELECT k, b FROM t ORDER BY k DESC LIMIT 300 OFFSET 40000",
            "SELECT min(k), max(k), min(b), max(b) FROM t",
            "SELECT n % 10, min(k), max(b), count(*) FROM t GROUP BY n % 10 ORDER BY 1",
            "SELECT n, k, max(id) FROM t GROUP BY n ORDER BY n LIMIT 200",
            "SELECT substr(group_concat(k, '|'), 1, 400000) FROM (SELECT k FROM t WHERE id % 20 = 3)",
            "SELECT count(DISTINCT k), count(DISTINCT b), count(DISTINCT substr(k, 5, 6)) FROM t",
            "SELECT id, lag(k, 3) OVER (ORDER BY id), first_value(b) OVER (ORDER BY id) FROM t WHERE id % 500 < 5 ORDER BY id",
            "SELECT t.id, few.k FROM t JOIN few ON few.k = t.k ORDER BY t.id",
            "SELECT a.id, a.k, b.k FROM t a JOIN t b ON b.id = a.id + 25000 WHERE a.id % 700 = 1 ORDER BY a.id",
            "SELECT k FROM t WHERE id > 30000 INTERSECT SELECT k FROM t WHERE id < 30100 OR id > 49900",
            "WITH m AS MATERIALIZED (SELECT id, k FROM t WHERE id % 3 = 0) SELECT x.k, y.k FROM m x JOIN m y ON y.id = x.id + 3 WHERE x.id % 900 = 0 ORDER BY x.id",
            "SELECT k FROM t WHERE rowid BETWEEN 100 AND 48000 ORDER BY b LIMIT 200",
            "SELECT max(substr(k, 3)), min(substr(k, 20)) FROM t",
        ];
        _ = Providers.Agree(connection => string.Join("\n\n", queries.Select(sql => string.Join("\n", connection.Rows(sql)))), SetUp);
    }

    [Fact]
    public void A_long_scan_is_right_while_rows_before_and_behind_it_are_written()
    {
        string seen = Providers.Agree(
            connection =>
            {
                connection.Run("UPDATE t SET k = upper(k) WHERE id % 5000 = 0; DELETE FROM t WHERE id % 5000 = 1; INSERT INTO t VALUES(60000, 'new', x'01', 5)");
                return string.Join("\n", connection.Rows("SELECT k FROM t ORDER BY n, id LIMIT 500")) + string.Join("\n", connection.Rows("SELECT min(k), max(k), count(DISTINCT k) FROM t"));
            },
            SetUp);
        Assert.Contains("new", seen, StringComparison.Ordinal);
    }
}
