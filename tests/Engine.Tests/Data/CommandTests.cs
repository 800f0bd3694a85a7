using System.Data;
using System.Data.Common;
using Sluice.Engine.Data;

namespace Sluice.Engine.Tests.Data;

public class CommandTests
{
    /// <summary>Counts for ever; the limit stops a run that is not interrupted.</summary>
    private const string EndlessQuery =
        "SELECT count(*) FROM n a, n b, n c, n d, n e, n f, n g, n h WHERE a.i + b.i + c.i + d.i + e.i + f.i + g.i + h.i < 0";

    private const string TenRows = "CREATE TABLE n(i); INSERT INTO n VALUES(0),(1),(2),(3),(4),(5),(6),(7),(8),(9)";

    [Theory]
    [InlineData("SELECT 1")]
    [InlineData("SELECT 1 WHERE 0")]
    [InlineData("SELECT NULL")]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("CREATE TABLE t(a)")]
    [InlineData("CREATE TABLE t(a); INSERT INTO t VALUES(1),(2),(3)")]
    [InlineData("CREATE TABLE t(a); INSERT INTO t VALUES(1),(2),(3); UPDATE t SET a = 0 WHERE a > 1; DELETE FROM t WHERE a = 1; SELECT 7")]
    [InlineData("CREATE TABLE t(a); INSERT INTO t VALUES(1),(2) RETURNING a")]
    [InlineData("CREATE TABLE t(a); SELECT 5; INSERT INTO t VALUES(1)")]
    [InlineData("-- only a comment")]
    [InlineData(" ; ; ")]
    public void Counts_and_scalars_are_those_of_Microsoft_Data_Sqlite(string sql)
    {
        Providers.Agree(c => c.Run(sql));
        Providers.Agree(c => c.Scalar(sql));
    }

    [Fact]
    public void Runs_again_with_other_values()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a, b)");
        using SluiceCommand command = connection.CreateCommand("INSERT INTO t VALUES(@a, @b); SELECT count(*) FROM t");
        SluiceParameter a = command.Parameters.Add("@a", DbType.Int32);
        SluiceParameter b = command.Parameters.Add("@b", DbType.String);
        for (int i = 1; i <= 3; i++)
        {
            a.Value = i;
            b.Value = i % 2 == 0 ? null : $"row {i}";
            Assert.Equal((long)i, command.ExecuteScalar());
        }

        Assert.Equal(["integer 1 | text 'row 1'", "integer 2 | NULL", "integer 3 | text 'row 3'"], connection.Rows("SELECT * FROM t"));
    }

    [Fact]
    public void Sees_a_changed_schema_when_run_again()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
        using SluiceCommand command = connection.CreateCommand("SELECT * FROM t");
        Assert.Equal(1L, command.ExecuteScalar());
        connection.Run("DROP TABLE t; CREATE TABLE t(b, c); INSERT INTO t VALUES('x', 'y')");
        using SluiceDataReader reader = command.ExecuteReader();
        Assert.True(reader.Read());
        Assert.Equal(2, reader.FieldCount);
        Assert.Equal("c", reader.GetName(1));
        Assert.Equal("y", reader.GetString(1));
    }

    [Fact]
    public void A_closed_connection_can_be_opened_again_with_the_same_command()
    {
        using SluiceConnection connection = Providers.Sluice();
        using SluiceCommand command = connection.CreateCommand("SELECT 1");
        Assert.Equal(1L, command.ExecuteScalar());
        connection.Close();
        Assert.Contains("open", Assert.Throws<InvalidOperationException>(() => command.ExecuteScalar()).Message);
        connection.Open();
        Assert.Equal(1L, command.ExecuteScalar());
    }

    [Fact]
    public void Prepare_shows_the_first_statements_errors()
    {
        using SluiceConnection connection = Providers.Sluice();
        using SluiceCommand command = connection.CreateCommand("SELEC 1");
        SluiceException error = Assert.Throws<SluiceException>(command.Prepare);
        Assert.Contains("SELEC", error.Message);
        Assert.Equal(ResultCode.Error, error.Code);
        command.CommandText = "SELECT 1";
        command.Prepare();
        Assert.Equal(1L, command.ExecuteScalar());
    }

    [Theory]
    [InlineData("SELECT * FROM missing", "no such table: missing")]
    [InlineData("SELECT nowhere", "no such column: nowhere")]
    [InlineData("SELECT (", "incomplete input")]
    [InlineData("SELECT 1 FROM t WHERE", "incomplete input")]
    [InlineData("INSERT INTO t(a) VALUES(1)", "UNIQUE constraint failed: t.a")]
    [InlineData("INSERT INTO t VALUES(2, NULL)", "NOT NULL constraint failed: t.b")]
    [InlineData("INSERT INTO t VALUES(1, 2, 3)", "table t has 2 columns but 3 values were supplied")]
    [InlineData("CREATE TABLE t(x)", "table t already exists")]
    [InlineData("DROP TABLE missing", "no such table: missing")]
    [InlineData("COMMIT", "cannot commit - no transaction is active")]
    [InlineData("ROLLBACK", "cannot rollback - no transaction is active")]
    [InlineData("BEGIN; BEGIN", "cannot start a transaction within a transaction")]
    public void Errors_have_SQLites_words_and_codes(string sql, string message)
    {
        const string setUp = "CREATE TABLE t(a UNIQUE, b NOT NULL DEFAULT 0); INSERT INTO t VALUES(1, 1)";
        using SluiceConnection ours = Providers.Sluice(setUp);
        using Microsoft.Data.Sqlite.SqliteConnection theirs = Providers.Sqlite(setUp);
        SluiceException error = Assert.Throws<SluiceException>(() => ours.Run(sql));
        Microsoft.Data.Sqlite.SqliteException theirError = Assert.Throws<Microsoft.Data.Sqlite.SqliteException>(() => theirs.Run(sql));
        Assert.Contains(message, error.Message);
        Assert.Contains(message, theirError.Message);
        Assert.Equal(theirError.SqliteExtendedErrorCode, (int)error.Code);
    }

    [Fact]
    public async Task Asynchronous_forms_give_the_same()
    {
        await using SluiceConnection connection = new("Data Source=:memory:");
        await connection.OpenAsync();
        await using SluiceCommand create = connection.CreateCommand("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2), (3)");
        Assert.Equal(3, await create.ExecuteNonQueryAsync());
        await using SluiceCommand sum = connection.CreateCommand("SELECT sum(a) FROM t");
        Assert.Equal(6L, await sum.ExecuteScalarAsync());
        await using SluiceCommand select = connection.CreateCommand("SELECT a FROM t; INSERT INTO t VALUES(4); SELECT count(*) FROM t");
        await using SluiceDataReader reader = await select.ExecuteReaderAsync();
        List<long> seen = [];
        do
        {
            while (await reader.ReadAsync())
            {
                seen.Add(await reader.GetFieldValueAsync<long>(0));
            }
        }
        while (await reader.NextResultAsync());
        Assert.Equal([1, 2, 3, 4], seen);
    }

    [Fact]
    public async Task A_token_cancelled_before_runs_nothing()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a)");
        using SluiceCommand command = connection.CreateCommand("INSERT INTO t VALUES(1)");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => command.ExecuteNonQueryAsync(new CancellationToken(canceled: true)));
        Assert.Equal(0L, connection.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task A_token_interrupts_a_running_query()
    {
        using SluiceConnection connection = Providers.Sluice(TenRows);
        using SluiceCommand command = connection.CreateCommand(EndlessQuery);
        using CancellationTokenSource source = new();
        Task<object?> query = Task.Run(() => command.ExecuteScalarAsync(source.Token));
        await WaitUntilBusy(connection);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query);
        Assert.Equal(10L, connection.Scalar("SELECT count(*) FROM n"));
    }

    [Fact]
    public async Task Cancel_interrupts_with_the_engines_error()
    {
        using SluiceConnection connection = Providers.Sluice(TenRows);
        using SluiceCommand command = connection.CreateCommand(EndlessQuery);
        Task<object?> query = Task.Run(command.ExecuteScalar);
        await WaitUntilBusy(connection);
        command.Cancel();
        SluiceException error = await Assert.ThrowsAsync<SluiceException>(() => query);
        Assert.Equal(ResultCode.Interrupt, error.PrimaryCode);
        Assert.Equal(10L, connection.Scalar("SELECT count(*) FROM n"));
    }

    [Fact]
    public void The_timeout_interrupts_and_says_so()
    {
        using SluiceConnection connection = Providers.Sluice(TenRows);
        using SluiceCommand command = connection.CreateCommand(EndlessQuery);
        command.CommandTimeout = 1;
        SluiceException error = Assert.Throws<SluiceException>(() => command.ExecuteScalar());
        Assert.Equal(ResultCode.Interrupt, error.PrimaryCode);
        Assert.Contains("CommandTimeout of 1 s", error.Message);
        Assert.Equal(10L, connection.Scalar("SELECT count(*) FROM n"));
    }

    [Fact]
    public async Task A_second_thread_is_refused_and_harms_nothing()
    {
        using SluiceConnection connection = Providers.Sluice(TenRows);
        using SluiceCommand slow = connection.CreateCommand(EndlessQuery);
        Task<object?> query = Task.Run(slow.ExecuteScalar);
        await WaitUntilBusy(connection);
        Assert.Contains("one at a time", Assert.Throws<InvalidOperationException>(() => connection.Run("DELETE FROM n")).Message);
        Assert.Throws<InvalidOperationException>(() => connection.BeginTransaction());
        Assert.Throws<InvalidOperationException>(connection.Close);
        Assert.Equal(ConnectionState.Open, connection.State);
        slow.Cancel();
        await Assert.ThrowsAsync<SluiceException>(() => query);
        Assert.Equal(10L, connection.Scalar("SELECT count(*) FROM n"));
    }

    [Fact]
    public void Misuse_says_what_to_do()
    {
        Assert.Contains("Connection", Assert.Throws<InvalidOperationException>(() => new SluiceCommand("SELECT 1").ExecuteScalar()).Message);
        using SluiceConnection connection = Providers.Sluice();
        Assert.Contains("CommandText", Assert.Throws<InvalidOperationException>(() => connection.CreateCommand().ExecuteScalar()).Message);
        Assert.Throws<NotSupportedException>(() => connection.CreateCommand().CommandType = CommandType.StoredProcedure);
        Assert.Throws<ArgumentOutOfRangeException>(() => connection.CreateCommand().CommandTimeout = -1);
        Assert.Throws<NotSupportedException>(() => connection.ChangeDatabase("other"));
    }

    [Fact]
    public void The_version_is_Sluices_and_SQL_tells_which_SQLite_it_is_like()
    {
        using SluiceConnection connection = Providers.Sluice();
        Assert.Equal(typeof(SluiceConnection).Assembly.GetName().Version!.ToString(3), connection.ServerVersion);
        Assert.StartsWith("3.50.", (string)connection.Scalar("SELECT sqlite_version()")!);
    }

    [Fact]
    public void The_factory_makes_all_of_it()
    {
        DbProviderFactory factory = SluiceFactory.Instance;
        using DbConnection connection = factory.CreateConnection()!;
        DbConnectionStringBuilder settings = factory.CreateConnectionStringBuilder()!;
        settings["Data Source"] = ":memory:";
        connection.ConnectionString = settings.ConnectionString;
        connection.Open();
        using DbCommand command = factory.CreateCommand()!;
        command.Connection = connection;
        command.CommandText = "SELECT @a";
        DbParameter parameter = factory.CreateParameter()!;
        parameter.ParameterName = "@a";
        parameter.Value = "x";
        command.Parameters.Add(parameter);
        Assert.Equal("x", command.ExecuteScalar());
        Assert.Same(factory, DbProviderFactories.GetFactory(connection));
    }

    /// <summary>Waits until an operation is inside the connection.</summary>
    private static async Task WaitUntilBusy(SluiceConnection connection)
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(30));
        while (!connection.Gate.IsBusy)
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
