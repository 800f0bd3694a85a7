using Sluice.Engine.Tests.Queries;
using Xunit.Abstractions;

namespace Sluice.Engine.Tests.Data;

/// <summary>COMPAT.md is what it says: the statements of each row run on Sluice and on SQLite and do what the row claims.</summary>
public class CompatTests(ITestOutputHelper output)
{
    private static readonly string[] s_kinds = ["yes", "refused", "differs", "no", "ours"];

    private static string[] Document => File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "COMPAT.md"));

    /// <summary>What, kind and proof of each row of the tables that have all three.</summary>
    private static IEnumerable<(string Part, string Kind, string Proof)> Claims() =>
        Document.Select(Cells).Where(cells => cells.Length == 3 && s_kinds.Contains(Kind(cells[1]))).Select(cells => (cells[0], Kind(cells[1]), cells[2]));

    public static TheoryData<string, string, string> Rows()
    {
        TheoryData<string, string, string> rows = [];
        foreach ((string part, string kind, string proof) in Claims().Where(claim => !IsTest(claim.Proof)))
        {
            rows.Add(part, kind, proof.Trim('`'));
        }

        return rows;
    }

    [Fact]
    public void The_rows_are_counted_and_each_has_its_proof()
    {
        (string Part, string Kind, string Proof)[] claims = [.. Claims()];
        HashSet<string> tests = [.. typeof(CompatTests).Assembly.GetTypes().Select(type => type.Name)];
        Assert.All(claims, claim => Assert.True(claim.Proof.StartsWith('`') && (!IsTest(claim.Proof) || TestsOf(claim.Proof).All(tests.Contains)), $"{claim.Part}: {claim.Proof}"));

        int[] counts = [.. s_kinds.Select(kind => claims.Count(claim => claim.Kind == kind))];
        string sentence = $"Of {claims.Length} rows {counts[0]} say yes, {counts[1]} refused, {counts[2]} differs, {counts[3]} no and {counts[4]} ours";
        output.WriteLine(sentence);
        foreach ((string part, string kind, _) in claims.Where(claim => claim.Kind is "differs" or "no"))
        {
            output.WriteLine($"  {kind}: {part}");
        }

        Assert.Contains(sentence, string.Join(' ', Document));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_row_is_as_it_says(string part, string kind, string statements)
    {
        using Twin twin = new();
        foreach (string setup in Setup())
        {
            (Outcome expected, Outcome made) = twin.Run(setup);
            Assert.True(Twin.Difference(expected, made) is null, $"{setup}: {made}");
        }

        (Outcome sqlite, Outcome ours) = twin.Run(statements);
        switch (kind)
        {
            case "yes":
                Assert.True(sqlite.Error is null, $"{part}: SQLite says {sqlite}");
                Assert.True(Twin.Difference(sqlite, ours) is null, $"{part}: {Twin.Difference(sqlite, ours)}\nSQLite {sqlite}\nSluice {ours}");
                break;
            case "refused":
                Assert.True(sqlite.Error is not null, $"{part}: SQLite takes it: {sqlite}");
                Assert.True(sqlite.Error == ours.Error, $"{part}:\nSQLite {sqlite}\nSluice {ours}");
                break;
            case "no":
                Assert.True(ours.Error is not null, $"{part} is there, but the document says no");
                break;
            default:
                Assert.True(ours.Error is null, $"{part}: {ours}");
                break;
        }
    }

    [Fact]
    public void Every_function_is_listed_and_no_other()
    {
        string[][] rows = [.. Lists("| page | here | not here |")];
        using Twin twin = new();
        string[] made = [.. Names(twin, "SELECT DISTINCT name FROM pragma_function_list UNION SELECT name FROM pragma_module_list")];
        Assert.Equal(made.Order(StringComparer.Ordinal), rows.SelectMany(row => Words(row[1])).Distinct().Order(StringComparer.Ordinal));
        Assert.Empty(rows.SelectMany(row => Words(row[2])).Intersect(made));
    }

    [Fact]
    public void Every_PRAGMA_is_listed_and_no_other()
    {
        string[][] rows = [.. Lists("| PRAGMAs | here |")];
        using Twin twin = new();
        string[] silent = [.. Words(rows.Single(row => row[0].StartsWith("nothing", StringComparison.Ordinal))[1])];
        string[] listed = [.. rows.SelectMany(row => Words(row[1]))];
        Assert.Equal(listed.Length, listed.Distinct().Count());
        Assert.Equal(
            Names(twin, "SELECT name FROM pragma_pragma_list").Order(StringComparer.Ordinal),
            listed.Except(silent).Order(StringComparer.Ordinal));
    }

    /// <summary>The rows below a heading, without the line under it.</summary>
    private static IEnumerable<string[]> Lists(string heading) =>
        Document.SkipWhile(line => line != heading).Skip(2).TakeWhile(line => line.StartsWith('|')).Select(Cells);

    /// <summary>The cells of a line of a table; a bar inside of one is written \|. None of any other line.</summary>
    private static string[] Cells(string line) => line.StartsWith('|')
        ? [.. line.Replace("\\|", "\u0001", StringComparison.Ordinal).Trim('|').Split('|').Select(cell => cell.Replace('\u0001', '|').Trim())]
        : [];

    /// <summary>The one column of a query on Sluice.</summary>
    private static IEnumerable<string> Names(Twin twin, string sql) => twin.Run(sql).Ours.Rows.Select(row => row.Trim('\''));

    private static IEnumerable<string> Words(string cell) => cell.Split(", ", StringSplitOptions.RemoveEmptyEntries);

    private static string Kind(string here) => here.Split(':', ' ')[0];

    /// <summary>Whether a row is shown by tests, by their names, rather than by statements.</summary>
    private static bool IsTest(string proof) => proof.EndsWith("Tests`", StringComparison.Ordinal);

    private static IEnumerable<string> TestsOf(string proof) => Words(proof).Select(name => name.Trim('`'));

    private static IEnumerable<string> Setup() =>
        Document.SkipWhile(line => line != "```sql").Skip(1).TakeWhile(line => line != "```").Select(line => line.TrimEnd(';'));
}
