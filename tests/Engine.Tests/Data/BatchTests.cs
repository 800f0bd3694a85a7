using System.Data.Common;
using Sluice.Engine.Data;

namespace Sluice.Engine.Tests.Data;

/// <summary>DbBatch.</summary>
public class BatchTests
{
    private const string SetUp = "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 'a'), (2, 'b')";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Commands_run_in_order_with_their_own_parameters(bool throughOwner)
    {
        if (throughOwner)
        {
            Providers.UseOwner();
        }

        using DbConnection connection = Providers.Sluice(SetUp);
        Assert.True(connection.CanCreateBatch);
        using DbBatch batch = connection.CreateBatch();
        DbBatchCommand insert = Add(batch, "INSERT INTO t(v) VALUES(@v), (@v)", ("@v", "x"));
        DbBatchCommand select = Add(batch, "SELECT count(*) FROM t WHERE v = @v", ("@v", "x"));
        DbBatchCommand create = Add(batch, "CREATE TABLE made(a); INSERT INTO made VALUES(?)", ("", 7));
        DbBatchCommand delete = Add(batch, "DELETE FROM t WHERE id < @v", ("@v", 3));
        DbBatchCommand last = Add(batch, "SELECT a FROM made");

        using DbDataReader reader = batch.ExecuteReader();
        Assert.Contains("reader", Assert.Throws<InvalidOperationException>(() => batch.ExecuteNonQuery()).Message);
        Assert.True(reader.Read());
        Assert.Equal(2L, reader.GetValue(0));
        Assert.True(reader.NextResult());
        Assert.True(reader.Read());
        Assert.Equal(7L, reader.GetValue(0));
        Assert.False(reader.NextResult());
        Assert.Equal([2, -1, 1, 2, -1], new[] { insert, select, create, delete, last }.Select(command => command.RecordsAffected));
        Assert.Equal(5, reader.RecordsAffected);
    }

    [Fact]
    public async Task Runs_again_with_other_values_and_commands()
    {
        await using SluiceConnection connection = Providers.Sluice(SetUp);
        await using SluiceBatch batch = connection.CreateBatch();
        SluiceBatchCommand first = batch.BatchCommands.Add("UPDATE t SET v = @v WHERE id = 1");
        SluiceParameter value = first.Parameters.AddWithValue("@v", "one");
        Assert.Equal(1, await batch.ExecuteNonQueryAsync());
        value.Value = "two";
        batch.BatchCommands.Add("SELECT v FROM t WHERE id = 1");
        Assert.Equal("two", await batch.ExecuteScalarAsync());
        first.CommandText = "DELETE FROM t WHERE v = @v";
        Assert.Equal(1, batch.ExecuteNonQuery());
        Assert.Equal(1, first.RecordsAffected);
    }

    [Fact]
    public void The_command_that_failed_is_named_and_the_rest_does_not_run()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        using SluiceBatch batch = connection.CreateBatch();
        batch.BatchCommands.Add("INSERT INTO t VALUES(3, 'c')");
        SluiceBatchCommand wrong = batch.BatchCommands.Add("INSERT INTO t VALUES(1, 'again')");
        SluiceBatchCommand never = batch.BatchCommands.Add("INSERT INTO t VALUES(4, 'd')");
        Assert.Same(wrong, Assert.Throws<SluiceException>(() => batch.ExecuteNonQuery()).BatchCommand);
        Assert.Equal(-1, never.RecordsAffected);
        Assert.Equal([1L, 2L, 3L], connection.Ids());

        wrong.CommandText = "SELECT no_such_column FROM t";
        batch.BatchCommands.RemoveAt(0);
        Assert.Same(wrong, Assert.Throws<SluiceException>(() => batch.ExecuteReader()).BatchCommand);
    }

    [Fact]
    public void Runs_in_the_connections_transaction()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        using (SluiceTransaction transaction = connection.BeginTransaction())
        {
            using SluiceBatch batch = connection.CreateBatch();
            Assert.Same(transaction, batch.Transaction);
            batch.BatchCommands.Add("INSERT INTO t VALUES(3, 'c')");
            batch.BatchCommands.Add("DELETE FROM t WHERE id = 1");
            Assert.Equal(2, batch.ExecuteNonQuery());
        }

        Assert.Equal([1L, 2L], connection.Ids());
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        using SluiceConnection connection = Providers.Sluice();
        Assert.Contains("BatchCommands", Assert.Throws<InvalidOperationException>(() => connection.CreateBatch().ExecuteNonQuery()).Message);
        DbBatch detached = SluiceFactory.Instance.CreateBatch();
        detached.BatchCommands.Add(SluiceFactory.Instance.CreateBatchCommand());
        Assert.Contains("open connection", Assert.Throws<InvalidOperationException>(() => detached.ExecuteNonQuery()).Message);
        detached.Connection = connection;
        Assert.Contains("CommandText", Assert.Throws<InvalidOperationException>(() => detached.ExecuteNonQuery()).Message);
        Assert.Throws<InvalidCastException>(() => detached.BatchCommands.Add(null!));
    }

    private static DbBatchCommand Add(DbBatch batch, string sql, params (string Name, object Value)[] parameters)
    {
        DbBatchCommand command = batch.CreateBatchCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        batch.BatchCommands.Add(command);
        return command;
    }
}
