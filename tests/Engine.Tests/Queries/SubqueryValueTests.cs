namespace Sluice.Engine.Tests.Queries;

/// <summary>What the values of subqueries, compounds and rows that are written bring to comparisons, beside SQLite: affinity, collation, whether a text is JSON.</summary>
public sealed class SubqueryValueTests : IDisposable
{
    private readonly Twin _twin = new();

    public SubqueryValueTests() => _twin.Run("""
        CREATE TABLE t(a TEXT COLLATE NOCASE, b TEXT, c INT, d REAL, n);
        INSERT INTO t VALUES('x', 'X', 1, 9.2233720368547758e18, '1'), ('Y', 'y', 2, 2.5, 2), ('z', 'z', 3, 3, '3');
        CREATE TABLE e(s TEXT);
        INSERT INTO e VALUES('0'), ('0.0'), ('5');
        CREATE TABLE u(k INTEGER PRIMARY KEY, s TEXT COLLATE NOCASE UNIQUE, i INT, r REAL, n);
        INSERT INTO u VALUES(1, 'abc', 5, 1.5, '7');
        CREATE VIEW j AS SELECT c, json(c) AS j FROM t;
        CREATE VIEW g AS SELECT DISTINCT json_group_array(c) AS j FROM t GROUP BY c;
        CREATE VIEW mixed AS SELECT unicode('2') AS v UNION ALL SELECT c FROM t;
        CREATE VIEW joined AS SELECT DISTINCT 0 || c AS v FROM t UNION ALL SELECT b FROM t;
        CREATE TABLE strict_one(id INTEGER PRIMARY KEY, x INT, u TEXT UNIQUE) STRICT;
        INSERT INTO strict_one VALUES(1, 1, 'a')
        """);

    public void Dispose() => _twin.Dispose();

    [Theory]
    [InlineData("SELECT x = a, a = x FROM (SELECT 'X' AS x), t")]
    [InlineData("SELECT x = a, a = x FROM (SELECT b || '' AS x FROM t), t")]
    [InlineData("SELECT x = a, a = x FROM (SELECT b || '' AS x FROM t LIMIT 10), t")]
    [InlineData("SELECT x = a COLLATE BINARY, x = b, b = x FROM (SELECT b COLLATE NOCASE AS x FROM t), t")]
    [InlineData("SELECT (SELECT a FROM t LIMIT 1) = 'X', 'X' = (SELECT a FROM t LIMIT 1)")]
    [InlineData("SELECT DISTINCT x FROM (SELECT b || '' AS x FROM t UNION ALL SELECT a FROM t)")]
    [InlineData("SELECT x FROM (SELECT b || '' AS x FROM t UNION ALL SELECT a FROM t) GROUP BY x")]
    [InlineData("SELECT 'X' IN (SELECT a FROM t UNION SELECT b FROM t), 'Z' IN (SELECT b FROM t UNION SELECT a FROM t)")]
    public void A_subquery_s_column_has_its_own_collation_or_BINARY(string sql) => Same(sql);

    [Theory]
    [InlineData("SELECT 0x7fffffffffffffff IN (SELECT d FROM t), 0x7fffffffffffffff IN (SELECT d + 0 FROM t)")]
    [InlineData("SELECT c FROM t WHERE d IN (SELECT 0x7fffffffffffffff)")]
    [InlineData("SELECT 1 IN (SELECT b FROM t UNION ALL SELECT n FROM t), 1 IN (SELECT n FROM t UNION ALL SELECT b FROM t)")]
    [InlineData("SELECT 1 = (SELECT n FROM t UNION ALL SELECT c FROM t LIMIT 1), 1 = (SELECT n FROM t UNION ALL SELECT b FROM t LIMIT 1)")]
    public void The_last_SELECT_of_a_compound_gives_the_affinity_of_a_value(string sql) => Same(sql);

