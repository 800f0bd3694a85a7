namespace Sluice.Engine.Tests.Ddl;

/// <summary>CREATE INDEX on tables with rows, and dropping what has pages.</summary>
public sealed class IndexFillTests : IDisposable
{
    private const string Rows =
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b TEXT COLLATE NOCASE, c REAL);"
        + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        + "INSERT INTO t SELECT i, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN i WHEN 2 THEN i / 7.0 WHEN 3 THEN 'text ' || i ELSE zeroblob(i % 90) END,"
        + "CASE i % 3 WHEN 0 THEN upper('row') ELSE 'row' END || (i * 7919 % 3000), i % 100 FROM n;"
        + "INSERT INTO t VALUES (-5, 'negative', hex(zeroblob(9000)), 0.5);";

    private readonly TwinDatabases _twins = new();

    public void Dispose() => _twins.Dispose();

    [Theory]
    [InlineData("CREATE INDEX i ON t(a)")]
    [InlineData("CREATE INDEX i ON t(b DESC, c)")]
    [InlineData("CREATE UNIQUE INDEX i ON t(b COLLATE BINARY, id DESC)")]
    [InlineData("CREATE UNIQUE INDEX i ON t(id)")]
    [InlineData("CREATE INDEX i ON t(c, a, b); CREATE INDEX j ON t(a DESC, c DESC)")]
    public void An_index_has_every_row(string sql)
    {
        _twins.Prepare(Rows);

        TwinDatabases.Ours(_twins.OurPath, sql);

        Assert.Equal(["ok"], TwinDatabases.Sqlite(_twins.OurPath, "PRAGMA integrity_check"));
        Assert.Equal(["3001"], TwinDatabases.Sqlite(_twins.OurPath, "SELECT count(*) FROM t INDEXED BY i"));
    }

    [Fact]
    public void Rows_from_before_a_column_have_its_default_in_the_index()
    {
        _twins.Prepare("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2); ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'old'; INSERT INTO t VALUES (3, 'new')");

        TwinDatabases.Ours(_twins.OurPath, "CREATE INDEX i ON t(b)");

        Assert.Equal(["ok"], TwinDatabases.Sqlite(_twins.OurPath, "PRAGMA integrity_check"));
        Assert.Equal(["1", "2"], TwinDatabases.Sqlite(_twins.OurPath, "SELECT a FROM t INDEXED BY i WHERE b = 'old' ORDER BY a"));
    }

    [Fact]
    public void A_unique_index_that_fails_in_a_transaction_leaves_nothing_behind()
    {
        _twins.Prepare(Rows);
        using (Database database = Database.Open(_twins.OurPath, new DatabaseOptions()))
        using (Session session = database.Connect())
        {
            TwinDatabases.Run(session, "BEGIN; CREATE INDEX j ON t(a)");
            SluiceException error = Assert.ThrowsAny<SluiceException>(() => TwinDatabases.Run(session, "CREATE UNIQUE INDEX i ON t(c)"));
            Assert.Equal("UNIQUE constraint failed: t.c", error.Message);
            TwinDatabases.Run(session, "COMMIT");
        }

        Assert.Equal(["t", "j"], TwinDatabases.Sqlite(_twins.OurPath, "SELECT name FROM sqlite_schema"));
        Assert.Equal(["ok"], TwinDatabases.Sqlite(_twins.OurPath, "PRAGMA integrity_check"));
    }

    [Fact]
    public void Rollback_takes_the_schema_back()
    {
        _twins.Prepare(Rows);
        using (Database database = Database.Open(_twins.OurPath, new DatabaseOptions()))
        using (Session session = database.Connect())
        {
            TwinDatabases.Run(session, "BEGIN; DROP TABLE t; CREATE TABLE t(x); ROLLBACK");
            Assert.Equal(["0|id|INTEGER|0|NULL|1"], TwinDatabases.Run(session, "PRAGMA table_info(t)").Take(1));
        }

        Assert.Equal(["3001"], TwinDatabases.Sqlite(_twins.OurPath, "SELECT count(*) FROM t"));
    }

    [Fact]
    public void Dropped_pages_go_to_the_freelist()
    {
        _twins.Prepare(Rows + "CREATE INDEX i ON t(b); CREATE TABLE other(x)");

        TwinDatabases.Sqlite(_twins.SqlitePath, "DROP TABLE t");
        TwinDatabases.Ours(_twins.OurPath, "DROP TABLE t");

        Assert.Equal(
            TwinDatabases.Sqlite(_twins.SqlitePath, "PRAGMA freelist_count"),
            TwinDatabases.Sqlite(_twins.OurPath, "PRAGMA freelist_count"));
        Assert.Equal(["ok"], TwinDatabases.Sqlite(_twins.OurPath, "PRAGMA integrity_check"));
    }
}
