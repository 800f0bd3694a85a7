using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Data;

public class ConnectionStringTests
{
    [Fact]
    public void Reads_its_keywords_in_any_case()
    {
        SluiceConnectionStringBuilder settings = new("data source=a b.db;MODE=readonly;busy timeout=250;Cache Size=64;Default Timeout=7");
        Assert.Equal("a b.db", settings.DataSource);
        Assert.Equal(SluiceOpenMode.ReadOnly, settings.Mode);
        Assert.Equal(250, settings.BusyTimeoutMs);
        Assert.Equal(64, settings.CacheSizeKiB);
        Assert.Equal(7, settings.DefaultTimeoutSeconds);
    }

    [Fact]
    public void Has_defaults()
    {
        SluiceConnectionStringBuilder settings = [];
        Assert.Equal("", settings.DataSource);
        Assert.Equal(SluiceOpenMode.ReadWriteCreate, settings.Mode);
        Assert.Equal(5000, settings.BusyTimeoutMs);
        Assert.Equal(0, settings.CacheSizeKiB);
        Assert.Equal(30, settings.DefaultTimeoutSeconds);
        Assert.Equal("", settings.ConnectionString);
    }

    [Fact]
    public void Writes_what_it_reads()
    {
        SluiceConnectionStringBuilder settings = new() { DataSource = "odd;name=\"x\".db", Mode = SluiceOpenMode.ReadWrite, BusyTimeoutMs = 0 };
        SluiceConnectionStringBuilder again = new(settings.ConnectionString);
        Assert.Equal("odd;name=\"x\".db", again.DataSource);
        Assert.Equal(SluiceOpenMode.ReadWrite, again.Mode);
        Assert.Equal(0, again.BusyTimeoutMs);
        Assert.True(again.ShouldSerialize("datasource"));
        Assert.False(again.ShouldSerialize("Cache Size"));
        Assert.True(again.Remove("Mode"));
        Assert.Equal(SluiceOpenMode.ReadWriteCreate, again.Mode);
    }