    [Theory]
    [InlineData("SELECT v = b, v = n, v FROM mixed, t")]
    [InlineData("SELECT v = 1, v = '01', v FROM joined")]
    [InlineData("SELECT s, v FROM e, (SELECT c AS v FROM t WHERE c > 9 UNION VALUES (0.0), (5)) WHERE s = v")]
    [InlineData("SELECT s, v FROM e, (SELECT c AS v FROM t WHERE c > 9 UNION SELECT 0.0 UNION SELECT 5) WHERE s = v")]
    [InlineData("SELECT s, v FROM e, (SELECT CASE WHEN 1 THEN 0 END AS v UNION ALL SELECT c FROM t) WHERE s = v")]
    public void What_the_SELECTs_may_give_decides_the_affinity_of_a_compound(string sql) => Same(sql);

    [Theory]
    [InlineData("SELECT json_array(j), json_object('a', j) FROM j")]
    [InlineData("SELECT json_array(j), count(*) FROM g GROUP BY j")]
    [InlineData("SELECT json_array((SELECT json('[1]'))), json_array(json('[1]'))")]
    [InlineData("SELECT json_array(v) FROM (SELECT value AS v FROM json_each('[[1],2]'))")]
    [InlineData("SELECT json_group_array(json(c)) OVER (), json_array(first_value(json(c)) OVER ()) FROM t")]
    [InlineData("WITH w AS MATERIALIZED (SELECT json('[1]') AS j) SELECT json_array(j) FROM w")]
    public void A_column_of_a_subquery_is_not_known_as_JSON(string sql) => Same(sql);

    [Theory]
    [InlineData("SELECT c IS TRUE COLLATE NOCASE, c IS NOT (FALSE COLLATE NOCASE), c IS likely(TRUE) FROM t")]
    [InlineData("VALUES(count(*), max(1))")]
    [InlineData("SELECT b COLLATE BINARY FROM t GROUP BY b COLLATE BINARY ORDER BY 1 COLLATE NOCASE")]
    [InlineData("SELECT log(2, '8x'), log('2x', 8), log(2, x'38'), log(2, NULL)")]
    [InlineData("SELECT c FROM t WHERE c IN (VALUES(max(1)))")]
    [InlineData("SELECT * FROM (VALUES(row_number() OVER ()))")]
    public void Rare_places_of_usual_things(string sql) => Same(sql);

    [Theory]
    [InlineData("VALUES(1), (min(2))")]
    [InlineData("SELECT 1 FROM t HAVING min(c)")]
    public void What_SQLite_refuses(string sql)
    {
        (Outcome sqlite, Outcome ours) = _twin.Run(sql);
        Assert.NotNull(sqlite.Error);
        Assert.Equal(sqlite.Error, ours.Error);
    }

    [Fact]
    public void Excluded_has_neither_affinity_nor_collation()
    {
        Same("""
            INSERT INTO u VALUES('2', 'ABC', '6', '2', 8) ON CONFLICT(s) DO UPDATE
            SET n = (excluded.i = '6') || (excluded.k = '2') || (excluded.s = 'abc') || ('abc' = excluded.s) || (s = excluded.s) || typeof(excluded.i)
            """);
        Same("SELECT * FROM u");
    }

    [Theory]
    [InlineData("INSERT OR IGNORE INTO strict_one VALUES(1, 'bad', 'b')")]
    [InlineData("INSERT INTO strict_one VALUES(1, 'bad', 'a')")]
    [InlineData("INSERT INTO strict_one VALUES(3, 'bad', 'a')")]
    [InlineData("INSERT OR REPLACE INTO strict_one VALUES(1, 'bad', 'a')")]
    public void A_rowid_that_is_taken_is_found_before_a_wrong_type(string sql)
    {
        (Outcome sqlite, Outcome ours) = _twin.Run(sql);
        Assert.Equal(sqlite.Error, ours.Error);
        Same("SELECT * FROM strict_one");
    }

    private void Same(string sql)
    {
        (Outcome sqlite, Outcome ours) = _twin.Run(sql);
        Assert.True(sqlite.Error is null, sqlite.Error);
        Assert.True(ours.Error is null, ours.Error);

        // Not the declared types of columns: those of a compound's depend on how SQLite goes about it.
        Assert.Equal(sqlite.Rows, ours.Rows);
    }
}
