using System.Globalization;
using System.Text.RegularExpressions;

namespace Sluice.Differential;

/// <summary>The differences that are no faults, each with its reason: the one place for them.</summary>
internal static partial class Explained
{
    /// <summary>SQLITE_INTERRUPT.</summary>
    private const int Interrupted = 9;

    private static readonly (string Reason, Func<Case, Difference, bool> Is)[] s_reasons =
    [
        (
            "SQLite does not find a column that GROUP BY names in the last part of a compound whose ORDER BY has a COLLATE: a fault of SQLite, 3.40 and 3.53 alike",
            (_, difference) => difference.What == "error in SQLite only"
                && difference.Theirs.Error.StartsWith("no such column: ", StringComparison.Ordinal)
                && CompoundWithGroups().IsMatch(difference.Step.Sql)),
        (
            "what SQLite finds to be a constant whole number while it prepares a statement is the number of a result in GROUP BY, also if it is no literal",
            (_, difference) => difference.What == "error in SQLite only" && difference.Theirs.Error.Contains("GROUP BY term out of range", StringComparison.Ordinal)),
        (
            "after a wrong type SQLite leaves what an OR ROLLBACK statement, or any UPDATE of a STRICT table, had changed until then",
            (@case, difference) => @case.Steps[difference.At] is var step && step != difference.Step && step.Sql.StartsWith("UPDATE ", StringComparison.Ordinal)
                && (ConflictClause().IsMatch(step.Sql) || FailsByType(@case, difference.At))),
        (
            "not answered within the 30 s of a command, but rightly within 300 s: too slow here",
            (@case, difference) => difference.Ours.ErrorCode == Interrupted && Replay.IsOnlySlow(@case, difference)),
        (
            "SQLite leaves headers in JSONB that are longer than they need be when it has changed what they are for: as JSON text the answers are the same",
            (@case, difference) => difference.What is "values" or "order of rows" && HasInCase(@case, difference, JsonbEdit()) && SameButForBinary(AsBag(difference), value => value)),
        (
            "quote() and JSON of SQLite 3.53 write reals with 17 digits where 15 are not exact; 3.50 and Sluice write them with more, or shorter",
            (@case, difference) => difference.What is "values" or "order of rows" && HasInCase(@case, difference, WritesNumbers()) && SameButForDigits(AsBag(difference))),
        (
            "jsonb() of a text that a JSON function made has JSON5 numbers as they were first written: SQLite finds that text among the last it has read",
            (_, difference) => difference.What is "values" or "order of rows" && difference.Step.Sql.Contains("jsonb", StringComparison.Ordinal)
                && Json5Number().IsMatch(difference.Step.Sql) && (HasOnlyBlobs(difference) || SameButForJson5(difference))),
        (
            "SQLite does not look at what stands beside a condition that is false as it is written, so that names in it may mean nothing or two things",
            (@case, difference) => difference.What == "error here only" && NotFound().IsMatch(difference.Ours.Error)
                && Replay.IsDecidedByWriting(@case, difference, Writing.WithComputedConditions)),
        (
            "SQLite does not know the aggregates of a SELECT with window functions within its subqueries",
            (@case, difference) => IsMisuseOfAggregate(difference) && HasInCase(@case, difference, Windowed())),
        (
            "SQLite makes of the rows of IN ((...), (...)) SELECTs of their own, in which an aggregate of constants has no place",
            (@case, difference) => IsMisuseOfAggregate(difference) && HasInCase(@case, difference, InRows())),
        (
            "SQLite makes of an aggregate's number a text, wherever it is used, when it looks for it in a column of texts: its answer is Sluice's where it looks for a copy",
            (@case, difference) => Replay.IsDecidedByWriting(@case, difference, Writing.WithCopiesOfAggregates)),
        (
            "SQLite loses rows of an outer join whose ON has LIKE or GLOB about an INTEGER PRIMARY KEY: its answer is Sluice's where the pattern is computed",
            (@case, difference) => HasInCase(@case, difference, OuterJoin()) && Replay.IsDecidedByWriting(@case, difference, Writing.WithComputedPatterns)),
        (
            "SQLite does not see a NULL among the values of IN when it finds them by a DESC index: its answer is Sluice's where the index is ascending",
            (@case, difference) => HasInCase(@case, difference, InSelect()) && Replay.IsDecidedByWriting(@case, difference, Writing.WithAscendingIndexes)),
        (
            "a subquery of RETURNING about the changed table is answered once in SQLite, before most rows have changed, where it has that table not in its own FROM but further within",
            (@case, difference) => difference.What == "values" && @case.Steps[difference.At] == difference.Step && NestedInReturning().Match(difference.Step.Sql) is { Success: true } match
                && Regex.IsMatch(match.Groups["subquery"].Value, $@"\b(FROM|JOIN|,) ?{match.Groups["table"].Value}\b")),
        (
            "sums of reals over moving windows differ in the last digits, and DISTINCT, UNION and groups tell them apart: rounded, the same rows are there",
            (@case, difference) => difference.What == "number of rows" && Merging().IsMatch(difference.Step.Sql) && HasInCase(@case, difference, SumOverWindow())
                && Comparison.HasSameSet(difference.Theirs, difference.Ours)),
        (
            "what json_each and json_tree give is no longer JSON, but a text to quote, when SQLite has sorted it for a GROUP BY",
            (@case, difference) => difference.What == "values" && HasInCase(@case, difference, GroupedJson()) && SameBut(difference, Unquoted)),
        (
            "SQLite gives another answer, too, when it goes through the tables in another order, without an index or without its optimizations",
            Replay.IsUndecided),
        (
            "of values that are equal (1 and 1.0, 'a' and 'A' by NOCASE) any may stand for all in DISTINCT, GROUP BY and compounds: it is there before they are merged",
            (@case, difference) => Merges(@case, difference, Merging()) && EqualValues.StandForOthers(@case, difference)),
        (
            "which of the texts that are equal UNION keeps shows where GROUP BY tells them apart: compared by their bytes everywhere, there is one answer",
            (@case, difference) => difference.What == "number of rows" && HasInCase(@case, difference, Collation()) && HasInCase(@case, difference, UnionInGroups())
                && Replay.IsSameByWriting(@case, difference, Writing.WithBytesCompared)),
        (
            "SQLite shows an integer of a table in a compound as a real where the first SELECT has a REAL column",
            (@case, difference) => Merges(@case, difference, Compound()) && HasInCase(@case, difference, RealColumn()) && EqualValues.AreRealInSqlite(@case, difference)),
        (
            "SQLite gives a whole real as an integer in RETURNING f(x)",
            (_, difference) => difference.What == "values" && Returning().IsMatch(difference.Step.Sql) && EqualValues.AreIntegersInSqlite(difference)),
    ];

