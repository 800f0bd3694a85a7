namespace Sluice.Differential.Generation;

/// <summary>
/// Writes expressions, queries and changes over the tables of one case. What it writes has one answer, as far as that can be told from the text:
/// no sum of integers overflows at one order of rows only, and where a place among rows counts, the order is complete.
/// </summary>
internal sealed partial class SqlWriter(Dice dice)
{
    private readonly List<Relation> _relations = [];
    private readonly List<Table> _tables = [];
    private int _aliases;

    /// <summary>What can be read.</summary>
    public IReadOnlyList<Relation> Relations => _relations;

    /// <summary>What can be changed.</summary>
    public IReadOnlyList<Table> Tables => _tables;

    private string Alias() => "s" + ++_aliases;

    private Kind AnyKind() => dice.Of(Kind.Integer, Kind.Integer, Kind.Integer, Kind.Real, Kind.Text, Kind.Text, Kind.Any, Kind.Blob);

    /// <summary>An expression that gives mostly values of this kind.</summary>
    private string Expression(Scope scope, Kind kind, int depth)
    {
        if (depth <= 0)
        {
            return LeafOf(scope, kind);
        }

        return dice.Below(100) switch
        {
            < 22 => LeafOf(scope, kind),
            < 30 => Choice(scope, kind, depth - 1),
            < 34 when _subqueries < MostSubqueries => ScalarSubquery(scope, kind, depth - 1),
            < 37 => $"CAST({Expression(scope, AnyKind(), depth - 1)} AS {CastType(kind)})",
            < 39 => $"({Expression(scope, kind, depth - 1)}) COLLATE {Collation()}",
            _ => kind switch
            {
                Kind.Integer => Integer(scope, depth - 1),
                Kind.Real => Real(scope, depth - 1),
                Kind.Text => Text(scope, depth - 1),
                Kind.Blob => Blob(scope, depth - 1),
                _ => dice.Percent(50) ? Condition(scope, depth - 1) : Expression(scope, AnyKind(), depth - 1),
            },
        };
    }

    /// <summary>An expression as an operand: mostly in parentheses, so that it is not torn apart; at times not, to try precedence.</summary>
    private string Operand(Scope scope, Kind kind, int depth)
    {
        string text = Expression(scope, kind, depth);
        return text.Contains(' ', StringComparison.Ordinal) && dice.Percent(85) ? $"({text})" : text;
    }

    private string LeafOf(Scope scope, Kind kind)
    {
        List<Leaf> leaves = scope.Leaves;
        while (scope.Outer is not null && (leaves.Count == 0 || dice.Percent(25)))
        {
            scope = scope.Outer;
            leaves = scope.Leaves.FindAll(leaf => !leaf.IsAggregate);
        }

        if (leaves.Count == 0 || dice.Percent(25))
        {
            return Literal(kind);
        }

        List<Leaf> fitting = kind is Kind.Any || dice.Percent(20) ? leaves : leaves.FindAll(leaf => leaf.Kind == kind);
        return fitting.Count > 0 ? dice.Of(fitting).Sql : Literal(kind);
    }

    /// <summary>Expressions that choose among others.</summary>
    private string Choice(Scope scope, Kind kind, int depth)
    {
        string One() => Expression(scope, kind, depth);
        return dice.Below(9) switch
        {
            0 => $"coalesce({One()}, {One()}, {One()})",
            1 => $"ifnull({One()}, {One()})",
            2 => $"nullif({One()}, {One()})",
            3 => $"iif({Condition(scope, depth)}, {One()}, {One()})",
            4 => $"max({One()}, {One()})",
            5 => $"min({One()}, {One()}, {One()})",
            6 => $"CASE {Operand(scope, Kind.Integer, depth)} WHEN {Operand(scope, Kind.Integer, depth)} THEN {One()} WHEN {Literal(Kind.Integer)} THEN {One()} ELSE {One()} END",
            7 => $"CASE WHEN {Condition(scope, depth)} THEN {One()} END",
            _ => $"CASE WHEN {Condition(scope, depth)} THEN {One()} WHEN {Condition(scope, depth)} THEN {One()} ELSE {One()} END",
        };
    }

    private string CastType(Kind kind) => kind switch
    {
        Kind.Integer => dice.Of("INTEGER", "INT", "NUMERIC"),
        Kind.Real => dice.Of("REAL", "NUMERIC", "DOUBLE"),
        Kind.Text => dice.Of("TEXT", "VARCHAR(5)"),
        Kind.Blob => "BLOB",
        _ => dice.Of("NUMERIC", "TEXT", "INTEGER", "REAL"),
    };

    private string Collation() => dice.Of("BINARY", "NOCASE", "NOCASE", "RTRIM");
}
