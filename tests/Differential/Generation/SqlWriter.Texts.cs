namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    private static readonly string[] s_formats =
    [
        "%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%x", "%X", "%o", "%#x", "%c", "%s", "%10s|", "%-10s|", "%.2s", "%q", "%Q", "%w", "%f", "%.2f", "%10.3f", "%e", "%.3e", "%g", "%G",
        "%.10g", "%,d", "%!.15g", "%!g", "%i", "%u", "%5.1f%%", "%lld", "%.0f", "%#.3g", "%,.2f", "%z",
    ];

    private string Text(Scope scope, int depth)
    {
        string T() => Operand(scope, Kind.Text, depth);
        string I() => Expression(scope, Kind.Integer, 0);
        string Any() => Expression(scope, AnyKind(), depth);
        return dice.Below(24) switch
        {
            0 or 1 => $"{T()} || {Operand(scope, AnyKind(), depth)}",
            2 => $"{dice.Of("upper", "lower")}({Any()})",
            3 => $"{dice.Of("trim", "ltrim", "rtrim")}({Any()})",
            4 => $"{dice.Of("trim", "ltrim", "rtrim")}({T()}, {T()})",
            5 => $"substr({Any()}, {I()})",
            6 => $"{dice.Of("substr", "substring")}({Any()}, {I()}, {I()})",
            7 => $"replace({T()}, {T()}, {T()})",
            8 => $"hex({Any()})",
            9 => $"quote(CAST({Any()} AS {dice.Of("TEXT", "BLOB", "INTEGER")}))",
            10 => $"typeof({Any()})",
            11 => $"printf('{dice.Of(s_formats)}', {Any()})",
            12 => $"format('%s-%d-{dice.Of(s_formats)}', {Any()}, {Any()}, {Any()})",
            13 => $"char({dice.Between(33, 1000)}, {dice.Between(33, 126)})",
            14 => $"concat({Any()}, {Any()})",
            15 => $"concat_ws({T()}, {Any()}, {Any()}, {Any()})",
            16 => $"CAST({Any()} AS TEXT)",
            17 => $"substr({T()}, -{dice.Between(0, 4)}, {dice.Between(-3, 4)})",
            18 or 19 => JsonText(scope, depth),
            20 or 21 => DateText(scope, depth),
            22 => $"hex(zeroblob({dice.Between(-1, 5)}))",
            _ => $"{T()} COLLATE {Collation()}",
        };
    }

    private string Blob(Scope scope, int depth)
    {
        string Any() => Expression(scope, AnyKind(), depth);
        return dice.Below(5) switch
        {
            0 => $"CAST({Any()} AS BLOB)",
            1 => $"unhex('{dice.Of("61", "6162", "61-62", "6", "", "zz")}')",
            2 => $"unhex('61-62 63', '{dice.Of("- ", "-", " ")}')",
            3 => $"substr({dice.Of(s_blobs)}, {dice.Between(-2, 3)}, {dice.Between(-2, 3)})",
            _ => $"jsonb({JsonDocument(scope, depth)})",
        };
    }
}
