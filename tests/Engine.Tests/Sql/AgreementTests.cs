using System.Text;
using System.Text.RegularExpressions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Tests.Sql;

/// <summary>The parser takes what SQLite takes and refuses the rest in the same words.</summary>
public sealed partial class AgreementTests
{
    [Fact]
    public void TheReferenceIsTheVersionWeFollow() => Assert.StartsWith("3.5", Reference.Version);

    [Fact]
    public void StatementsAreTakenOrRefusedAsBySqlite()
    {
        using var reference = new Reference(Corpus.Schema);
        var differences = new StringBuilder();
        foreach (string sql in Corpus.Lines)
        {
            string? difference = Difference(reference, sql);
            if (difference is not null)
            {
                differences.AppendLine(difference);
            }
        }

        Assert.Equal("", differences.ToString());
    }

    /// <summary>Statements with words taken out, doubled, exchanged or replaced by other words of the corpus.</summary>
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void MutilatedStatementsToo(int seed)
    {
        using var reference = new Reference(Corpus.Schema);
        var random = new Random(seed);
        string[][] statements = [.. Corpus.Lines.Select(line => Words().Matches(line).Select(match => match.Value).ToArray())];
        string[] pool = [.. statements.SelectMany(words => words).Distinct()];
        var differences = new StringBuilder();
        for (int i = 0; i < 12_000; i++)
        {
            List<string> words = [.. statements[random.Next(statements.Length)]];
            for (int change = random.Next(1, 4); change > 0 && words.Count > 0; change--)
            {
                int at = random.Next(words.Count);
                switch (random.Next(5))
                {
                    case 0:
                        words.RemoveAt(at);
                        break;
                    case 1:
                        words.Insert(at, words[random.Next(words.Count)]);
                        break;
                    case 2:
                        words.Insert(at, pool[random.Next(pool.Length)]);
                        break;
                    case 3:
                        words[at] = pool[random.Next(pool.Length)];
                        break;
                    default:
                        int other = random.Next(words.Count);
                        (words[at], words[other]) = (words[other], words[at]);
                        break;
                }
            }

            // The reference is newer than the version we follow: it knows ALTER TABLE ... ALTER COLUMN.
            if (words.Count(word => word.Equals("ALTER", StringComparison.OrdinalIgnoreCase)) > 1)
            {
                continue;
            }

            string? difference = Difference(reference, string.Join(' ', words));
            if (difference is not null)
            {
                differences.AppendLine(difference);
            }
        }

        Assert.True(differences.Length == 0, $"seed {seed}:\n{differences}");
    }

    /// <summary>Null when both say the same. Where SQLite's complaint is about meaning, the parser has nothing to say.</summary>
    private static string? Difference(Reference reference, string sql)
    {
        string? expected = reference.ErrorOf(sql);
        string? actual = null;
        try
        {
            Parser.Parse(Encoding.UTF8.GetBytes(sql), 0, out _);
        }
        catch (SluiceException e)
        {
            actual = e.Message;
        }

        if (expected is not null && !IsAboutSyntax(expected))
        {
            // SQLite may have stopped at the meaning of a part before the error that we see.
            return null;
        }

        return expected == actual ? null : $"{sql}\n  expected: {expected ?? "ok"}\n  actual:   {actual ?? "ok"}";
    }

    private static bool IsAboutSyntax(string error) =>
        error.Contains("syntax error") || error == "incomplete input" || error.StartsWith("unrecognized token", StringComparison.Ordinal)
        || error.StartsWith("unknown join type", StringComparison.Ordinal) || error.StartsWith("unknown table option", StringComparison.Ordinal)
        || error.StartsWith("variable number", StringComparison.Ordinal) || error.StartsWith("unsupported", StringComparison.Ordinal)
        || error.Contains("clause should come") || error.Contains("is required before") || error.Contains("same number of terms")
        || error.StartsWith("hex literal", StringComparison.Ordinal) || error.Contains("not allowed") || error.Contains("cannot use variables")
        || error.Contains("RETURNING in") || error.Contains("too many") || error.Contains("too large");

    [GeneratedRegex("""'[^']*'|"[^"]*"|\[[^\]]*\]|`[^`]*`|[\w$.]+|<<|>>|<>|<=|>=|==|!=|\|\||->>?|\S""")]
    private static partial Regex Words();
}