    [Theory]
    [InlineData("Data Source=x;Pooled=1", "'Pooled' is not known; the known ones are Data Source, Mode, Cache, Foreign Keys, Recursive Triggers, Busy Timeout, Cache Size, Default Timeout, Sharing, Pooling")]
    [InlineData("Data Source=x;Password=secret", "'Password' is not supported: files are not encrypted; leave it out")]
    [InlineData("Vfs=unix-none", "'Vfs' is not supported")]
    [InlineData("Cache=Big", "one of Default, Private, Shared, not 'Big'")]
    [InlineData("Foreign Keys=1", "'Foreign Keys' must be True or False, not '1'")]
    [InlineData("Data Source=file:x.db?immutable=1", "the parameter 'immutable' of a file: URI is not supported; mode and cache are")]
    [InlineData("Data Source=file:x.db?mode=fast", "no such access mode: fast")]
    [InlineData("Data Source=file:x.db?cache=both", "no such cache mode: both")]
    [InlineData("Data Source=file://server/x.db", "invalid uri authority: server")]
    [InlineData("Data Source=file:x%00.db", "zero byte")]
    [InlineData("Pooling=perhaps", "'Pooling' must be True or False, not 'perhaps'")]
    [InlineData("Mode=Fast", "one of ReadWriteCreate, ReadWrite, ReadOnly, Memory, not 'Fast'")]
    [InlineData("Mode=7", "not '7'")]
    [InlineData("Busy Timeout=soon", "'Busy Timeout' must be a whole number")]
    [InlineData("Cache Size=-1", "'Cache Size' must be a whole number")]
    public void What_is_wrong_is_named(string text, string message)
    {
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => new SluiceConnectionStringBuilder(text)).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => new SluiceConnection(text)).Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Has_all_its_keywords_set_or_not()
    {
        SluiceConnectionStringBuilder settings = [];
        Assert.Equal(10, settings.Keys.Count);
        Assert.Equal(10, settings.Values.Count);
        Assert.True(settings.ContainsKey("filename"));
        Assert.False(settings.ContainsKey("nope"));
        Assert.False(settings.TryGetValue("nope", out _));
        Assert.Equal("", settings["Data Source"]);
        Assert.Equal(SluiceCacheMode.Default, settings["cache"]);
        settings.Cache = SluiceCacheMode.Shared;
        settings.ForeignKeys = true;
        settings.RecursiveTriggers = false;
        Assert.Equal("Cache=Shared;Foreign Keys=True;Recursive Triggers=False", settings.ConnectionString);
        settings.Clear();
        Assert.False(settings.ForeignKeys);
    }

    [Theory]
    [InlineData("", 0L, 0L)]
    [InlineData("Foreign Keys=True", 1L, 0L)]
    [InlineData("Foreign Keys=False;Recursive Triggers=true", 0L, 1L)]
    public void Settings_of_the_connection_hold_from_its_opening(string settings, long foreignKeys, long recursiveTriggers)
    {
        using TemporaryFolder folder = new();
        using SluiceConnection owner = Open($"Data Source={folder.File("t.db")};{settings}");
        using SluiceConnection client = Open($"Data Source={folder.File("t.db")};Sharing=Client;{settings}");
        foreach (SluiceConnection connection in (SluiceConnection[])[owner, client])
        {
            Assert.Equal(foreignKeys, connection.Scalar("PRAGMA foreign_keys"));
            Assert.Equal(recursiveTriggers, connection.Scalar("PRAGMA recursive_triggers"));
            connection.Close();
            connection.Open();
            Assert.Equal(foreignKeys, connection.Scalar("PRAGMA foreign_keys"));
        }
    }

    [Theory]
    [InlineData("Data Source=:memory:")]
    [InlineData("Data Source=:memory:;Mode=Memory;Cache=Private")]
    [InlineData("Data Source=name;Mode=Memory")]
    [InlineData("Mode=Memory")]
    [InlineData("Data Source=file::memory:")]
    [InlineData("Data Source=file:name?mode=memory&cache=private;Cache=Shared")]
    public void A_database_in_memory_is_its_connections_own(string text)
    {
        using SluiceConnection one = Open(text);
        using SluiceConnection other = Open(text);
        one.Run("CREATE TABLE t(a)");
        Assert.Equal(0L, other.Scalar("SELECT count(*) FROM sqlite_schema"));
        Assert.False(File.Exists("name"));
    }

    [Theory]
    [InlineData("Data Source=:memory:;Cache=Shared", "Data Source=file::memory:?cache=shared")]
    [InlineData("Data Source=shared one;Mode=Memory;Cache=Shared", "Data Source=file:shared%20one?mode=memory&cache=shared")]
    public void A_database_in_memory_is_shared_by_its_name(string text, string same)
    {
        SluiceConnection first = Open(text);
        first.Run("CREATE TABLE t(a)");
        using SluiceConnection second = Open(same);
        using (SluiceTransaction transaction = first.BeginTransaction())
        {
            first.Run("INSERT INTO t VALUES(1)");
            Assert.Equal(0L, second.Scalar("SELECT count(*) FROM t"));
            transaction.Commit();
        }

        Assert.Equal(1L, second.Scalar("SELECT count(*) FROM t"));
        using SluiceConnection another = Open("Data Source=other;Mode=Memory;Cache=Shared");
        Assert.Equal(0L, another.Scalar("SELECT count(*) FROM sqlite_schema"));
        another.Run($"ATTACH '{same["Data Source=".Length..]}' AS shared");
        Assert.Equal(1L, another.Scalar("SELECT count(*) FROM shared.t"));
        another.Close();
        first.Dispose();
        Assert.Equal(1L, second.Scalar("SELECT count(*) FROM t"));
        second.Close();
        second.Open();
        Assert.Equal(0L, second.Scalar("SELECT count(*) FROM sqlite_schema"));
    }

    [Fact]
    public void A_URI_names_a_file_and_says_how_to_open_it()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("with space.db");
        string uri = "file:" + path.Replace(" ", "%20");
        Assert.Equal(ResultCode.CannotOpen, Assert.Throws<SluiceException>(() => Open($"Data Source={uri}?mode=rw")).PrimaryCode);
        using (SluiceConnection connection = Open($"Data Source=file://localhost{path}?mode=rwc&cache=shared#fragment"))
        {
            connection.Run("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
            connection.Run($"ATTACH 'file:{folder.File("attached.db")}' AS x; CREATE TABLE x.t(a)");
            connection.Run($"VACUUM INTO 'file://{folder.File("copy.db")}'");
        }

        Assert.True(File.Exists(path));
        Assert.True(File.Exists(folder.File("attached.db")));
        Assert.True(File.Exists(folder.File("copy.db")));
        using (SluiceConnection connection = Open($"Data Source={uri}?mode=ro"))
        {
            Assert.Equal(1L, connection.Scalar("SELECT count(*) FROM t"));
            Assert.Equal(ResultCode.ReadOnly, Assert.Throws<SluiceException>(() => connection.Run("DELETE FROM t")).PrimaryCode);
        }

        using (SluiceConnection connection = Open("Data Source=:memory:"))
        {
            connection.Run($"ATTACH '{uri}?mode=ro' AS x");
            Assert.Equal(ResultCode.ReadOnly, Assert.Throws<SluiceException>(() => connection.Run("DELETE FROM x.t")).PrimaryCode);
            Assert.Contains("'nolock'", Assert.Throws<SluiceException>(() => connection.Run("ATTACH 'file:y?nolock=1' AS y")).Message);
            Assert.Equal(ResultCode.CannotOpen, Assert.Throws<SluiceException>(() => connection.Run($"ATTACH 'file:{folder.File("none.db")}?mode=rw' AS y")).PrimaryCode);
        }

        // Also where somebody else in the process has the attached file open for writing.
        using (SluiceConnection writer = Open($"Data Source={uri}"))
        using (SluiceConnection reader = Open($"Data Source={folder.File("attached.db")};Mode=ReadOnly"))
        {
            reader.Run($"ATTACH '{path}' AS x; BEGIN");
            Assert.Equal(ResultCode.ReadOnly, Assert.Throws<SluiceException>(() => reader.Run("DELETE FROM x.t")).PrimaryCode);
            reader.Run("COMMIT; DETACH x");
            writer.Run("INSERT INTO t VALUES(2)");
            Assert.Equal(2L, writer.Scalar("SELECT count(*) FROM t"));
        }

        Assert.Contains("access mode not allowed", Assert.Throws<SluiceException>(() => Open($"Data Source={uri}?mode=rwc;Mode=ReadOnly")).Message);
    }

    [Fact]
    public void A_path_may_begin_with_the_data_directory()
    {
        using TemporaryFolder folder = new();
        AppDomain.CurrentDomain.SetData("DataDirectory", folder.Path);
        try
        {
            using SluiceConnection connection = Open("Data Source=|DataDirectory|t.db");
            connection.Run("CREATE TABLE t(a)");
            Assert.True(File.Exists(folder.File("t.db")));
        }
        finally
        {
            AppDomain.CurrentDomain.SetData("DataDirectory", null);
        }
    }

    private static SluiceConnection Open(string text)
    {
        SluiceConnection connection = new(text);
        connection.Open();
        return connection;
    }

    [Fact]
    public void A_connection_without_a_file_does_not_open() =>
        Assert.Contains("'Data Source'", Assert.Throws<InvalidOperationException>(new SluiceConnection().Open).Message);
}
