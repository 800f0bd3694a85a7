using System.Globalization;
using System.Text;

namespace Sluice.Differential;

/// <summary>Whether two answers to one statement are the same, as far as its text decides them.</summary>
internal static class Comparison
{
    /// <summary>Sums of reals depend on the order in which rows come; more than this, relative to the value, they may not differ.</summary>
    private const double SumTolerance = 1e-11;

    /// <summary>SQLITE_CONSTRAINT.</summary>
    private const int Constraint = 19;

    /// <summary>Null when they are the same, else what is different in a few words.</summary>
    public static string? Difference(Step step, Answer theirs, Answer ours)
    {
        if (ours.ErrorCode == Answer.Crash)
        {
            return "exception";
        }

        if (theirs.ErrorCode != ours.ErrorCode)
        {
            return theirs.ErrorCode == 0 ? "error here only" : ours.ErrorCode == 0 ? "error in SQLite only" : "other error";
        }

        if (theirs.ErrorCode != 0)
        {
            // Of several mistakes in one statement each finds another one first; what a constraint says is the same.
            return theirs.Error == ours.Error || (theirs.ErrorCode & 0xff) != Constraint ? null : "other message";
        }

        if (!theirs.Columns.SequenceEqual(ours.Columns, StringComparer.Ordinal))
        {
            return "columns";
        }

        if (theirs.Rows.Count != ours.Rows.Count)
        {
            return "number of rows";
        }

        if (theirs.Changed != ours.Changed)
        {
            return "number of changed rows";
        }

        if (step.Order is RowOrder.Keys or RowOrder.KeysOnly && !SameKeys(step.Keys!, theirs, ours))
        {
            return "order of rows";
        }

        bool isSum = HasSum(step.Sql);
        IEnumerable<object?[]> left = theirs.Rows;
        IEnumerable<object?[]> right = ours.Rows;
        if (step.Order is RowOrder.KeysOnly)
        {
            return null;
        }

        if (step.Order is not RowOrder.Total)
        {
            left = left.OrderBy(Rounded, StringComparer.Ordinal);
            right = right.OrderBy(Rounded, StringComparer.Ordinal);
        }

        return left.Zip(right).All(pair => pair.First.Zip(pair.Second).All(values => Same(values.First, values.Second, isSum))) ? null : "values";
    }

    /// <summary>Whether each row of the one, its reals rounded, is there in the other, too, however often.</summary>
    public static bool HasSameSet(Answer theirs, Answer ours) =>
        theirs.Rows.Select(Rounded).ToHashSet(StringComparer.Ordinal).SetEquals(ours.Rows.Select(Rounded));

    /// <summary>The columns that have other values, whatever the rows in which these stand; none where an answer is an error.</summary>
    public static IEnumerable<int> DifferentColumns(Step step, Answer theirs, Answer ours)
    {
        IEnumerable<string> Column(Answer answer, int column) => answer.Rows.Select(row => Rounded([row[column]])).Order(StringComparer.Ordinal);
        IEnumerable<int> columns = step.Order is RowOrder.KeysOnly ? step.Keys! : Enumerable.Range(0, theirs.Columns.Count);
        return columns.Where(column => column < Math.Min(theirs.Columns.Count, ours.Columns.Count) && !Column(theirs, column).SequenceEqual(Column(ours, column)));
    }

    /// <summary>A row as a text to sort by, in which sums that differ by rounding only are the same.</summary>
    public static string Rounded(object?[] row)
    {
        StringBuilder text = new();
        foreach (object? value in row)
        {
            // 0.0 and -0.0 are equal.
            text.Append(value is double real ? (real + 0.0).ToString("E8", CultureInfo.InvariantCulture) : Answer.Show(value)).Append('|');
        }

        return text.ToString();
    }

    private static bool HasSum(string sql) =>
        sql.Contains("sum(", StringComparison.Ordinal) || sql.Contains("avg(", StringComparison.Ordinal) || sql.Contains("total(", StringComparison.Ordinal);

    private static bool Same(object? a, object? b, bool isSum) => (a, b) switch
    {
        (null, null) => true,
        (long x, long y) => x == y,
        (double x, double y) => x.Equals(y) || (isSum && Math.Abs(x - y) <= SumTolerance * Math.Max(Math.Abs(x), Math.Abs(y))),
        (string x, string y) => x == y,
        (byte[] x, byte[] y) => x.AsSpan().SequenceEqual(y),
        _ => false,
    };

    /// <summary>Keys that compare as equal may still be other values: 1 and 1.0, or 'a' and 'A' where the collation says so.</summary>
    private static bool SameKeys(IReadOnlyList<int> keys, Answer theirs, Answer ours)
    {
        for (int i = 0; i < theirs.Rows.Count; i++)
        {
            foreach (int key in keys.Where(key => key < theirs.Columns.Count))
            {
                bool same = (theirs.Rows[i][key], ours.Rows[i][key]) switch
                {
                    (long x, double y) => x == y,
                    (double x, long y) => x == y,
                    (double x, double y) => Same(x, y, isSum: true),
                    (string x, string y) => string.Equals(x.TrimEnd(' '), y.TrimEnd(' '), StringComparison.OrdinalIgnoreCase),
                    var (x, y) => Same(x, y, isSum: false),
                };
                if (!same)
                {
                    return false;
                }
            }
        }

        return true;
    }
}
