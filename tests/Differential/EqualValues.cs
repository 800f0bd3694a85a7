using System.Text.RegularExpressions;

namespace Sluice.Differential;

/// <summary>Answers that differ in nothing but which of several equal values they show.</summary>
internal static partial class EqualValues
{
    /// <summary>
    /// Whether each value of the engine's that differs from SQLite's is there in its column where SQLite merges no rows; of a key of GROUP BY,
    /// in the tables. What is computed of merged rows, as sums are, is in neither but by chance.
    /// </summary>
    public static bool StandForOthers(Case @case, Difference difference)
    {
        bool hasNoCase = Explained.HasInCase(@case, difference, NoCase());
        bool hasRTrim = Explained.HasInCase(@case, difference, RTrim());
        object? Representative(object? value) => value switch
        {
            long integer => (double)integer,
            string text when hasNoCase => (hasRTrim ? text.TrimEnd(' ') : text).ToUpperInvariant(),
            string text when hasRTrim => text.TrimEnd(' '),
            _ => value,
        };
        if (Pairs(difference, Representative) is not { Count: > 0 } pairs)
        {
            return false;
        }

        IReadOnlyList<object?[]> all = Replay.Rewritten(@case, difference, Writing.WithAllRows).Rows;
        Lazy<HashSet<string>> stored = new(() => Stored(@case, difference));
        return pairs.TrueForAll(pair => all.Any(row => Answer.Show(row[pair.Column]) == Answer.Show(pair.Ours))
            || (IsPlain(difference, pair.Column) && stored.Value.Contains(Answer.Show(pair.Ours))));
    }

    /// <summary>Whether SQLite shows as reals what are integers here, all of them in the tables or written in the statement.</summary>
    public static bool AreRealInSqlite(Case @case, Difference difference)
    {
        if (Pairs(difference, value => value is long integer ? (double)integer : value) is not { Count: > 0 } pairs)
        {
            return false;
        }

        HashSet<string> stored = Stored(@case, difference);
        stored.UnionWith(Integer().Matches(difference.Step.Sql).Select(match => match.Value));
        return pairs.TrueForAll(pair => pair is { Theirs: double, Ours: long } && stored.Contains(Answer.Show(pair.Ours)));
    }

    /// <summary>Whether SQLite shows as integers what are reals here.</summary>
    public static bool AreIntegersInSqlite(Difference difference) =>
        Pairs(difference, value => value is long integer ? (double)integer : value) is { Count: > 0 } pairs && pairs.TrueForAll(pair => pair is { Theirs: long, Ours: double });

    /// <summary>The values that differ, where the answers are the same when each is replaced, else null.</summary>
    private static List<(int Column, object? Theirs, object? Ours)>? Pairs(Difference difference, Converter<object?, object?> replace)
    {
        Difference bag = Explained.AsBag(difference);
        if (!Explained.SameBut(bag, replace))
        {
            return null;
        }

        IEnumerable<object?[]> Sorted(Answer answer) => answer.Rows.OrderBy(row => Comparison.Rounded(Array.ConvertAll(row, replace)), StringComparer.Ordinal);
        return
        [
            .. Sorted(bag.Theirs).Zip(Sorted(bag.Ours)).SelectMany(pair => pair.First.Zip(pair.Second).Select((values, column) => (Column: column, Theirs: values.First, Ours: values.Second)))
                .Where(pair => pair is not { Theirs: double, Ours: double } && Answer.Show(pair.Theirs) != Answer.Show(pair.Ours)),
        ];
    }

    private static HashSet<string> Stored(Case @case, Difference difference) => [.. Replay.Contents(@case, difference).Select(Answer.Show)];

    /// <summary>Whether a column of the answer is, or comes from, a column alone: neither an aggregate nor anything else that is computed.</summary>
    private static bool IsPlain(Difference difference, int column)
    {
        string name = Regex.Escape(difference.Theirs.Columns[column]);
        MatchCollection results = Regex.Matches(difference.Step.Sql, $@"(?<plain>(?:SELECT|DISTINCT|,) [\w.]+(?: COLLATE \w+)?)? AS {name}\b");
        return results.Count > 0 && results[0].Groups["plain"].Success;
    }

    [GeneratedRegex(@"\bNOCASE\b")]
    private static partial Regex NoCase();

    [GeneratedRegex(@"\bRTRIM\b")]
    private static partial Regex RTrim();

    [GeneratedRegex(@"(?<![\w.])-?[0-9]+\b(?!\.)")]
    private static partial Regex Integer();
}
