using System.Data.Common;
using System.Diagnostics;
using System.Text;
using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Differential.Hostile;

/// <summary>
/// Statements that are meant to do harm: each is answered, or refused with an error of its own, soon and on a thread with little stack; what would
/// run for ever can be cancelled.
/// </summary>
public sealed class HostileTests
{
    /// <summary>As little as a program may give its threads.</summary>
    private const int StackBytes = 1 << 20;

    private const int Deep = 100_000;

    /// <summary>Nothing here takes a second alone on a machine; a busy one may take longer.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Nested => new(
        "parentheses", "functions", "not", "minus", "case", "subqueries", "exists", "in", "joins", "views of views", "concatenations", "ors", "ands", "additions", "compounds", "casts", "collates",
        "rows", "from", "json", "arrows", "between", "common tables", "arguments");

    [Theory]
    [MemberData(nameof(Nested))]
    public void What_nests_deep_is_answered_or_refused(string what) => Refuse(what switch
    {
        "parentheses" => $"SELECT {Repeat("(", Deep)}1{Repeat(")", Deep)}",
        "functions" => $"SELECT {Repeat("abs(", Deep)}1{Repeat(")", Deep)}",
        "not" => $"SELECT {Repeat("NOT ", Deep)}1",
        "minus" => $"SELECT {Repeat("- ", Deep)}1",
        "case" => $"SELECT {Repeat("CASE 1 WHEN 1 THEN ", Deep)}1{Repeat(" END", Deep)}",
        "subqueries" => $"SELECT {Repeat("(SELECT ", Deep)}1{Repeat(")", Deep)}",
        "exists" => $"SELECT {Repeat("EXISTS (SELECT 1 WHERE ", Deep)}1{Repeat(")", Deep)}",
        "in" => $"SELECT {Repeat("1 IN (", Deep)}1{Repeat(")", Deep)}",
        "joins" => $"SELECT 1 FROM {string.Join(" JOIN ", Enumerable.Range(0, 2000).Select(i => $"(SELECT {i})"))}",
        "views of views" => "CREATE VIEW v0 AS SELECT 1 AS x; "
            + string.Concat(Enumerable.Range(1, 210).Select(i => $"CREATE VIEW v{i} AS SELECT x FROM v{i - 1}; ")) + "SELECT * FROM v210",
        "concatenations" => $"SELECT 'a'{Repeat(" || 'a'", Deep)}",
        "ors" => $"SELECT 1{Repeat(" OR 1", 1_000_000)}",
        "ands" => $"SELECT 1{Repeat(" AND 1", 1_000_000)}",
        "additions" => $"SELECT 1{Repeat(" + 1", 1_000_000)}",
        "compounds" => $"SELECT 1{Repeat(" UNION ALL SELECT 1", 20_000)}",
        "casts" => $"SELECT {Repeat("CAST(", Deep)}1{Repeat(" AS INT)", Deep)}",
        "collates" => $"SELECT 'a'{Repeat(" COLLATE NOCASE", Deep)}",
        "rows" => $"SELECT {Repeat("(1, ", Deep)}1{Repeat(")", Deep)}",
        "from" => $"SELECT 1 FROM {Repeat("(", Deep)}t{Repeat(")", Deep)}",
        "json" => $"SELECT json('{Repeat("[", Deep)}{Repeat("]", Deep)}')",
        "arrows" => $"SELECT '[]'{Repeat(" -> 0", Deep)}",
        "between" => $"SELECT 1{Repeat(" BETWEEN 0 AND 1", Deep)}",
        "common tables" => $"{Repeat("WITH a AS (", Deep)}SELECT 1{Repeat(") SELECT 1", Deep)}",
        _ => $"SELECT coalesce({Repeat("NULL, ", Deep)}1)",
    });

    public static TheoryData<string> Huge => new(
        "text", "blob", "digits", "fraction", "identifier", "list", "values", "results", "hex", "comment", "zeroblob", "padding", "replace", "pattern", "glob", "parameter", "path", "exponent");

    [Theory]
    [MemberData(nameof(Huge))]
    public void What_is_huge_is_answered_or_refused(string what) => Refuse(what switch
    {
        "text" => $"SELECT length('{Repeat("a", 10_000_000)}')",
        "blob" => $"SELECT length(x'{Repeat("00", 5_000_000)}')",
        "digits" => $"SELECT {Repeat("9", 1_000_000)}",
        "fraction" => $"SELECT 0.{Repeat("1", 1_000_000)}",
        "identifier" => $"SELECT 1 AS \"{Repeat("a", 1_000_000)}\"",
        "list" => $"SELECT 1 IN ({Repeat("2, ", 100_000)}1)",
        "values" => $"SELECT count(*) FROM (VALUES {Repeat("(1), ", 100_000)}(1))",
        "results" => $"SELECT {Repeat("1, ", 100_000)}1",
        "hex" => $"SELECT 0x{Repeat("f", 100_000)}",
        "comment" => $"SELECT 1 /* {Repeat("* ", 1_000_000)}",
        "zeroblob" => "SELECT zeroblob(9223372036854775807)",
        "padding" => "SELECT printf('%2000000000d', 1)",
        "replace" => "SELECT length(replace(printf('%0100000d', 0), '0', printf('%0100000d', 0)))",
        "pattern" => $"SELECT '{Repeat("a", 30)}' LIKE '{Repeat("%a", 12)}b'",
        "glob" => $"SELECT '{Repeat("a", 30)}' GLOB '{Repeat("*a", 12)}b'",
        "parameter" => "SELECT ?2147483648",
        "path" => $"SELECT json_extract('{{}}', '${Repeat("[0]", Deep)}')",
        _ => "SELECT 1e99999999999999999999, 1e-99999999999999999999",
    });

    public static TheoryData<string> Broken => new(
        "SELECT 'abc", "SELECT \"abc", "SELECT [abc", "SELECT `abc", "SELECT x'12", "SELECT x'1'", "SELECT /* abc", "SELECT (", "SELECT 1 FROM (", "CREATE TABLE t(", "INSERT INTO t VALUES(1, ",
        "SELECT CASE", "SELECT CASE WHEN 1 THEN", "SELECT CAST(1 AS", "WITH a AS (", "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1;", "SELECT 1 +", "SELECT ?a", "SELECT $", "SELECT 0x", "SELECT 1e+",
        "\0", "SELECT\0 1", "\uFEFF", "SELECT '\uD800'", "SELECT \uDFFF", "SELECT 1;;;;\0", "-- only this", "SELECT 1_", "SELECT #", "SELECT count(", "SELECT json('{\"a\":')", "SELECT '\0'", ";");

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_is_broken_off_is_answered_or_refused(string sql) => Refuse(sql);

    [Theory]
    [InlineData("SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b, generate_series(1, 100000) c WHERE a.value + b.value < c.value")]
    [InlineData("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c")]
    [InlineData("WITH RECURSIVE c(x) AS (SELECT 1 UNION SELECT (x + 1) % 1000000007 FROM c) SELECT count(*) FROM c")]
    [InlineData("SELECT sum(a.value * b.value) OVER (ORDER BY a.value % 7) FROM generate_series(1, 100000) a, generate_series(1, 100000) b")]
    [InlineData("SELECT a.value FROM generate_series(1, 10000000) a, generate_series(1, 10000) b ORDER BY random() LIMIT 1")]
    [InlineData("SELECT a.value % 3, count(DISTINCT a.value * b.value) FROM generate_series(1, 100000) a, generate_series(1, 100000) b GROUP BY 1")]
    public async Task What_runs_for_ever_can_be_cancelled(string sql)
    {
        await using SluiceConnection connection = new("Data Source=:memory:");
        await connection.OpenAsync();
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 0;
        using CancellationTokenSource source = new();
        source.CancelAfter(TimeSpan.FromMilliseconds(150));
        var watch = Stopwatch.StartNew();
        Exception error = await Assert.ThrowsAnyAsync<Exception>(() => command.ExecuteScalarAsync(source.Token));
        Assert.True(error is OperationCanceledException or SluiceException { PrimaryCode: ResultCode.Interrupt }, error.ToString());
        Assert.True(watch.Elapsed < s_limit, $"stopped after {watch.Elapsed}");
    }

    private static string Repeat(string text, int times) => new StringBuilder(text.Length * times).Insert(0, text, times).ToString();

    private static void Refuse(string sql)
    {
        Answer? answer = null;
        var watch = Stopwatch.StartNew();
        var thread = new Thread(
            () =>
            {
                using var subject = Subject.Sluice();
                answer = subject.Run(sql);
            },
            StackBytes);
        thread.Start();
        Assert.True(thread.Join(s_limit), $"not done after {watch.Elapsed}");
        Assert.True(answer!.ErrorCode != Answer.Crash || answer.Error.Contains("parameter", StringComparison.OrdinalIgnoreCase), answer.Error);
    }
}
