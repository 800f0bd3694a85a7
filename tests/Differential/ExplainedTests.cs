namespace Sluice.Differential;

/// <summary>What an explanation must not excuse: answers that no order of rows and no choice among equal values gives.</summary>
public sealed class ExplainedTests
{
    private const string Fill = "INSERT INTO t0 VALUES (1, 'a'), (2, 'A'), (2, 'b')";

    [Fact]
    public void A_LIMIT_that_takes_any_row_explains_another_row_but_not_more_rows()
    {
        const string Sql = "SELECT a AS c1 FROM t0 LIMIT 1";
        Assert.NotNull(Reason(Sql, [2L]));
        Assert.Null(Reason(Sql, [1L], [2L]));
        Assert.Null(Reason("SELECT a AS c1, 7 AS c2 FROM t0 LIMIT 1", [2L, 8L]));
    }

    [Fact]
    public void Of_equal_texts_any_may_stand_for_a_group_but_none_that_is_nowhere()
    {
        Assert.NotNull(Reason("SELECT b AS c1 FROM t0 WHERE a = 1 UNION SELECT b FROM t0 WHERE a = 2", ["A"], ["b"]));
        Assert.Null(Reason("SELECT b AS c1 FROM t0 WHERE a = 1 UNION SELECT b FROM t0 WHERE a = 2", ["a"], ["B"]));
    }

    [Fact]
    public void A_sum_of_integers_is_no_real() => Assert.Null(Reason("SELECT sum(a) AS c1 FROM t0 GROUP BY a > 0", [5.0]));

    [Fact]
    public void A_number_that_no_function_has_written_has_all_its_digits() => Assert.Null(Reason("SELECT '0.1000000000000001' AS c1", ["0.1"]));

    /// <summary>Why it would be no fault if the engine gave these rows.</summary>
    private static string? Reason(string sql, params object?[][] rows)
    {
        Step query = new(StepKind.Query, sql);
        Case @case = new([new(StepKind.Setup, "CREATE TABLE t0(a INTEGER, b TEXT COLLATE NOCASE)"), new(StepKind.Change, Fill), query], [new(StepKind.Query, "SELECT * FROM t0")]);
        using var sqlite = Subject.Sqlite();
        Answer theirs = @case.Steps.Select(step => sqlite.Run(step.Sql)).ToList()[^1];
        Answer ours = theirs with { Rows = rows };
        return Explained.Reason(@case, new(2, query, Comparison.Difference(query, theirs, ours)!, theirs, ours));
    }
}