    /// <summary>Why it is no fault, or null.</summary>
    public static string? Reason(Case @case, Difference difference) =>
        Array.Find(s_reasons, reason => reason.Is(@case, difference)).Reason;

    [GeneratedRegex(@"\b(UNION|INTERSECT|EXCEPT)\b.*\bGROUP BY\b.*\bORDER BY\b.*\bCOLLATE\b")]
    private static partial Regex CompoundWithGroups();

    [GeneratedRegex(@"[\[:,]\.[0-9]|[:,]\+[0-9]")]
    private static partial Regex Json5Number();

    [GeneratedRegex(@"\b(UNION|INTERSECT|EXCEPT|DISTINCT|GROUP BY)\b")]
    private static partial Regex Merging();

    [GeneratedRegex(@"\b(UNION|INTERSECT|EXCEPT)\b")]
    private static partial Regex Compound();

    [GeneratedRegex(@"\bUNION\b(?! ALL).*\bGROUP BY\b|\bGROUP BY\b.*\bUNION\b(?! ALL)")]
    private static partial Regex UnionInGroups();

    [GeneratedRegex(@"\b(NOCASE|RTRIM)\b")]
    private static partial Regex Collation();

    [GeneratedRegex(@"^CREATE TABLE .*\b(REAL|DOUBLE|FLOAT)\b")]
    private static partial Regex RealColumn();

    [GeneratedRegex(@"^(INSERT|REPLACE|UPDATE|DELETE)\b.*\bRETURNING\b")]
    private static partial Regex Returning();

    [GeneratedRegex(@"\bquote\s*\(|json")]
    private static partial Regex WritesNumbers();

    [GeneratedRegex(@"^UPDATE OR ROLLBACK ")]
    private static partial Regex ConflictClause();

    /// <summary>Whether SQLite refuses a step for a wrong type (SQLITE_MISMATCH, SQLITE_CONSTRAINT_DATATYPE).</summary>
    private static bool FailsByType(Case @case, int at)
    {
        using var sqlite = Subject.Sqlite();
        Answer answer = Answer.Failed(0, "");
        foreach (Step step in @case.Steps.Take(at + 1).Where(step => step.Kind is not StepKind.Ours))
        {
            answer = sqlite.Run(step.Sql);
        }

        return answer.ErrorCode is 20 or 3091;
    }

    /// <summary>Whether the two answers differ in blobs alone, or in what hex() shows of them.</summary>
    private static bool HasOnlyBlobs(Difference difference) =>
        Comparison.Difference(difference.Step with { Order = RowOrder.None }, WithoutBlobs(difference.Theirs), WithoutBlobs(difference.Ours)) is null;

