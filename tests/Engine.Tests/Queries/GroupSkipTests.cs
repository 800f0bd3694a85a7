using System.Globalization;
using System.Text;

namespace Sluice.Engine.Tests.Queries;

/// <summary>Groupings that read only the ends of each group, beside SQLite, which reads all: groups large and small, NULLs, equal values.</summary>
public sealed class GroupSkipTests : IDisposable
{
    private readonly Twin _twin = new();

    public GroupSkipTests()
    {
        StringBuilder sql = new("""
            CREATE TABLE r(id INTEGER PRIMARY KEY, s INTEGER, ts INTEGER, v TEXT);
            CREATE TABLE u(id INTEGER PRIMARY KEY, name TEXT);
            INSERT INTO u VALUES(1, 'a'), (2, 'b'), (3, 'c'), (9, 'z');
            INSERT INTO r(s, ts, v) VALUES(NULL, NULL, 'n')
            """);
        Random random = new(11);
        for (int i = 0; i < 600; i++)
        {
            // Series 1 is large, the others are smaller and smaller; series 7 has no time at all.
            int series = Math.Min(random.Next(1, 9), random.Next(1, 9));
            string time = series == 7 || random.Next(8) == 0 ? "NULL" : random.Next(60).ToString(CultureInfo.InvariantCulture);
            sql.Append(CultureInfo.InvariantCulture, $",\n({(random.Next(40) == 0 ? "NULL" : series)}, {time}, 'v{i}')");
        }

        sql.Append(";CREATE INDEX r_s_ts ON r(s, ts)");
        _twin.Run(sql.ToString());
    }

    public void Dispose() => _twin.Dispose();

    [Theory]
    [InlineData("SELECT s, max(ts) FROM r GROUP BY s")]
    [InlineData("SELECT s, min(ts) FROM r GROUP BY s")]
    [InlineData("SELECT s, min(ts), max(ts) FROM r GROUP BY s")]
    [InlineData("SELECT s, max(ts), v FROM r GROUP BY s")]
    [InlineData("SELECT s, min(ts), v, id FROM r GROUP BY s")]
    [InlineData("SELECT s, max(ts) FROM r GROUP BY s ORDER BY s DESC")]
    [InlineData("SELECT s, max(ts) FROM r WHERE ts < 30 GROUP BY s")]
    [InlineData("SELECT s, max(ts), v FROM r WHERE ts <= 30 AND s > 1 GROUP BY s")]
    [InlineData("SELECT s, min(ts), v FROM r WHERE ts > 10 AND ts <= 12 GROUP BY s")]
    [InlineData("SELECT s, max(ts) FROM r WHERE ts > NULL GROUP BY s")]
    [InlineData("SELECT s, max(ts) FROM r WHERE s IN (1, 3, 5) GROUP BY s")]
    [InlineData("SELECT s, max(ts) FROM r GROUP BY s HAVING max(ts) < 59")]
    [InlineData("SELECT u.name, max(r.ts), r.v FROM r JOIN u ON u.id = r.s GROUP BY r.s")]
    [InlineData("SELECT u.name, max(r.ts), r.v FROM r LEFT JOIN u ON u.id = r.s GROUP BY r.s")]
    [InlineData("SELECT count(*), sum(t) FROM (SELECT s, max(ts) AS t FROM r GROUP BY s)")]
    [InlineData("SELECT DISTINCT s FROM r")]
    [InlineData("SELECT DISTINCT s FROM r ORDER BY s DESC LIMIT 3")]
    [InlineData("SELECT s FROM r GROUP BY s")]
    [InlineData("SELECT s, max(ts) FROM r WHERE v > 'v3' GROUP BY s")]
    [InlineData("SELECT s, max(ts), count(*) FROM r GROUP BY s")]
    [InlineData("SELECT s, max(v) FROM r GROUP BY s")]
    public void Answers_are_those_of_SQLite(string sql)
    {
        (Outcome sqlite, Outcome ours) = _twin.Run(sql);
        Assert.True(sqlite.Error is null, sqlite.Error);
        Assert.True(Twin.Difference(sqlite, ours) is null, $"{sql}\nSQLite {sqlite}\nours {ours}");
    }

