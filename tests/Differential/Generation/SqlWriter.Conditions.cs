namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    private static readonly string[] s_comparisons = ["=", "=", "=", "==", "<>", "!=", "<", "<=", ">", ">=", "IS", "IS NOT", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"];

    private static readonly string[] s_patterns = ["a%", "%b%", "_b_", "A_C", "%", "", "1%", "%0", "abc", "ABC%", "Ä", "%c", "__", "%a%b%", "a\\%%"];

    private static readonly string[] s_globs = ["a*", "*b*", "?b?", "[a-c]*", "[^a]*", "*", "", "1*", "abc", "[]]", "*[0-9]", "a?c*", "[a", "[A-C]bc"];

    private string Condition(Scope scope, int depth)
    {
        if (depth < 0)
        {
            return Comparison(scope, 0);
        }

        string C() => dice.Percent(80) ? $"({Condition(scope, depth - 1)})" : Condition(scope, depth - 1);
        string not = dice.Percent(30) ? "NOT " : "";
        Kind kind = AnyKind();
        string E() => Operand(scope, kind, depth - 1);
        return dice.Below(40) switch
        {
            < 14 => Comparison(scope, depth),
            < 17 => $"{C()} AND {C()}",
            < 20 => $"{C()} OR {C()}",
            20 => $"NOT {C()}",
            < 24 => $"{E()} {not}BETWEEN {E()} AND {E()}",
            < 27 => $"{E()} {not}IN ({string.Join(", ", Enumerable.Range(0, dice.Between(1, 4)).Select(_ => Expression(scope, kind, depth - 2)))})",
            < 29 => $"{E()} {dice.Of("ISNULL", "NOTNULL", "IS NULL", "IS NOT NULL", "NOT NULL")}",
            < 31 => $"{Operand(scope, dice.Of(Kind.Text, Kind.Text, Kind.Any), depth - 1)} {not}LIKE {(dice.Percent(75) ? $"'{dice.Of(s_patterns)}'" : Operand(scope, Kind.Text, depth - 1))}{(dice.Percent(15) ? " ESCAPE '\\'" : "")}",
            31 => $"{Operand(scope, dice.Of(Kind.Text, Kind.Text, Kind.Any), depth - 1)} {not}GLOB '{dice.Of(s_globs)}'",
            32 => $"{E()} IS {not}{dice.Of("TRUE", "FALSE")}",
            33 => $"{dice.Of("json_valid(", "like('a%', ", "glob('a*', ")}{E()})",
            34 => RowComparison(scope, depth),
            < 37 when _subqueries < MostSubqueries => ExistsSubquery(scope, depth - 1, not),
            < 40 when _subqueries < MostSubqueries => InSubquery(scope, depth - 1, not),
            _ => Comparison(scope, depth),
        };
    }

    /// <summary>Mostly a column beside a literal or another column, which is what indexes and joins live from.</summary>
    private string Comparison(Scope scope, int depth)
    {
        Kind kind = AnyKind();
        string left = dice.Percent(60) ? LeafOf(scope, kind) : Operand(scope, kind, depth - 1);
        Kind other = dice.Percent(80) ? kind : AnyKind();
        string right = dice.Percent(60) ? LeafOf(scope, other) : Operand(scope, other, depth - 1);
        string collation = dice.Percent(6) ? $" COLLATE {Collation()}" : "";
        return $"{left} {dice.Of(s_comparisons)} {right}{collation}";
    }

    private string RowComparison(Scope scope, int depth)
    {
        Kind first = AnyKind();
        Kind second = AnyKind();
        string Row() => $"({Expression(scope, first, depth - 2)}, {Expression(scope, second, depth - 2)})";
        return dice.Below(5) switch
        {
            0 => $"{Row()} {dice.Of("=", "<", "<=", ">", ">=", "<>", "IS", "IS NOT")} {Row()}",
            1 => $"{Row()} BETWEEN {Row()} AND {Row()}",
            2 => $"{Row()} IN (VALUES {Row()}, {Row()})",
            _ when _subqueries < MostSubqueries => $"{Row()} {dice.Of("IN", "NOT IN")} ({Subselect(scope, [first, second], depth - 1).Sql})",
            _ => $"{Row()} = {Row()}",
        };
    }

    private string ExistsSubquery(Scope scope, int depth, string not) =>
        $"{not}EXISTS ({Subselect(scope, [AnyKind()], depth).Sql})";

    private string InSubquery(Scope scope, int depth, string not)
    {
        Kind kind = AnyKind();
        return $"{Operand(scope, kind, depth - 1)} {not}IN ({Subselect(scope, [kind], depth).Sql})";
    }
}