    private static Answer WithoutBlobs(Answer answer) => answer with
    {
        Rows = [.. answer.Rows.Select(row => Array.ConvertAll(row, value => value is byte[] || (value is string text && text.Length > 1 && text.All(char.IsAsciiHexDigit)) ? null : value))],
    };

    private static object? Unquoted(object? value) =>
        value is string text ? text.Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal) : value;

    public static Difference AsBag(Difference difference) => difference with { Step = difference.Step with { Order = RowOrder.None } };

    private static bool SameButForJson5(Difference difference) => SameBut(difference, value => value is string text ? Json5Point().Replace(text, "${1}0.").Replace("+", "") : value);

    /// <summary>Whether the statement, or a view that it may use, has a query of a form, and the values differ, perhaps with their places.</summary>
    private static bool Merges(Case @case, Difference difference, Regex form) => difference.What is "values" or "order of rows" && HasInCase(@case, difference, form);

    /// <summary>Whether the two answers are the same when each value is replaced.</summary>
    public static bool SameBut(Difference difference, Converter<object?, object?> replace)
    {
        Answer Replaced(Answer answer) => answer with { Rows = [.. answer.Rows.Select(row => Array.ConvertAll(row, replace))] };
        return Comparison.Difference(difference.Step, Replaced(difference.Theirs), Replaced(difference.Ours)) is null;
    }

    private static bool IsMisuseOfAggregate(Difference difference) =>
        difference.What == "error in SQLite only" && difference.Theirs.Error.StartsWith("misuse of aggregate: ", StringComparison.Ordinal);

    /// <summary>Whether the statement, or the definition of a table, view or index that it may use, is of a form.</summary>
    public static bool HasInCase(Case @case, Difference difference, Regex form) =>
        form.IsMatch(difference.Step.Sql)
        || @case.Steps.Take(difference.At).Any(step => step.Sql.StartsWith("CREATE ", StringComparison.Ordinal) && form.IsMatch(step.Sql));

    [GeneratedRegex(@"\b(OVER|WINDOW)\b")]
    private static partial Regex Windowed();

    [GeneratedRegex(@"\bIN\s*\(\s*\(")]
    private static partial Regex InRows();

    [GeneratedRegex(@"\bIN\s*\(\s*(SELECT|WITH)\b")]
    private static partial Regex InSelect();

    [GeneratedRegex(@"\bjson_group_array\b.*\bjson_(each|tree)\(.*\bGROUP BY\b")]
    private static partial Regex GroupedJson();

    [GeneratedRegex(@"\bjsonb_(set|insert|replace)\s*\(")]
    private static partial Regex JsonbEdit();

    [GeneratedRegex(@"\b(LEFT|RIGHT|FULL)\b")]
    private static partial Regex OuterJoin();

    [GeneratedRegex(@"^(INSERT|REPLACE|UPDATE|DELETE)\b.*?\b(?<table>t[0-9]+)\b.*\bRETURNING\b(?<subquery>.*\bSELECT\b.*)")]
    private static partial Regex NestedInReturning();

    [GeneratedRegex(@"^(no such |ambiguous column name: )")]
    private static partial Regex NotFound();

    [GeneratedRegex(@"\b(sum|total|avg)\s*\(.*\bOVER\b")]
    private static partial Regex SumOverWindow();

    [GeneratedRegex(@"(^|[^0-9])\.")]
    private static partial Regex Json5Point();

    [GeneratedRegex(@"[0-9]+\.[0-9]+(?:e[+-]?[0-9]+)?")]
    private static partial Regex RealNumber();

    private static bool SameButForDigits(Difference difference) =>
        SameButForBinary(difference, value => value is string text ? RealNumber().Replace(text, Round) : value);

    /// <summary>Whether the two answers are the same when JSONB, also what hex() shows of it, is the text that SQLite makes of it, and each value is then replaced.</summary>
    private static bool SameButForBinary(Difference difference, Converter<object?, object?> replace)
    {
        using var sqlite = Subject.Sqlite();
        object? AsText(string bytes, object? otherwise) => sqlite.Run($"SELECT json(x'{bytes}')") is { Rows: [[string json]] } ? json : otherwise;
        return SameBut(difference, value => replace(value switch
        {
            byte[] bytes => AsText(Convert.ToHexString(bytes), value),
            string { Length: > 1 } text when text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit) => AsText(text, value),
            _ => value,
        }));
    }

    private static string Round(Match number) => double.Parse(number.Value, CultureInfo.InvariantCulture).ToString("E13", CultureInfo.InvariantCulture);
}