    /// <summary>Of rows with the same time, first() takes the one that came first and last() the one that came last.</summary>
    [Theory]
    [InlineData("last", "DESC")]
    [InlineData("first", "ASC")]
    public void First_and_last_are_the_rows_at_the_ends(string function, string direction)
    {
        string expected = $"SELECT s, (SELECT v FROM r AS b WHERE b.s IS a.s AND ts IS NOT NULL ORDER BY ts {direction}, id {direction} LIMIT 1) AS x FROM r AS a GROUP BY s";
        (Outcome sqlite, _) = _twin.Run(expected);
        (_, Outcome skipped) = _twin.Run($"SELECT s, {function}(v, ts) AS x FROM r GROUP BY s");
        (_, Outcome read) = _twin.Run($"SELECT s, {function}(v, ts) AS x FROM r NOT INDEXED GROUP BY s");
        Assert.Equal(sqlite.Rows, skipped.Rows);
        Assert.Equal(sqlite.Rows, read.Rows);
        (_, Outcome one) = _twin.Run($"SELECT {function}(v, ts) FROM r WHERE s = 1");
        Assert.Equal(sqlite.Rows.Single(row => row.StartsWith("1|", StringComparison.Ordinal)), $"1|{one.Rows[0]}");
    }

    [Theory]
    [InlineData("SELECT s, max(ts) FROM r GROUP BY s", "SKIP-SCAN r USING COVERING INDEX r_s_ts (ANY(s))")]
    [InlineData("SELECT s, last(v, ts) FROM r WHERE ts < 5 GROUP BY s", "SKIP-SCAN r USING INDEX r_s_ts (ANY(s) AND ts<?)")]
    [InlineData("SELECT DISTINCT s FROM r", "SKIP-SCAN r USING COVERING INDEX r_s_ts (ANY(s)); USE TEMP B-TREE FOR DISTINCT")]
    [InlineData("SELECT s, max(ts), count(*) FROM r GROUP BY s", "SCAN r USING COVERING INDEX r_s_ts")]
    [InlineData("SELECT s, max(v) FROM r GROUP BY s", "SCAN r; USE TEMP B-TREE FOR GROUP BY")]
    [InlineData("SELECT s, max(v), id FROM r GROUP BY s", "SCAN r USING INDEX r_s_ts")]
    [InlineData("SELECT s, max(ts) FROM r NOT INDEXED GROUP BY s", "SCAN r; USE TEMP B-TREE FOR GROUP BY")]
    [InlineData("SELECT max(ts) FROM r WHERE s = 1", "SEARCH r USING COVERING INDEX r_s_ts (s=?)")]
    [InlineData("SELECT v FROM r ORDER BY v LIMIT 5", "SCAN r; USE TEMP B-TREE FOR ORDER BY")]
    public void The_plan_says_what_is_read(string sql, string plan)
    {
        (_, Outcome ours) = _twin.Run($"EXPLAIN QUERY PLAN {sql}");
        Assert.Equal(plan, string.Join("; ", ours.Rows.Select(row => row.Split('|')[3].Trim('\''))));
    }

    /// <summary>Of two indexes that could answer, the one with fewer rows a value; without statistics they look alike.</summary>
    [Fact]
    public void Statistics_choose_the_index()
    {
        const string Query = "EXPLAIN QUERY PLAN SELECT * FROM w WHERE a = 1 AND b = 1";
        _twin.Run("CREATE TABLE w(a, b, c)");
        _twin.Run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO w SELECT i % 2, i, 'x' FROM n");
        _twin.Run("CREATE INDEX w_b ON w(b); CREATE INDEX w_a ON w(a)");
        (_, Outcome without) = _twin.Run(Query);
        _twin.Run("ANALYZE");
        (_, Outcome analyzed) = _twin.Run(Query);
        Assert.Contains("USING INDEX w_b (b=?)", analyzed.Rows[0], StringComparison.Ordinal);
        _twin.Run("UPDATE sqlite_stat1 SET stat = '500 400' WHERE idx = 'w_b'; UPDATE sqlite_stat1 SET stat = '500 2' WHERE idx = 'w_a'; ANALYZE sqlite_schema");
        (_, Outcome changed) = _twin.Run(Query);
        Assert.Contains("USING INDEX w_a (a=?)", changed.Rows[0], StringComparison.Ordinal);
        Assert.Contains("USING INDEX", without.Rows[0], StringComparison.Ordinal);
    }
}
