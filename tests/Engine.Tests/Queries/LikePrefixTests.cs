namespace Sluice.Engine.Tests.Queries;

/// <summary>Conditions with LIKE and GLOB that an index bounds, beside SQLite: the rows are the same with the index as without.</summary>
public sealed class LikePrefixTests : IDisposable
{
    private readonly Twin _twin = new();

    public LikePrefixTests()
    {
        _twin.Run("""
            CREATE TABLE t(id INTEGER PRIMARY KEY, b TEXT, n TEXT COLLATE NOCASE, i);
            INSERT INTO t(b) VALUES('plant-3/line-1'), ('plant-3'), ('plant-3/'), ('plant-30'), ('Plant-3/x'), ('plant-4'), (''), (NULL), ('plant-3/ä'), ('pl'), (x'706c616e742d332f'), (12), ('é'), ('éa'), ('e');
            UPDATE t SET n = b, i = b;
            INSERT INTO t(b, n, i) VALUES('a@b', 'a@b', 1), ('a`b', 'a`b', 12), ('aZ', 'aZ', 2), ('a[', 'a[', 3), ('A{', 'A{', 4);
            CREATE INDEX t_b ON t(b);
            CREATE INDEX t_n ON t(n);
            CREATE INDEX t_i ON t(i)
            """);
    }

    public void Dispose() => _twin.Dispose();

    [Theory]
    [InlineData("b GLOB 'plant-3/*'")]
    [InlineData("b GLOB 'plant-3'")]
    [InlineData("b GLOB '*3'")]
    [InlineData("b GLOB 'pl[ab]nt*'")]
    [InlineData("b GLOB 'é*'")]
    [InlineData("b NOT GLOB 'plant-3/*'")]
    [InlineData("b LIKE 'plant-3/%'")]
    [InlineData("n LIKE 'plant-3/%'")]
    [InlineData("n LIKE 'PLANT-3/%'")]
    [InlineData("n LIKE 'plant-3_%' ESCAPE '_'")]
    [InlineData("n LIKE 'a@%'")]
    [InlineData("n LIKE 'a`%'")]
    [InlineData("n LIKE 'az%'")]
    [InlineData("n LIKE 'a[%'")]
    [InlineData("n LIKE 'É%'")]
    [InlineData("n LIKE 'plant-3/ä'")]
    [InlineData("n GLOB 'Plant*'")]
    [InlineData("i GLOB '1*'")]
    [InlineData("i LIKE '1%'")]
    [InlineData("b GLOB 'plant*' AND b > 'plant-3/m' OR b GLOB 'a*'")]
    public void Rows_are_those_of_SQLite(string condition)
    {
        (Outcome sqlite, Outcome ours) = _twin.Run($"SELECT id, b FROM t WHERE {condition} ORDER BY id");
        Assert.True(Twin.Difference(sqlite, ours) is null, $"SQLite {sqlite}\nSluice {ours}");
    }

    [Theory]
    [InlineData("b GLOB 'plant-3/*'", "SEARCH t USING COVERING INDEX t_b (b>? AND b<?)")]
    [InlineData("n LIKE 'plant%'", "SEARCH t USING INDEX t_n (n>? AND n<?)")]
    [InlineData("b LIKE 'plant%'", "SCAN t USING COVERING INDEX t_b")]
    [InlineData("i GLOB 'plant*'", "SCAN t")]
    public void The_plan_says_so(string condition, string line)
    {
        (_, Outcome ours) = _twin.Run($"EXPLAIN QUERY PLAN SELECT id, b FROM t WHERE {condition}");
        Assert.Contains(line, ours.ToString(), StringComparison.Ordinal);
    }
}
