using System.Text;
using Sluice.Engine.Format;
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
    [InlineData("PRAGMA user_version = 5")]
    [InlineData("PRAGMA application_id(5)")]
    [InlineData("PRAGMA temp.user_version = 5")]
    [InlineData("PRAGMA schema_version = 5")]
    [InlineData("UPDATE t SET a = 1 WHERE 0")]
    [InlineData("CREATE VIEW w AS SELECT 1")]
    [InlineData("DROP TABLE t")]
    [InlineData("ALTER TABLE t ADD COLUMN b")]
    [InlineData("ANALYZE")]
    [InlineData("REINDEX")]
    [InlineData("VACUUM")]
    [InlineData("BEGIN IMMEDIATE")]
    [InlineData("BEGIN EXCLUSIVE")]
    [InlineData("BEGIN; SAVEPOINT s; PRAGMA user_version = 5")]
    public void Query_only_refuses_every_write(string sql)
    {
        _twins.Prepare("CREATE TABLE t(a); PRAGMA user_version = 3");

        SluiceException refused = Assert.Throws<SluiceException>(() => TwinDatabases.Ours(_twins.OurPath, "PRAGMA query_only = 1; " + sql));

        Assert.Equal((ResultCode.ReadOnly, "attempt to write a readonly database"), (refused.Code, refused.Message));
        Assert.Equal(["3", "t"], TwinDatabases.Ours(_twins.OurPath, "PRAGMA user_version; SELECT group_concat(name) FROM sqlite_schema"));
    }

    [Fact]
    public void An_appender_heeds_query_only()
    {
        using Database database = Database.Open(DatabaseOptions.MemoryPath, new DatabaseOptions());
        using Session session = database.Connect();
        TwinDatabases.Run(session, "CREATE TABLE t(a); BEGIN");
        using IRowAppender appender = ((ISession)session).CreateAppender("t", []);
        appender.Append([SqlValue.FromInteger(1)]);
        TwinDatabases.Run(session, "PRAGMA query_only = 1");

        Assert.Equal(ResultCode.ReadOnly, Assert.Throws<SluiceException>(() => appender.Append([SqlValue.FromInteger(2)])).Code);

        Assert.Equal(["1"], TwinDatabases.Run(session, "SELECT a FROM t"));
    }

    [Theory]
    [InlineData("2147483647", 2147483647)]
    [InlineData("2147483648", 0)]
    [InlineData("-2147483648", -2147483648)]
    [InlineData("-2147483649", 0)]
    [InlineData("99999999999", 0)]
    [InlineData("000000000000000012", 12)]
    [InlineData("1e3", 1)]
    [InlineData("1.9", 1)]
    [InlineData("0x7fffffff", 2147483647)]
    [InlineData("0x80000000", 0)]
    [InlineData("-0x10", 0)]
    [InlineData("'0x10z'", 16)]
    [InlineData("'12abc'", 12)]
    [InlineData("' 12'", 0)]
    [InlineData("'+12'", 12)]
    [InlineData("'-'", 0)]
    [InlineData("on", 0)]
    public void A_header_field_takes_a_number_of_32_bits(string value, int expected)
    {
        string sql = $"PRAGMA application_id = {value}; PRAGMA application_id";

        Assert.Equal([$"{expected}"], TwinDatabases.Ours(_twins.OurPath, sql));
        Assert.Equal([$"{expected}"], TwinDatabases.Sqlite(_twins.SqlitePath, sql));
    }

    /// <summary>They need more than 32 bits.</summary>
    [Theory]
    [InlineData("8589934592")]
    [InlineData("0x200000000")]
    [InlineData("8.589934592e9")]
    public void A_size_may_be_written_in_each_form(string value) =>
        Assert.Equal(["8589934592"], TwinDatabases.Ours(_twins.OurPath, $"PRAGMA memory_limit = {value}"));

    /// <summary>Names of tables and columns are those of the database that was named, not of a table of the same name that would be found first.</summary>
    [Fact]
    public void Foreign_key_check_of_an_attached_database_stays_in_it()
    {
        const string sql = "PRAGMA foreign_keys = OFF; ATTACH ':memory:' AS z; CREATE TABLE p(k INTEGER PRIMARY KEY); CREATE TABLE c(x); INSERT INTO p VALUES(1);"
            + "CREATE TABLE z.p(k INTEGER PRIMARY KEY); CREATE TABLE z.c(rowid, a REFERENCES p); INSERT INTO z.c VALUES('r', 1); PRAGMA z.foreign_key_check";

        Assert.Equal(TwinDatabases.Sqlite(_twins.SqlitePath, sql), TwinDatabases.Ours(_twins.OurPath, sql));
    }

    [Fact]
    public void Data_version_changes_when_another_connection_commits()
    {
        using Database database = Database.Open(DatabaseOptions.MemoryPath, new DatabaseOptions());
        using Session session = database.Connect();
        using Session other = database.Connect();
        TwinDatabases.Run(session, "CREATE TABLE t(a)");
        IEnumerable<string> before = TwinDatabases.Run(session, "PRAGMA data_version");
        Assert.Equal(before, TwinDatabases.Run(session, "PRAGMA data_version"));

        TwinDatabases.Run(other, "INSERT INTO t VALUES(1)");

        Assert.NotEqual(before, TwinDatabases.Run(session, "PRAGMA data_version"));
    }

    [Theory]
    [InlineData("PRAGMA table_info(t)", 6)]
    [InlineData("PRAGMA user_version", 1)]
    [InlineData("PRAGMA user_version = 5", 0)]
    [InlineData("PRAGMA nosuch_pragma", 0)]
    [InlineData("PRAGMA busy_timeout = 5", 1)]
    [InlineData("EXPLAIN QUERY PLAN PRAGMA user_version", 4)]
    [InlineData("EXPLAIN QUERY PLAN CREATE TABLE t(a)", 4)]
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
