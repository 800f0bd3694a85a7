using Sluice.Engine.Tests.Queries;

namespace Sluice.Engine.Tests.Data;

/// <summary>COMPAT.md is what it says: each row's statement runs on Sluice and on SQLite and does what the row claims.</summary>
public class CompatTests
{
    private static string[] Document => File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "COMPAT.md"));

    public static TheoryData<string, string, string> Rows()
    {
        TheoryData<string, string, string> rows = [];
        foreach (string line in Document)
        {
            // A bar inside a cell is written \|.
            string[] cells = line.Replace("\\|", "\u0001").Split('|').Select(cell => cell.Replace('\u0001', '|').Trim()).ToArray();
            if (cells.Length == 5 && cells[3].StartsWith('`'))
            {
                rows.Add(cells[1], cells[2], cells[3].Trim('`'));
            }
        }

        return rows;
    }

    [Fact]
    public void The_document_has_rows_of_every_kind()
    {
        string[] kinds = [.. Rows().Select(row => Kind((string)row[1])).Distinct().Order()];
        Assert.Equal(["differs", "no", "ours", "yes"], kinds);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_row_is_as_it_says(string part, string here, string statement)
    {
        using Twin twin = new();
        foreach (string setup in Setup())
        {
            (Outcome expected, Outcome made) = twin.Run(setup);
            Assert.True(Twin.Difference(expected, made) is null, $"{setup}: {made}");
        }

        (Outcome sqlite, Outcome ours) = twin.Run(statement);
        switch (Kind(here))
        {
            case "yes":
                Assert.True(sqlite.Error is null, $"{part}: SQLite says {sqlite}");
                Assert.True(Twin.Difference(sqlite, ours) is null, $"{part}: {Twin.Difference(sqlite, ours)}");
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
        Document.SkipWhile(line => line != heading).Skip(2).TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray());

    /// <summary>The one column of a query on Sluice.</summary>
    private static IEnumerable<string> Names(Twin twin, string sql) => twin.Run(sql).Ours.Rows.Select(row => row.Trim('\''));

    private static IEnumerable<string> Words(string cell) => cell.Split(", ", StringSplitOptions.RemoveEmptyEntries);

    private static string Kind(string here) => here.Split(':', ' ')[0];

    private static IEnumerable<string> Setup() =>
        Document.SkipWhile(line => line != "```sql").Skip(1).TakeWhile(line => line != "```").Select(line => line.TrimEnd(';'));
}
