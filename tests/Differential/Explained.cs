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
            "substr() of SQLite 3.53 takes 64-bit positions; 3.50 and Sluice take the low 32 bits",
            (_, difference) => difference.What is "values" or "order of rows" && LargeSubstring().IsMatch(difference.Step.Sql)),
        (
            "not answered within the 30 s of a command: too slow here, which no answer of SQLite's can tell to be wrong",
            (_, difference) => difference.Ours.ErrorCode == Interrupted),
        (
            "SQLite leaves headers in JSONB that are longer than they need be when it has changed what they are for",
            (@case, difference) => difference.What is "values" or "order of rows" && @case.Steps.Any(step => step.Sql.Contains("jsonb_", StringComparison.Ordinal)) && HasOnlyBlobs(difference)),
        (
            "quote() and JSON of SQLite 3.53 write reals with 17 digits where 15 are not exact; 3.50 and Sluice write them with more, or shorter",
            (_, difference) => difference.What == "values" && SameButForDigits(difference)),
        (
            "jsonb() of a text that a JSON function made has JSON5 numbers as they were first written: SQLite finds that text among the last it has read",
            (_, difference) => difference.Step.Sql.Contains("jsonb", StringComparison.Ordinal) && Json5Number().IsMatch(difference.Step.Sql)),
        (
            "of values that are equal (1 and 1.0, 'a' and 'A' by NOCASE) any may stand for all in DISTINCT, GROUP BY and compounds; SQLite shows an integer in a compound as a real where the first SELECT has a REAL column, and whole reals as integers in RETURNING f(x)",
            (@case, difference) => difference.What == "values" && SameButForEquals(difference) && (Merging().IsMatch(difference.Step.Sql)
                || @case.Steps.Any(step => step.Sql.StartsWith("CREATE VIEW", StringComparison.Ordinal) && Merging().IsMatch(step.Sql)))),
        (
            "SQLite gives another answer, too, when it goes through the tables in another order, without an index or without its optimizations",
            Replay.IsUndecided),
    ];

    /// <summary>Why it is no fault, or null.</summary>
    public static string? Reason(Case @case, Difference difference) =>
        Array.Find(s_reasons, reason => reason.Is(@case, difference)).Reason;

    [GeneratedRegex(@"\b(UNION|INTERSECT|EXCEPT)\b.*\bGROUP BY\b.*\bORDER BY\b.*\bCOLLATE\b")]
    private static partial Regex CompoundWithGroups();

    [GeneratedRegex(@"[\[:,]\.[0-9]|[:,]\+[0-9]")]
    private static partial Regex Json5Number();

    [GeneratedRegex(@"\b(UNION|INTERSECT|EXCEPT|DISTINCT|GROUP BY|RETURNING)")]
    private static partial Regex Merging();

    [GeneratedRegex(@"\bsubstr(ing)?\(.*[0-9]{10}")]
    private static partial Regex LargeSubstring();

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

    private static bool SameButForEquals(Difference difference) =>
        Comparison.Difference(difference.Step, Representative(difference.Theirs), Representative(difference.Ours)) is null;

    private static Answer Representative(Answer answer) => answer with
    {
        Rows = [.. answer.Rows.Select(row => Array.ConvertAll(row, value => value switch
        {
            long integer => (double)integer,
            string text => text.TrimEnd(' ').ToUpperInvariant(),
            _ => value,
        }))],
    };

    [GeneratedRegex(@"[0-9]+\.[0-9]+(?:e[+-]?[0-9]+)?")]
    private static partial Regex RealNumber();

    private static bool SameButForDigits(Difference difference) =>
        Comparison.Difference(difference.Step, Rounded(difference.Theirs), Rounded(difference.Ours)) is null;

    private static Answer Rounded(Answer answer) => answer with
    {
        Rows = [.. answer.Rows.Select(row => Array.ConvertAll(row, value => value is string text ? RealNumber().Replace(text, Round) : value))],
    };

    private static string Round(Match number) => double.Parse(number.Value, CultureInfo.InvariantCulture).ToString("E13", CultureInfo.InvariantCulture);
}
