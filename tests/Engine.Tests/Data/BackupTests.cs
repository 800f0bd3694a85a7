using Microsoft.Data.Sqlite;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Data;

/// <summary>Backups, and VACUUM INTO, which makes the same copy.</summary>
public class BackupTests
{
    private const string SetUp = """
        CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT UNIQUE, big BLOB);
        CREATE TABLE keyed(a TEXT, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID;
        CREATE INDEX by_length ON t(length(v)) WHERE v NOT NULL;
        CREATE VIEW w AS SELECT id FROM t;
        CREATE TRIGGER g AFTER DELETE ON t BEGIN DELETE FROM keyed WHERE b = old.id; END;
        WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        INSERT INTO t SELECT i, 'v' || i, zeroblob(i) FROM n;
        INSERT INTO keyed SELECT v, id FROM t;
        PRAGMA user_version = 42;
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_copy_is_whole_and_stock_SQLite_reads_it(bool throughOwner)
    {
        using TemporaryFolder folder = new();
        using SluiceConnection owner = Filled(folder);
        using SluiceConnection connection = new(owner.ConnectionString + (throughOwner ? ";Sharing=Client" : ""));
        connection.Open();
        connection.Run("DELETE FROM t WHERE id > 2990");
        List<SluiceBackupProgress> told = [];
        connection.BackupDatabase(folder.File("copy.db"), new Listener(told.Add));

        Assert.Equal(["copy.db", "t.db"], Directory.GetFiles(folder.Path, "*.db").Select(Path.GetFileName).Order());
        Assert.False(File.Exists(folder.File("copy.db-sock")));
        Assert.Equal(told[^1].BytesTotal, told[^1].BytesCopied);
        Assert.True(throughOwner || told.Count > 3, $"{told.Count} reports");
        Assert.Equal(told.Select(report => report.BytesCopied).Order(), told.Select(report => report.BytesCopied));
        using SqliteConnection sqlite = new($"Data Source={folder.File("copy.db")};Pooling=False");
        sqlite.Open();
        Assert.Equal(["text 'ok'"], sqlite.Rows("PRAGMA integrity_check"));
        Assert.Equal(42L, sqlite.Scalar("PRAGMA user_version"));
        foreach (string sql in (string[])["SELECT type, name, tbl_name, sql FROM sqlite_schema", "SELECT count(*), sum(id), sum(length(big)) FROM t", "SELECT * FROM keyed WHERE b > 2980"])
        {
            Assert.Equal(sqlite.Rows(sql), connection.Rows(sql));
        }
    }

    [Fact]
    public async Task Writers_go_on_and_the_copy_is_of_one_moment()
    {
        using TemporaryFolder folder = new();
        using SluiceConnection connection = Filled(folder);
        using SluiceConnection writer = new(connection.ConnectionString);
        writer.Open();
        writer.Run("CREATE TABLE pair(a, b); INSERT INTO pair VALUES(0, 0)");
        int written = 0;
        connection.BackupDatabase(folder.File("copy.db"), new Listener(_ =>
        {
            // From within, so that it is certain to be meanwhile: a plain writer, and a concurrent one.
            writer.Run("UPDATE pair SET a = a + 1, b = b + 1");
            writer.Run("BEGIN CONCURRENT; INSERT INTO t(v) VALUES(@v); COMMIT", ("@v", $"new {written++}"));
        }));
        Assert.True(written > 3);
        Assert.Equal((long)written, writer.Scalar("SELECT a FROM pair"));
        await using SluiceConnection copy = new($"Data Source={folder.File("copy.db")}");
        copy.Open();
        Assert.Equal(["integer 0 | integer 0"], copy.Rows("SELECT * FROM pair"));
        Assert.Equal(3000L, copy.Scalar("SELECT count(*) FROM t"));
        Assert.Equal("ok", copy.Scalar("PRAGMA integrity_check"));
    }

    [Fact]
    public void Cancelled_it_leaves_no_file()
    {
        using TemporaryFolder folder = new();
        using SluiceConnection connection = Filled(folder);
        using CancellationTokenSource cancellation = new();
        Assert.Throws<OperationCanceledException>(() => connection.BackupDatabase(folder.File("copy.db"), new Listener(_ => cancellation.Cancel()), cancellation.Token));
        Assert.Empty(Directory.GetFiles(folder.Path, "copy.db*"));
        Assert.Equal(3000L, connection.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void A_file_that_is_there_stays()
    {
        using TemporaryFolder folder = new();
        using SluiceConnection connection = Filled(folder);
        File.WriteAllText(folder.File("there"), "precious");
        Assert.Contains("already exists", Assert.Throws<SluiceException>(() => connection.BackupDatabase(folder.File("there"))).Message);
        Assert.Equal("precious", File.ReadAllText(folder.File("there")));
        Assert.ThrowsAny<Exception>(() => connection.BackupDatabase(folder.File("no/such/folder.db")));
        Assert.Contains("name of a file", Assert.Throws<SluiceException>(() => connection.Run("VACUUM INTO ''")).Message);
    }

    [Fact]
    public void Into_a_connection_it_replaces_what_is_there()
    {
        using TemporaryFolder folder = new();
        using SluiceConnection connection = Filled(folder);
        using SluiceConnection memory = Providers.Sluice("CREATE TABLE old(a PRIMARY KEY); INSERT INTO old VALUES(1)");
        memory.Rows("SELECT * FROM old");
        connection.BackupDatabase(memory);
        Assert.Equal(connection.Rows("SELECT type, name, sql FROM sqlite_schema"), memory.Rows("SELECT type, name, sql FROM sqlite_schema"));
        Assert.Equal("ok", memory.Scalar("PRAGMA integrity_check"));
        Assert.Equal(["integer 3000 | text 'v2999'"], memory.Rows("SELECT count(*), max(v) FILTER (WHERE id < 3000 AND length(v) = 5) FROM t"));
        memory.Run("DELETE FROM t WHERE id > 5");

        // And back again, as a restore; cancelled, it changes nothing.
        using CancellationTokenSource cancellation = new();
        using SluiceConnection full = Providers.Sluice(SetUp);
        Assert.Throws<OperationCanceledException>(() => full.BackupDatabase(memory, new Listener(_ => cancellation.Cancel()), cancellation.Token));
        Assert.Equal(5L, memory.Scalar("SELECT count(*) FROM t"));
        memory.BackupDatabase(connection);
        Assert.Equal(5L, connection.Scalar("SELECT count(*) FROM t"));
        Assert.Equal(5L, connection.Scalar("SELECT count(*) FROM keyed"));
    }

    [Fact]
    public void Into_a_connection_that_cannot_take_it_is_refused()
    {
        using TemporaryFolder folder = new();
        using SluiceConnection connection = Filled(folder);
        using SluiceConnection same = new(connection.ConnectionString);
        same.Open();
        Assert.Contains("same database", Assert.Throws<InvalidOperationException>(() => connection.BackupDatabase(same)).Message);
        using SluiceConnection busy = Providers.Sluice();
        busy.Run("BEGIN");
        Assert.Contains("transaction", Assert.Throws<InvalidOperationException>(() => connection.BackupDatabase(busy)).Message);
        using SluiceConnection remote = new(connection.ConnectionString + ";Sharing=Client");
        remote.Open();
        Assert.Throws<NotSupportedException>(() => remote.BackupDatabase(busy));
    }

    private static SluiceConnection Filled(TemporaryFolder folder)
    {
        SluiceConnection connection = new($"Data Source={folder.File("t.db")}");
        connection.Open();
        connection.Run(SetUp);
        return connection;
    }

    /// <summary>Tells at once, on the thread that copies.</summary>
    private sealed class Listener(Action<SluiceBackupProgress> tell) : IProgress<SluiceBackupProgress>
    {
        public void Report(SluiceBackupProgress value) => tell(value);
    }
}
