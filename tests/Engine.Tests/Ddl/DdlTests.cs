namespace Sluice.Engine.Tests.Ddl;

/// <summary>DDL beside SQLite's own: the same sqlite_schema, files that stock SQLite finds whole.</summary>
public sealed class DdlTests : IDisposable
{
    private const string SchemaQuery = "SELECT type, name, tbl_name, sql FROM sqlite_schema";

    private readonly TwinDatabases _twins = new();

    public void Dispose() => _twins.Dispose();

    [Theory]
    [InlineData("CREATE TABLE t(a, b INTEGER, c TEXT NOT NULL DEFAULT 'x')")]
    [InlineData("create  table if not exists  main.t ( a integer primary key , b varchar(10) collate nocase unique ) ;")]
    [InlineData("CREATE TABLE t(a TEXT PRIMARY KEY, b UNIQUE, c, UNIQUE(c, b), UNIQUE(b), UNIQUE(c COLLATE NOCASE))")]
    [InlineData("CREATE TABLE t(a INTEGER PRIMARY KEY DESC, b)")]
    [InlineData("CREATE TABLE t(a INTEGER, b, PRIMARY KEY(a DESC))")]
    [InlineData("CREATE TABLE t(a INTEGER PRIMARY KEY UNIQUE, b, UNIQUE(a, b))")]
    [InlineData("CREATE TABLE t(a INT PRIMARY KEY, b REAL CHECK (b > 0), CHECK (a < b)) STRICT")]
    [InlineData("CREATE TABLE p(x PRIMARY KEY); CREATE TABLE t(a REFERENCES p(x) ON DELETE CASCADE, b, FOREIGN KEY(a, b) REFERENCES q)")]
    [InlineData("CREATE TABLE \"a b\"(\"c d\" PRIMARY KEY); CREATE INDEX [i j] ON \"a b\"(\"c d\" DESC); CREATE VIEW `v w`(x) AS SELECT 1")]
    [InlineData("CREATE TABLE t(a, b); CREATE UNIQUE INDEX if not exists i on t(a collate nocase, b desc); CREATE INDEX j ON t(b)")]
    [InlineData("CREATE TABLE t(a); CREATE INDEX i ON t(a); DROP INDEX i; CREATE VIEW v AS SELECT a FROM t; DROP VIEW v; DROP TABLE IF EXISTS x; CREATE TABLE u(z UNIQUE)")]
    [InlineData("CREATE TABLE t(a UNIQUE, b); CREATE INDEX i ON t(b); CREATE TABLE u(x); DROP TABLE t")]
    [InlineData("CREATE TABLE t(a UNIQUE, b CHECK (t.b > 0)); CREATE INDEX i ON t(b); CREATE TABLE u(x REFERENCES t(a)); ALTER TABLE t RENAME TO \"n m\"")]
    [InlineData("CREATE TABLE t(a); ALTER TABLE t ADD COLUMN b int DEFAULT 3; ALTER TABLE t ADD c TEXT COLLATE NOCASE REFERENCES t")]
    [InlineData("CREATE TABLE t(a decimal(5,2), CHECK (a > 0), UNIQUE(a)); ALTER TABLE t ADD COLUMN b NOT NULL DEFAULT -1 ;")]
    public void The_schema_is_stored_as_sqlite_stores_it(string sql)
    {
        TwinDatabases.Sqlite(_twins.SqlitePath, sql);
        TwinDatabases.Ours(_twins.OurPath, sql);

        Assert.Equal(TwinDatabases.Sqlite(_twins.SqlitePath, SchemaQuery), TwinDatabases.Sqlite(_twins.OurPath, SchemaQuery));
        Assert.Equal(["ok"], TwinDatabases.Sqlite(_twins.OurPath, "PRAGMA integrity_check"));
    }

