using System.Globalization;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Queries;

/// <summary>A DELETE without WHERE, whose trees are emptied as a whole where the transaction is exclusive or many rows go.</summary>
public sealed class DeleteAllTests : IDisposable
{
    private const int Many = 30_000;

    private readonly TemporaryFolder _folder = new();
    private readonly string _path;
    private readonly SluiceConnection _connection;

    public DeleteAllTests()
    {
        _path = _folder.File("all.db");
        _connection = Open();
        Execute("CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, v TEXT)");
        Execute("CREATE INDEX t_k ON t(k)");
        Execute("CREATE INDEX t_part ON t(v) WHERE k > 10");
        Execute("CREATE TABLE w(k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID");
        Execute("CREATE INDEX w_v ON w(v)");
    }

    public void Dispose()
    {
        _connection.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Many_rows_go_and_a_reader_keeps_those_of_its_snapshot()
    {
        Fill(Many);
        using SluiceConnection reading = Open();
        Execute(reading, "BEGIN");
        Assert.Equal(Many, Number(reading, "SELECT count(*) FROM t"));
        Assert.Equal(Many, Execute("DELETE FROM t"));
        Assert.Equal(Many, Number(_connection, "SELECT changes()"));
        Assert.Equal(Many, Number(reading, "SELECT count(v) FROM t"));
        Assert.Equal(Many, Number(reading, "SELECT count(*) FROM t WHERE k >= 0"));
        Execute(reading, "COMMIT");
        RequireEmpty("t");
        Assert.Equal(0, Number(reading, "SELECT count(v) FROM t"));
        Assert.InRange(Number(_connection, "PRAGMA freelist_count"), Many / 1000, Many);
        Execute("INSERT INTO t(k) VALUES(7)");
        Assert.Equal(1, Number(_connection, "SELECT id FROM t INDEXED BY t_k WHERE k = 7"));
    }

    [Theory]
    [InlineData("t", 3)]
    [InlineData("w", 3)]
    [InlineData("t", 0)]
    [InlineData("w", 2_000)]
    public void An_exclusive_transaction_can_take_it_back(string table, int rows)
    {
        Fill(rows);
        Execute("BEGIN EXCLUSIVE");
        Execute("SAVEPOINT s");
        Assert.Equal(rows, Execute($"DELETE FROM {table}"));
        Assert.Equal(0, Number(_connection, $"SELECT count(*) FROM {table}"));
        Execute("ROLLBACK TO s");
        Assert.Equal(rows, Number(_connection, $"SELECT count(*) FROM {table}"));
        Assert.Equal(rows, Execute($"DELETE FROM {table}"));
        Execute("ROLLBACK");
        Assert.Equal(rows, Number(_connection, $"SELECT count(v) FROM {table}"));
        Execute("BEGIN EXCLUSIVE");
        Assert.Equal(rows, Execute($"DELETE FROM {table}"));
        Execute("COMMIT");
        RequireEmpty(table);
    }

    [Fact]
    public void Triggers_and_RETURNING_see_each_row()
    {
        Fill(3);
        Execute("CREATE TABLE log(id INTEGER)");
        Execute("CREATE TRIGGER g AFTER DELETE ON t BEGIN INSERT INTO log VALUES(old.id); END");
        Execute("BEGIN EXCLUSIVE");
        Execute("DELETE FROM t");
        Assert.Equal(3, Number(_connection, "SELECT count(*) FROM log"));
        Assert.Equal(1, Number(_connection, "DELETE FROM log RETURNING id"));
        Execute("COMMIT");
        RequireEmpty("t");
        RequireEmpty("log");
    }

    [Fact]
    public void A_query_that_stands_in_the_table_keeps_its_rows_and_a_prepared_INSERT_finds_its_place()
    {
        Fill(2_000);
        Execute("BEGIN EXCLUSIVE");
        using SluiceCommand insert = _connection.CreateCommand();
        insert.CommandText = "INSERT INTO t(k, v) VALUES(50, 'more')";
        insert.ExecuteNonQuery();
        using SluiceCommand command = _connection.CreateCommand();
        command.CommandText = "SELECT v FROM t";
        using (SluiceDataReader rows = command.ExecuteReader())
        {
            Assert.True(rows.Read());
            Execute("DELETE FROM t");
            Assert.Equal(0, Number(_connection, "SELECT count(*) FROM t"));
            int rest = 0;
            while (rows.Read())
            {
                rest++;
            }

            Assert.Equal(2_000, rest);
        }

        for (int i = 1; i <= 1_000; i++)
        {
            insert.ExecuteNonQuery();
        }

        Execute("COMMIT");
        Assert.Equal(1_000, Number(_connection, "SELECT max(id) FROM t"));
        Assert.Equal(1_000, Execute("DELETE FROM t"));
        RequireEmpty("t");
    }

    private void RequireEmpty(string table)
    {
        Assert.Equal(0, Number(_connection, $"SELECT count(*) FROM {table}"));
        using SluiceCommand command = _connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        Assert.Equal("ok", command.ExecuteScalar());
    }

    private void Fill(int rows)
    {
        Execute($"INSERT INTO t(k, v) SELECT value % 100, 'text ' || value FROM generate_series(1, {rows})");
        Execute($"INSERT INTO w SELECT 'key ' || value, value FROM generate_series(1, {rows})");
    }

    private SluiceConnection Open()
    {
        SluiceConnection connection = new($"Data Source={_path}");
        connection.Open();
        return connection;
    }

    private int Execute(string sql) => Execute(_connection, sql);

    private static int Execute(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    private static long Number(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }
}
