namespace Sluice.Engine.Tests.Queries;

/// <summary>Statements over more rows than PRAGMA memory_limit leaves room for, beside SQLite.</summary>
public sealed class SpillTests : IDisposable
{
    /// <summary>The smallest there is: a sort or grouping then has 256 KiB, and these 20,000 rows take several times that.</summary>
    private const string Setup = """
        PRAGMA memory_limit = 1048576;
        CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c REAL);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO t SELECT i, i * 7919 % 10007, 'text ' || (i * 31 % 6007), CASE WHEN i % 11 = 0 THEN NULL ELSE i / 3.0 END FROM n
        """;

    private readonly Twin _twin = new();

    public SpillTests() => Assert.Null(_twin.Run(Setup).Ours.Error);

    public void Dispose() => _twin.Dispose();

    [Theory]
    [InlineData("SELECT * FROM t ORDER BY b, a")]
    [InlineData("SELECT a, b, c FROM t ORDER BY c DESC NULLS LAST, b")]
    [InlineData("SELECT id, a % 10 AS d FROM t ORDER BY d")]
    [InlineData("SELECT * FROM t ORDER BY b, id LIMIT 15000 OFFSET 100")]
    [InlineData("SELECT id FROM t ORDER BY b DESC, id LIMIT 3")]
    [InlineData("SELECT a, count(*), sum(c), min(b) FROM t GROUP BY a")]
    [InlineData("SELECT b, count(*) FILTER (WHERE a > 5000), count(DISTINCT a % 3), max(a), id FROM t GROUP BY b")]
    [InlineData("SELECT b, group_concat(id, '-') FROM t GROUP BY b ORDER BY count(*), b")]
    [InlineData("SELECT a, group_concat(b ORDER BY c DESC) FROM t GROUP BY a")]
    [InlineData("SELECT count(*), sum(n) FROM (SELECT a, b, count(*) AS n FROM t GROUP BY a, b)")]
    [InlineData("SELECT DISTINCT a, b FROM t")]
    [InlineData("SELECT DISTINCT b, a % 3 FROM t ORDER BY c, id LIMIT 9000")]
    [InlineData("SELECT DISTINCT b || a AS x FROM t ORDER BY x DESC")]
    [InlineData("SELECT DISTINCT upper(b), count(*) FROM t GROUP BY b, a ORDER BY 1 DESC, 2")]
    [InlineData("SELECT count(*) FROM (SELECT DISTINCT a, b, c FROM t)")]
    [InlineData("SELECT (SELECT count(*) FROM (SELECT DISTINCT b, a + o.id FROM t)) FROM t AS o WHERE o.id < 3")]
    [InlineData("SELECT a, b FROM t UNION SELECT a + 1, b FROM t")]
    [InlineData("SELECT a FROM t UNION SELECT a * 1.0 FROM t UNION SELECT b FROM t")]
    [InlineData("SELECT a, b FROM t INTERSECT SELECT a, b FROM t WHERE id % 3 = 0")]
    [InlineData("SELECT a, b FROM t EXCEPT SELECT a, b FROM t WHERE id % 3 = 0 ORDER BY 2, 1")]
    public void What_takes_more_than_memory_has_is_as_in_SQLite(string sql)
    {
        (Outcome sqlite, Outcome ours) = _twin.Run(sql);
        Assert.True(sqlite.Error is null, sqlite.Error);
        Assert.True(Twin.Difference(sqlite, ours) is null, $"{sql}\nSQLite {sqlite}\nours {ours}");
    }

    [Theory]
    [InlineData("INSERT INTO t(a, b, c) SELECT a, b, c FROM t", "t")]
    [InlineData("CREATE TABLE u(x INTEGER PRIMARY KEY, y UNIQUE); INSERT INTO u SELECT id, b || id FROM t", "u")]
    [InlineData("CREATE TABLE u(x, y); CREATE INDEX u_y ON u(y); INSERT INTO u SELECT a, b FROM t ORDER BY b, id", "u")]
    [InlineData("CREATE TABLE u(x UNIQUE, y); INSERT OR IGNORE INTO u SELECT a, id FROM t", "u")]
    [InlineData("CREATE TABLE u(x); CREATE TRIGGER g AFTER INSERT ON u WHEN new.x < 5 BEGIN DELETE FROM t WHERE a = new.x; END; INSERT INTO u SELECT a FROM t", "t")]
    [InlineData("CREATE TABLE u(x); INSERT INTO u SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE x = t.a)", "u")]
    public void Rows_of_a_query_are_inserted_as_in_SQLite(string sql, string table)
    {
        (Outcome sqlite, Outcome ours) = _twin.Run(sql);
        Assert.Equal(sqlite.Error, ours.Error);
        (sqlite, ours) = _twin.Run($"SELECT rowid, * FROM {table}");
        Assert.True(Twin.Difference(sqlite, ours) is null, $"{sql}\nSQLite {sqlite}\nours {ours}");
    }
}
