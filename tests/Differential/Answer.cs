using System.Globalization;
using System.Text;

namespace Sluice.Differential;

/// <summary>What came of a statement.</summary>
/// <param name="Columns">Names.</param>
/// <param name="Rows">Values: null, long, double, string or byte[].</param>
/// <param name="Changed">Rows that a change changed; 0 for queries.</param>
/// <param name="ErrorCode">The extended result code, 0 when it went well, -1 for an exception that is no answer to a statement.</param>
/// <param name="Error">Its words.</param>
internal sealed record Answer(IReadOnlyList<string> Columns, IReadOnlyList<object?[]> Rows, int Changed, int ErrorCode, string Error)
{
    public const int Crash = -1;

    private const int ShownWhole = 8;

    private const int MostShown = 20;

    public static Answer Failed(int code, string message) => new([], [], 0, code, message);

    /// <summary>The answer with its rows, of many only those that <paramref name="other"/> has not.</summary>
    public string Beside(Answer other)
    {
        if (ErrorCode != 0)
        {
            return $"error {ErrorCode}: {Error}";
        }

        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Rows.Count} rows");
        if (Changed > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $", {Changed} changed");
        }

        text.Append(": ").AppendJoin(", ", Columns);
        HashSet<string> common = [.. Rows.Count > ShownWhole ? other.Rows.Select(Line) : []];
        List<string> lines = [.. Rows.Select(Line).Where(line => !common.Contains(line))];
        foreach (string line in lines.Take(MostShown))
        {
            text.Append("\n    ").Append(line);
        }

        return text.Append(lines.Count > MostShown ? "\n    ..." : lines.Count < Rows.Count ? "\n    and others that are on both sides" : "").ToString();
    }

    private static string Line(object?[] row) => string.Join(" | ", row.Select(Show));

    /// <summary>A value with its type, as SQL would write it.</summary>
    public static string Show(object? value) => value switch
    {
        null => "NULL",
        long integer => integer.ToString(CultureInfo.InvariantCulture),
        double real => Real(real),
        string text => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'",
        byte[] bytes => $"x'{Convert.ToHexString(bytes)}'",
        _ => $"{value.GetType().Name} {value}",
    };

    private static string Real(double real)
    {
        string text = real.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny('.', 'E', 'I') ? text : text + ".0";
    }
}
