using System.Data.Common;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Data;

/// <summary>SluiceDataSource and Pooling: files that stay open between connections.</summary>
public class DataSourceTests
{
    [Fact]
    public async Task A_data_source_keeps_the_file_open_until_it_is_disposed()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("t.db");
        await using (DbDataSource source = SluiceFactory.Instance.CreateDataSource($"Data Source={path}"))
        {
            await using (DbCommand create = source.CreateCommand("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1)"))
            {
                Assert.Equal(1, await create.ExecuteNonQueryAsync());
            }

            Assert.True(IsOpen(path));
            await using DbConnection connection = await source.OpenConnectionAsync();
            Assert.Equal([1L], connection.Ids());
            await using DbBatch batch = source.CreateBatch();
            batch.BatchCommands.Add(new SluiceBatchCommand("SELECT count(*) FROM t"));
            Assert.Equal(1L, await batch.ExecuteScalarAsync());
        }

        Assert.False(IsOpen(path));
    }

    [Fact]
    public void A_data_source_sets_up_its_connections()
    {
        using SluiceDataSource source = new("Data Source=:memory:", connection => connection.Run("PRAGMA foreign_keys = ON"));
        using SluiceConnection first = source.OpenConnection();
        Assert.Equal(1L, first.Scalar("PRAGMA foreign_keys"));
        using DbCommand command = source.CreateCommand("PRAGMA foreign_keys");
        Assert.Equal(1L, command.ExecuteScalar());
        source.Dispose();
        Assert.Throws<ObjectDisposedException>(source.OpenConnection);
    }

    [Fact]
    public void A_data_source_keeps_a_shared_database_in_memory_and_pooling_does_not()
    {
        const string text = "Data Source=kept;Mode=Memory;Cache=Shared";
        using (SluiceDataSource source = new(text))
        {
            using (SluiceConnection first = source.OpenConnection())
            {
                first.Run("CREATE TABLE t(a)");
            }

            using SluiceConnection second = source.OpenConnection();
            Assert.Equal(0L, second.Scalar("SELECT count(*) FROM t"));
        }

        for (int i = 0; i < 2; i++)
        {
            using SluiceConnection connection = new($"{text};Pooling=True");
            connection.Open();
            connection.Run("CREATE TABLE t(a)");
        }
    }

    [Fact]
    public void A_connection_whose_set_up_fails_is_closed()
    {
        using TemporaryFolder folder = new();
        using (SluiceDataSource source = new($"Data Source={folder.File("t.db")}", connection => connection.Run("no SQL")))
        {
            Assert.Throws<SluiceException>(source.OpenConnection);
        }

        Assert.False(IsOpen(folder.File("t.db")));
    }

    [Fact]
    public void Pooling_keeps_the_file_open_until_the_pool_is_cleared()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("t.db");
        string other = folder.File("other.db");
        foreach (string file in (string[])[path, path, other])
        {
            using SluiceConnection connection = new($"Data Source={file};Pooling=True");
            connection.Open();
            connection.Run("CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES(1); BEGIN; INSERT INTO t VALUES(2)");
        }

        Assert.True(IsOpen(path));
        SluiceConnection.ClearPool(new SluiceConnection($"Data Source={path}"));
        Assert.False(IsOpen(path));
        Assert.True(IsOpen(other));
        using (SluiceConnection connection = new($"Data Source={path}"))
        {
            connection.Open();

            // What was open when its connection closed was rolled back.
            Assert.Equal(2L, connection.Scalar("SELECT sum(a) FROM t"));
        }

        Assert.False(IsOpen(path));
        SluiceConnection.ClearAllPools();
        Assert.False(IsOpen(other));
    }

    /// <summary>Whether somebody has the file open: its socket is there.</summary>
    private static bool IsOpen(string path) => File.Exists(path + "-sock");
}
