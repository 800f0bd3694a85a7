using Sluice.Engine.Files;

namespace Sluice.Engine.Tests.Files;

/// <summary>Two openers, of whom one may be stock sqlite3, exclude each other as SQLite's protocol says.</summary>
public sealed class SqliteLocksTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _path;
    private readonly EngineFile _file;
    private readonly SqliteLocks _locks;

    public SqliteLocksTests()
    {
        _path = _folder.File("l.db");
        Sqlite3.Run(_path, "CREATE TABLE t(a); INSERT INTO t VALUES(7)");
        _file = PosixFileSystem.Instance.Open(_path, FileAccessMode.ReadWrite);
        _locks = new SqliteLocks(_file);
    }

    public void Dispose()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Shared_lets_sqlite3_read_and_begin_to_write_but_not_commit()
    {
        Assert.True(_locks.TryShared());
        Assert.Equal("7", Sqlite3.Run(_path, "SELECT a FROM t"));
        Assert.Equal("", Sqlite3.Run(_path, "BEGIN IMMEDIATE; INSERT INTO t VALUES(8); ROLLBACK"));
        AssertLocked("INSERT INTO t VALUES(8)");
        _locks.Release();
        Assert.Equal("", Sqlite3.Run(_path, "INSERT INTO t VALUES(8)"));
    }

    [Fact]
    public void Reserved_lets_sqlite3_read_only()
    {
        Assert.True(_locks.TryShared() && _locks.TryReserved());
        Assert.Equal("7", Sqlite3.Run(_path, "SELECT a FROM t"));
        AssertLocked("BEGIN IMMEDIATE");
        _locks.DowngradeToShared();
        Assert.Equal("", Sqlite3.Run(_path, "BEGIN IMMEDIATE"));
    }

    [Fact]
    public void Pending_and_exclusive_keep_everybody_out_until_lowered()
    {
        Assert.True(_locks.TryShared() && _locks.TryReserved() && _locks.TryPending());
        AssertLocked("SELECT a FROM t");
        Assert.True(_locks.TryExclusive());
        AssertLocked("SELECT a FROM t");
        _locks.DowngradeToReserved();
        Assert.Equal("7", Sqlite3.Run(_path, "SELECT a FROM t"));
        AssertLocked("BEGIN IMMEDIATE");
        _locks.Release();
        Assert.Equal("", Sqlite3.Run(_path, "BEGIN EXCLUSIVE"));
    }

    [Fact]
    public void Another_opener_in_the_same_process_is_another_opener()
    {
        using EngineFile second = PosixFileSystem.Instance.Open(_path, FileAccessMode.ReadWrite);
        SqliteLocks other = new(second);
        Assert.True(_locks.TryShared() && _locks.TryReserved());
        Assert.True(other.TryShared());
        Assert.True(other.IsReservedByAnother());
        Assert.False(_locks.IsReservedByAnother());
        Assert.False(other.TryReserved());
        Assert.True(_locks.TryPending());
        Assert.False(_locks.TryExclusive());
        other.Release();
        Assert.False(other.TryShared());
        Assert.True(_locks.TryExclusive());
        _locks.Release();
        Assert.True(other.TryShared() && other.TryReserved());
        Assert.False(other.IsReservedByAnother());
    }

    private void AssertLocked(string sql)
    {
        (int exit, _, string errors) = Sqlite3.TryRun(_path, sql);
        Assert.NotEqual(0, exit);
        Assert.Contains("database is locked", errors);
    }
}
