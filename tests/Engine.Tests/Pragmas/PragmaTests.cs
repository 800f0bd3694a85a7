using System.Text;
using Sluice.Engine.Tests.Ddl;

namespace Sluice.Engine.Tests.Pragmas;

/// <summary>PRAGMA answers beside SQLite's on the same file.</summary>
public sealed class PragmaTests : IDisposable
{
    private const string Tables =
        "CREATE TABLE t(a integer primary key, b varchar(10) collate nocase unique, c real not null default (1+2), d numeric default 'x', unique(c, d));"
        + "CREATE INDEX i ON t(b DESC, c COLLATE RTRIM); CREATE TABLE s(x ANY, y INT PRIMARY KEY) STRICT;"
        + "CREATE TABLE fk(a REFERENCES t(a) ON DELETE CASCADE, b, FOREIGN KEY(a, b) REFERENCES s ON UPDATE SET NULL);"
        + "CREATE TABLE g(a, b AS (a + 1), c AS (a + 2) STORED); CREATE TABLE w(k PRIMARY KEY, v) WITHOUT ROWID;"
        + "CREATE INDEX p ON s(x) WHERE x > 1; INSERT INTO t VALUES (1, 'one', 1.5, 2), (2, 'two', 2.5, NULL);"
        + "PRAGMA user_version = -7; PRAGMA application_id = 77";

    private readonly TwinDatabases _twins = new();

    public void Dispose() => _twins.Dispose();

    [Theory]
    [InlineData("PRAGMA table_info(t)")]
    [InlineData("PRAGMA table_info(s)")]
    [InlineData("PRAGMA table_info(g)")]
    [InlineData("PRAGMA table_info = 'fk'")]
    [InlineData("PRAGMA table_info(nosuch)")]
    [InlineData("PRAGMA main.table_xinfo(t)")]
    [InlineData("PRAGMA table_xinfo(g)")]
    [InlineData("PRAGMA table_list(t)")]
    [InlineData("PRAGMA table_list(s)")]
    [InlineData("PRAGMA table_list(w)")]
    [InlineData("PRAGMA index_list(t)")]
    [InlineData("PRAGMA index_list(s)")]
    [InlineData("PRAGMA index_info(i)")]
    [InlineData("PRAGMA index_info(sqlite_autoindex_t_2)")]
    [InlineData("PRAGMA foreign_key_list(fk)")]
    [InlineData("PRAGMA foreign_key_list(t)")]
    [InlineData("PRAGMA user_version")]
    [InlineData("PRAGMA application_id")]
    [InlineData("PRAGMA schema_version")]
    [InlineData("PRAGMA page_size")]
    [InlineData("PRAGMA page_count")]
    [InlineData("PRAGMA freelist_count")]
    [InlineData("PRAGMA encoding")]
    [InlineData("PRAGMA auto_vacuum")]
    [InlineData("PRAGMA journal_mode")]
    [InlineData("PRAGMA synchronous")]
    [InlineData("PRAGMA cache_size")]
    [InlineData("PRAGMA nosuch_pragma(3)")]
    [InlineData("PRAGMA integrity_check")]
    [InlineData("PRAGMA integrity_check(t)")]
    [InlineData("PRAGMA quick_check(2)")]
    public void Answers_are_sqlites(string sql)
    {
        _twins.Prepare(Tables);

        Assert.Equal(TwinDatabases.Sqlite(_twins.SqlitePath, sql), TwinDatabases.Ours(_twins.OurPath, sql));
    }

    [Fact]
    public void Table_list_has_every_table_and_view()
    {
        _twins.Prepare(Tables);

        IEnumerable<string> expected = TwinDatabases.Sqlite(_twins.SqlitePath, "PRAGMA table_list");

        Assert.Equal(expected.Order(), TwinDatabases.Ours(_twins.OurPath, "PRAGMA table_list").Order());
    }

    [Fact]
    public void Index_xinfo_ends_with_the_rowid()
    {
        _twins.Prepare(Tables);

        Assert.Equal(["0|1|b|1|NOCASE|1", "1|2|c|0|RTRIM|1", "2|-1|NULL|0|BINARY|0"], TwinDatabases.Ours(_twins.OurPath, "PRAGMA index_xinfo(i)"));
    }

    [Fact]
    public void The_file_is_named_in_database_list()
    {
        Assert.Equal([$"0|main|{_twins.OurPath}"], TwinDatabases.Ours(_twins.OurPath, "PRAGMA database_list"));
    }

    [Fact]
    public void Header_fields_that_are_set_are_in_the_file()
    {
        TwinDatabases.Ours(_twins.OurPath, "CREATE TABLE t(a); PRAGMA user_version = 42; PRAGMA application_id = -3");

        Assert.Equal(["42", "-3"], TwinDatabases.Sqlite(_twins.OurPath, "PRAGMA user_version; PRAGMA application_id"));
    }

    [Fact]
    public void While_query_only_is_on_nothing_is_written()
    {
        _twins.Prepare("CREATE TABLE t(a)");

        SluiceException refused = Assert.Throws<SluiceException>(() => TwinDatabases.Ours(_twins.OurPath, "PRAGMA query_only = 1; INSERT INTO t VALUES(1)"));
        Assert.Equal(ResultCode.ReadOnly, refused.Code);
        Assert.Equal(["1", "0", "1"], TwinDatabases.Ours(
            _twins.OurPath, "PRAGMA query_only = ON; PRAGMA query_only; PRAGMA query_only = OFF; PRAGMA query_only; INSERT INTO t VALUES(2); SELECT count(*) FROM t"));
    }

    [Theory]
    [InlineData("PRAGMA table_info(t)", 6)]
    [InlineData("PRAGMA user_version", 1)]
    [InlineData("PRAGMA user_version = 5", 0)]
    [InlineData("PRAGMA nosuch_pragma", 0)]
    [InlineData("PRAGMA busy_timeout = 5", 1)]
    public void Columns_are_known_before_it_runs(string sql, int columns)
    {
        using Database database = Database.Open(DatabaseOptions.MemoryPath, new DatabaseOptions());
        using Session session = database.Connect();

        using Statement statement = session.Prepare(Encoding.UTF8.GetBytes(sql), 0, out _)!;

        Assert.Equal(columns, statement.ColumnCount);
    }

    [Fact]
    public void Busy_timeout_is_the_sessions()
    {
        using Database database = Database.Open(DatabaseOptions.MemoryPath, new DatabaseOptions());
        using Session session = database.Connect();

        Assert.Equal(["1500"], TwinDatabases.Run(session, "PRAGMA busy_timeout = 1500"));

        Assert.Equal(TimeSpan.FromMilliseconds(1500), session.BusyTimeout);
    }

    [Theory]
    [InlineData("PRAGMA encoding = 'UTF-16le'", "the encoding UTF-16le is not supported")]
    [InlineData("PRAGMA encoding = 'latin1'", "unsupported encoding: latin1")]
    [InlineData("PRAGMA integrity_check(nosuch)", "no such table: nosuch")]
    [InlineData("PRAGMA zz.user_version", "unknown database zz")]
    public void What_cannot_be_is_refused(string sql, string message)
    {
        Assert.Equal(message, TwinDatabases.OurError(_twins.OurPath, sql));
    }
}
