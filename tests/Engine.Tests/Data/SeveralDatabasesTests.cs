using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Data;

/// <summary>Temp and attached databases beside files; what they answer to each statement is compared with SQLite in the scripts temp and attach.</summary>
public sealed class SeveralDatabasesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string MainPath => _folder.File("main.db");

    private string OtherPath => _folder.File("other.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_transaction_over_two_files_is_in_both()
    {
        using (SluiceConnection connection = Open(MainPath))
        {
            connection.Run($"""
                CREATE TABLE t(a);
                ATTACH '{OtherPath}' AS other;
                CREATE TABLE other.u(b UNIQUE);
                BEGIN;
                INSERT INTO t VALUES(1), (2);
                INSERT INTO u SELECT a * 10 FROM t;
                COMMIT;
                BEGIN;
                DELETE FROM t;
                DELETE FROM u;
                ROLLBACK;
                """);
        }

        using SluiceConnection main = Open(MainPath);
        using SluiceConnection other = Open(OtherPath);
        Assert.Equal(3L, main.Scalar("SELECT sum(a) FROM t"));
        Assert.Equal(30L, other.Scalar("SELECT sum(b) FROM u"));
        Assert.Equal("ok", other.Scalar("PRAGMA integrity_check"));
    }

    [Fact]
    public void What_a_later_commit_refuses_is_not_in_an_attached_file_either()
    {
        using SluiceConnection connection = Open(MainPath);
        connection.Run($"CREATE TABLE t(a UNIQUE); ATTACH '{OtherPath}' AS other; CREATE TABLE other.u(b)");
        Assert.Throws<SluiceException>(() => connection.Run("INSERT INTO u VALUES(1); INSERT INTO t VALUES(1), (1)"));
        Assert.Equal(1L, connection.Scalar("SELECT count(*) FROM u"));

        Assert.Throws<SluiceException>(() => connection.Run("BEGIN; INSERT INTO u VALUES(2); INSERT OR ROLLBACK INTO t VALUES(5), (5)"));
        Assert.Equal(1L, connection.Scalar("SELECT count(*) FROM u"));
        Assert.Equal(0L, connection.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void An_attached_file_is_shared_with_who_has_it_as_main()
    {
        using SluiceConnection owner = Open(OtherPath);
        owner.Run("CREATE TABLE u(id INTEGER PRIMARY KEY, v)");
        using SluiceConnection connection = Open(MainPath);
        connection.Run($"ATTACH '{OtherPath}' AS other; INSERT INTO u VALUES(1, 'attached')");
        Assert.Equal("attached", owner.Scalar("SELECT v FROM u"));

        owner.Run("BEGIN CONCURRENT; UPDATE u SET v = 'owner'");
        SluiceException conflict = Assert.Throws<SluiceException>(() => connection.Run("PRAGMA busy_timeout = 0; UPDATE u SET v = 'late'"));
        Assert.Equal(ResultCode.BusyConflict, conflict.Code);
        owner.Run("ALTER TABLE u ADD COLUMN w DEFAULT 3; COMMIT");
        Assert.Equal(3L, connection.Scalar("SELECT w FROM u"));
    }

    [Fact]
    public void Temp_is_private_and_ends_with_the_connection()
    {
        using (SluiceConnection first = Open(MainPath))
        {
            using SluiceConnection second = Open(MainPath);
            first.Run("CREATE TEMP TABLE mine(a); INSERT INTO mine VALUES(1)");
            Assert.Contains("no such table", Assert.Throws<SluiceException>(() => second.Run("SELECT * FROM mine")).Message);
        }

        using SluiceConnection again = Open(MainPath);
        Assert.Equal(0L, again.Scalar("SELECT count(*) FROM sqlite_temp_schema"));
        Assert.Equal(0L, again.Scalar("SELECT count(*) FROM sqlite_schema"));
    }

    [Fact]
    public void Temp_neither_waits_for_writers_of_main_nor_needs_the_right_to_write()
    {
        using SluiceConnection writer = Open(MainPath);
        writer.Run("CREATE TABLE t(a); BEGIN IMMEDIATE; INSERT INTO t VALUES(1)");
        using SluiceConnection reader = Open(MainPath);
        reader.Run("PRAGMA busy_timeout = 0; CREATE TEMP TABLE mine(a); INSERT INTO mine VALUES(1); CREATE INDEX i ON mine(a); DROP TABLE mine");
        writer.Run("COMMIT");

        using SluiceConnection limited = new($"Data Source={MainPath};Mode=ReadOnly");
        limited.Open();
        limited.Run("CREATE TEMP TABLE mine AS SELECT a FROM t; UPDATE mine SET a = a + 1");
        Assert.Equal(2L, limited.Scalar("SELECT a FROM mine"));
        Assert.Equal(ResultCode.ReadOnly, Assert.Throws<SluiceException>(() => limited.Run("INSERT INTO t SELECT a FROM mine")).Code);
        Assert.Equal(ResultCode.ReadOnly, Assert.Throws<SluiceException>(() => limited.Run("CREATE TABLE main.n(a)")).Code);
    }

    [Fact]
    public void A_database_is_not_detached_under_a_transaction_nor_attached_twice()
    {
        using SluiceConnection connection = Open(MainPath);
        connection.Run($"ATTACH '{OtherPath}' AS other; CREATE TABLE other.u(b); BEGIN; INSERT INTO u VALUES(1)");
        Assert.Equal("database other is locked", Assert.Throws<SluiceException>(() => connection.Run("DETACH other")).Message);
        connection.Run("COMMIT");
        Assert.Contains("already attached", Assert.Throws<SluiceException>(() => connection.Run($"ATTACH '{OtherPath}' AS again")).Message);
        Assert.Contains("already attached", Assert.Throws<SluiceException>(() => connection.Run($"ATTACH '{MainPath}' AS again")).Message);
        connection.Run("DETACH other");
        Assert.Equal(1L, connection.Scalar("SELECT count(*) FROM pragma_database_list"));
    }

    [Fact]
    public void Temp_and_attached_ones_join_a_transaction_that_is_open()
    {
        using SluiceConnection connection = Open(MainPath);
        connection.Run("""
            CREATE TABLE t(a);
            BEGIN; INSERT INTO t VALUES(1); SAVEPOINT s; INSERT INTO t VALUES(2);
            CREATE TEMP TABLE mine AS SELECT a FROM t;
            ATTACH ':memory:' AS aux;
            CREATE TABLE aux.u(b);
            INSERT INTO u SELECT a FROM mine;
            """);
        Assert.Equal("2|2|2", connection.Scalar("SELECT (SELECT count(*) FROM t) || '|' || (SELECT count(*) FROM mine) || '|' || (SELECT count(*) FROM u)"));
        connection.Run("ROLLBACK TO s");
        Assert.Equal("1|0|0", connection.Scalar("SELECT (SELECT count(*) FROM t) || '|' || (SELECT count(*) FROM sqlite_temp_schema) || '|' || (SELECT count(*) FROM aux.sqlite_schema)"));
        connection.Run("COMMIT");
        Assert.Equal(1L, connection.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Through_another_process_temp_is_there_and_files_are_not_attached()
    {
        using SluiceConnection owner = Open(MainPath);
        using SluiceConnection client = new($"Data Source={MainPath};Sharing=Client");
        client.Open();
        client.Run("CREATE TEMP TABLE mine(a); INSERT INTO mine VALUES(7); ATTACH ':memory:' AS aux; CREATE TABLE aux.u AS SELECT a FROM mine");
        Assert.Equal(7L, client.Scalar("SELECT a FROM u"));
        Assert.Equal(ResultCode.Permission, Assert.Throws<SluiceException>(() => client.Run($"ATTACH '{OtherPath}' AS other")).Code);
        Assert.Equal(0L, owner.Scalar("SELECT count(*) FROM sqlite_temp_schema"));
    }

    private static SluiceConnection Open(string path)
    {
        SluiceConnection connection = new($"Data Source={path}");
        connection.Open();
        return connection;
    }
}
