namespace Sluice.Engine.Tests.Queries;

/// <summary>Joins beside SQLite: order and grouping over nested loops, rows without a match.</summary>
public sealed class JoinTests : IDisposable
{
    private readonly Twin _twin = new();

    public JoinTests()
    {
        _twin.Run("""
            CREATE TABLE a(k); INSERT INTO a VALUES(1), (0);
            CREATE TABLE b(x); INSERT INTO b VALUES(1), (2), (3);
            CREATE TABLE c(y); INSERT INTO c VALUES(3), (1), (2);
            CREATE TABLE s(id INTEGER PRIMARY KEY, name); INSERT INTO s VALUES(1, 'p'), (2, 'q');
            CREATE TABLE r(id INTEGER PRIMARY KEY, s, ts); INSERT INTO r(s, ts) VALUES(2, 7), (1, 9), (2, 3), (1, 5), (2, 1);
            CREATE INDEX r_s ON r(s, ts)
            """);
    }

    public void Dispose() => _twin.Dispose();

    /// <summary>The order of the outermost run of sources was taken for that of all, where a CROSS or LEFT JOIN parts the runs.</summary>
    [Theory]
    [InlineData("SELECT y FROM b CROSS JOIN c ORDER BY y")]
    [InlineData("SELECT x, y FROM b CROSS JOIN c ORDER BY y DESC, x LIMIT 4")]
    [InlineData("SELECT y, count(*) FROM b CROSS JOIN c GROUP BY y")]
    [InlineData("SELECT DISTINCT y FROM b CROSS JOIN c ORDER BY 1")]
    [InlineData("SELECT r.ts FROM s CROSS JOIN r ON r.s = s.id ORDER BY r.ts")]
    [InlineData("SELECT r.ts % 2, count(*) FROM s CROSS JOIN r ON r.s = s.id GROUP BY 1")]
    [InlineData("SELECT c.y FROM b LEFT JOIN a ON a.k = b.x JOIN c ON c.y >= b.x ORDER BY 1")]
    [InlineData("SELECT c.y, count(a.k) FROM b LEFT JOIN a ON a.k = b.x JOIN c GROUP BY c.y")]
    [InlineData("SELECT s.id, r.ts FROM s LEFT JOIN r ON r.s = s.id ORDER BY s.id, r.ts")]
    [InlineData("SELECT b.x FROM a RIGHT JOIN b ON a.k = b.x CROSS JOIN c ORDER BY b.x")]
    public void Rows_come_in_the_order_that_is_asked_for(string sql) => AssertSame(sql);

    [Theory]
    [InlineData("SELECT q.k, b.x FROM (SELECT * FROM a WHERE k > 0) q RIGHT JOIN b ON q.k = b.x ORDER BY b.x")]
    [InlineData("SELECT q.k, b.x FROM (SELECT * FROM a WHERE k > 0) q FULL JOIN b ON q.k = b.x + 1 ORDER BY q.k, b.x")]
    [InlineData("WITH q AS (SELECT * FROM a WHERE k = 0) SELECT q.k, b.x FROM q FULL JOIN b ON q.k = b.x ORDER BY 1, 2")]
    [InlineData("SELECT b.x, q.z, c.y FROM b LEFT JOIN ((SELECT k, 5 AS z FROM a WHERE k > 0) q JOIN c ON c.y = q.k) ON q.k = b.x ORDER BY b.x")]
    [InlineData("SELECT q.k, q.z, b.x FROM (SELECT k, 5 AS z FROM a) q LEFT JOIN c ON c.y = q.k RIGHT JOIN b ON b.x = q.k ORDER BY b.x")]
    [InlineData("SELECT q.k, c.y FROM (SELECT k FROM a WHERE k > 0) q LEFT JOIN c ON c.y = q.k ORDER BY 1")]
    public void Rows_without_a_match_stay_though_a_subquery_has_a_condition(string sql) => AssertSame(sql);

    private void AssertSame(string sql)
    {
        (Outcome sqlite, Outcome ours) = _twin.Run(sql);
        Assert.True(Twin.Difference(sqlite, ours) is null, $"SQLite {sqlite}\nSluice {ours}");
    }
}