    [Theory]
    [InlineData("CREATE TABLE t(x)")]
    [InlineData("CREATE TABLE v(x)")]
    [InlineData("CREATE TABLE i(x)")]
    [InlineData("CREATE VIEW t AS SELECT 1")]
    [InlineData("CREATE VIEW i AS SELECT 1")]
    [InlineData("CREATE TABLE sqlite_x(a)")]
    [InlineData("CREATE TABLE zz.n(a)")]
    [InlineData("CREATE TABLE n(a, b, A)")]
    [InlineData("CREATE TABLE n(a PRIMARY KEY, b PRIMARY KEY)")]
    [InlineData("CREATE TABLE n(a TEXT PRIMARY KEY AUTOINCREMENT)")]
    [InlineData("CREATE TABLE n(a UNIQUE ON CONFLICT IGNORE, UNIQUE(a) ON CONFLICT REPLACE)")]
    [InlineData("CREATE TABLE n(a, UNIQUE(a + 1))")]
    [InlineData("CREATE TABLE n(a COLLATE zz)")]
    [InlineData("CREATE TABLE n(a DEFAULT (b))")]
    [InlineData("CREATE TABLE n(a CHECK (zz > 1))")]
    [InlineData("CREATE TABLE n(a, CHECK ((SELECT 1)))")]
    [InlineData("CREATE TABLE n(a, CHECK (sum(a)))")]
    [InlineData("CREATE TABLE n(a) STRICT")]
    [InlineData("CREATE TABLE n(a VARCHAR) STRICT")]
    [InlineData("CREATE TABLE n(a, FOREIGN KEY(q) REFERENCES z)")]
    [InlineData("CREATE TABLE n(a, FOREIGN KEY(a) REFERENCES z(a, b))")]
    [InlineData("CREATE INDEX i ON t(b)")]
    [InlineData("CREATE INDEX t ON t(b)")]
    [InlineData("CREATE INDEX n ON nosuch(b)")]
    [InlineData("CREATE INDEX n ON t(zz)")]
    [InlineData("CREATE INDEX n ON v(a)")]
    [InlineData("CREATE INDEX sqlite_n ON t(a)")]
    [InlineData("CREATE UNIQUE INDEX n ON t(b)")]
    [InlineData("CREATE UNIQUE INDEX n ON t(c COLLATE NOCASE, b)")]
    [InlineData("DROP TABLE nosuch")]
    [InlineData("DROP TABLE v")]
    [InlineData("DROP VIEW t")]
    [InlineData("DROP VIEW nosuch")]
    [InlineData("DROP INDEX nosuch")]
    [InlineData("DROP INDEX sqlite_autoindex_t_1")]
    [InlineData("DROP TABLE sqlite_schema")]
    [InlineData("ALTER TABLE t RENAME TO v")]
    [InlineData("ALTER TABLE v RENAME TO n")]
    [InlineData("ALTER TABLE nosuch RENAME TO n")]
    [InlineData("ALTER TABLE t ADD COLUMN a")]
    [InlineData("ALTER TABLE t ADD COLUMN n UNIQUE")]
    [InlineData("ALTER TABLE t ADD COLUMN n PRIMARY KEY")]
    [InlineData("ALTER TABLE t ADD COLUMN n NOT NULL")]
    [InlineData("ALTER TABLE t ADD COLUMN n DEFAULT (1 + 1)")]
    [InlineData("ALTER TABLE v ADD COLUMN n")]
    public void Errors_are_sqlites(string sql)
    {
        _twins.Prepare(
            "CREATE TABLE t(a UNIQUE, b, c); CREATE INDEX i ON t(b); CREATE VIEW v AS SELECT a FROM t;"
            + "INSERT INTO t VALUES (1, 2, 'x'), (2, 2, 'X'), (3, NULL, 'y'), (4, NULL, 'y')");

        string? expected = TwinDatabases.SqliteError(_twins.SqlitePath, sql);

        Assert.NotNull(expected);
        Assert.Equal(expected, TwinDatabases.OurError(_twins.OurPath, sql));
        Assert.Equal(TwinDatabases.Sqlite(_twins.SqlitePath, SchemaQuery), TwinDatabases.Sqlite(_twins.OurPath, SchemaQuery));
        Assert.Equal(["ok"], TwinDatabases.Sqlite(_twins.OurPath, "PRAGMA integrity_check"));
    }

    [Theory]
    [InlineData("CREATE VIRTUAL TABLE n USING fts5(a)", "no such module: fts5")]
    [InlineData("EXPLAIN CREATE TABLE n(a)", "EXPLAIN is not supported, EXPLAIN QUERY PLAN is")]
    public void What_is_not_supported_is_refused_by_name(string sql, string message)
    {
        _twins.Prepare("CREATE TABLE t(a)");

        Assert.Equal(message, TwinDatabases.OurError(_twins.OurPath, sql));
    }
}
