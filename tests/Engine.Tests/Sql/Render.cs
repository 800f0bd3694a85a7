using System.Text;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Tests.Sql;

/// <summary>Writes an expression back as SQL with every operator in parentheses: what the parser understood.</summary>
internal static class Render
{
    public static string Expression(ExpressionNode node) => node switch
    {
        LiteralNode literal => Literal(literal.Value),
        CurrentNode current => $"CURRENT_{current.Kind.ToString().ToUpperInvariant()}",
        ParameterNode parameter => $"?{parameter.Number}",
        ColumnNode column => string.Join('.', new[] { column.Schema, column.Table, column.Column }.Where(part => part is not null)
            .Select(part => $"\"{part!.Replace("\"", "\"\"")}\"")),
        UnaryNode unary => $"({Unary(unary.Operator)} {Expression(unary.Operand)})",
        BinaryNode binary => $"({Expression(binary.Left)} {Binary(binary.Operator)} {Expression(binary.Right)})",
        LikeNode like => $"({Expression(like.Value)} {Not(like.Negated)}{like.Operator.ToString().ToUpperInvariant()} {Expression(like.Pattern)}"
            + (like.Escape is null ? ")" : $" ESCAPE {Expression(like.Escape)})"),
        IsNullNode isNull => $"({Expression(isNull.Operand)} {(isNull.Negated ? "NOTNULL" : "ISNULL")})",
        BetweenNode between => $"({Expression(between.Value)} {Not(between.Negated)}BETWEEN {Expression(between.Low)} AND {Expression(between.High)})",
        InListNode list => $"({Expression(list.Value)} {Not(list.Negated)}IN ({List(list.List)}))",
        InSelectNode select => $"({Expression(select.Value)} {Not(select.Negated)}IN ({Select(select.Select)}))",
        InTableNode table => $"({Expression(table.Value)} {Not(table.Negated)}IN {table.Table})",
        ExistsNode exists => $"EXISTS ({Select(exists.Select)})",
        ScalarSelectNode scalar => $"({Select(scalar.Select)})",
        RowValueNode row => $"({List(row.Items)})",
        CaseNode choice => Case(choice),
        CastNode cast => $"CAST({Expression(cast.Operand)} AS {cast.TypeName})",
        CollateNode collate => $"({Expression(collate.Operand)} COLLATE {collate.Collation})",
        RaiseNode raise => raise.Message is null ? "RAISE(IGNORE)" : $"RAISE({raise.Action.ToString().ToUpperInvariant()}, {Expression(raise.Message)})",
        FunctionNode function => Function(function),
        _ => throw new InvalidOperationException(node.GetType().Name),
    };

    private static string List(IEnumerable<ExpressionNode> nodes) => string.Join(", ", nodes.Select(Expression));

    private static string Not(bool negated) => negated ? "NOT " : "";

    private static string Unary(UnaryOperator unary) => unary switch
    {
        UnaryOperator.Negate => "-",
        UnaryOperator.Plus => "+",
        UnaryOperator.BitNot => "~",
        _ => "NOT",
    };

    private static string Binary(BinaryOperator binary) => binary switch
    {
        BinaryOperator.Or => "OR",
        BinaryOperator.And => "AND",
        BinaryOperator.Equal => "=",
        BinaryOperator.NotEqual => "<>",
        BinaryOperator.Less => "<",
        BinaryOperator.LessOrEqual => "<=",
        BinaryOperator.Greater => ">",
        BinaryOperator.GreaterOrEqual => ">=",
        BinaryOperator.Is => "IS",
        BinaryOperator.IsNot => "IS NOT",
        BinaryOperator.BitAnd => "&",
        BinaryOperator.BitOr => "|",
        BinaryOperator.ShiftLeft => "<<",
        BinaryOperator.ShiftRight => ">>",
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        BinaryOperator.Modulo => "%",
        BinaryOperator.Concatenate => "||",
        BinaryOperator.JsonArrow => "->",
        _ => "->>",
    };

    private static string Literal(SqlValue value) => value.Type switch
    {
        SqlType.Null => "NULL",
        SqlType.Integer => value.Integer < 0 ? $"({value.Integer})" : value.Integer.ToString(),
        SqlType.Real => double.IsInfinity(value.Real) ? (value.Real > 0 ? "9e999" : "(-9e999)") : Real(value.Real),
        SqlType.Text => $"'{value.DecodeText().Replace("'", "''")}'",
        _ => $"x'{Convert.ToHexString(value.Bytes)}'",
    };

    private static string Real(double value)
    {
        string text = value.ToString("R");
        text = text.AsSpan().IndexOfAny(".E") < 0 ? text + ".0" : text;
        return value < 0 ? $"({text})" : text;
    }

    private static string Case(CaseNode node)
    {
        var text = new StringBuilder("CASE");
        if (node.Operand is not null)
        {
            text.Append(' ').Append(Expression(node.Operand));
        }

        foreach ((ExpressionNode when, ExpressionNode then) in node.Branches)
        {
            text.Append($" WHEN {Expression(when)} THEN {Expression(then)}");
        }

        return text.Append(node.Else is null ? " END" : $" ELSE {Expression(node.Else)} END").ToString();
    }

    private static string Function(FunctionNode node)
    {
        var text = new StringBuilder(node.Name).Append('(').Append(node.Distinct ? "DISTINCT " : "").Append(node.Star ? "*" : List(node.Arguments));
        if (node.OrderBy.Count > 0)
        {
            text.Append(" ORDER BY ").Append(Order(node.OrderBy));
        }

        text.Append(')');
        if (node.Filter is not null)
        {
            text.Append($" FILTER (WHERE {Expression(node.Filter)})");
        }

        if (node.Over is { } over)
        {
            text.Append(" OVER ").Append(over.Name ?? Window(over));
        }

        return text.ToString();
    }

    public static string Window(WindowSpecification window)
    {
        var parts = new List<string>();
        if (window.BaseName is not null)
        {
            parts.Add(window.BaseName);
        }

        if (window.PartitionBy.Count > 0)
        {
            parts.Add($"PARTITION BY {List(window.PartitionBy)}");
        }

        if (window.OrderBy.Count > 0)
        {
            parts.Add($"ORDER BY {Order(window.OrderBy)}");
        }

        if (window.Frame is { } frame)
        {
            parts.Add($"{frame.Unit} {Bound(frame.Start)}..{Bound(frame.End)} {frame.Exclude}");
        }

        return $"({string.Join(' ', parts)})";
    }

    private static string Bound(FrameBound bound) => bound.Offset is null ? bound.Kind.ToString() : $"{Expression(bound.Offset)} {bound.Kind}";

    private static string Order(IEnumerable<OrderTerm> terms) => string.Join(", ", terms.Select(term =>
        Expression(term.Expression) + (term.Descending ? " DESC" : "") + term.NullsFirst switch { true => " NULLS FIRST", false => " NULLS LAST", _ => "" }));

    /// <summary>A SELECT in short form, enough to see its shape.</summary>
    public static string Select(SelectStatement select)
    {
        var text = new StringBuilder();
        if (select.With is { } with)
        {
            text.Append(with.Recursive ? "WITH RECURSIVE " : "WITH ");
            text.AppendJoin(", ", with.Tables.Select(table => $"{table.Name}{(table.Columns is null ? "" : $"({string.Join(", ", table.Columns)})")} AS "
                + table.Materialized switch { true => "MATERIALIZED ", false => "NOT MATERIALIZED ", _ => "" } + $"({Select(table.Select)})"));
            text.Append(' ');
        }

        text.Append(Core(select.First));
        foreach ((CompoundOperator compound, SelectCore core) in select.Compounds)
        {
            text.Append(compound == CompoundOperator.UnionAll ? " UNION ALL " : $" {compound.ToString().ToUpperInvariant()} ").Append(Core(core));
        }

        text.Append(select.OrderBy.Count > 0 ? $" ORDER BY {Order(select.OrderBy)}" : "");
        text.Append(select.Limit is null ? "" : $" LIMIT {Expression(select.Limit)}");
        return text.Append(select.Offset is null ? "" : $" OFFSET {Expression(select.Offset)}").ToString();
    }

    private static string Core(SelectCore core)
    {
        if (core.Values is { } values)
        {
            return $"VALUES {string.Join(", ", values.Select(row => $"({List(row)})"))}";
        }

        var text = new StringBuilder(core.Distinct ? "SELECT DISTINCT " : "SELECT ");
        text.AppendJoin(", ", core.Columns.Select(column => column.Expression is null
            ? (column.StarTable is null ? "*" : $"{column.StarTable}.*")
            : Expression(column.Expression) + (column.Alias is null ? "" : $" AS {column.Alias}")));
        text.Append(core.From is null ? "" : $" FROM {Table(core.From)}");
        text.Append(core.Where is null ? "" : $" WHERE {Expression(core.Where)}");
        text.Append(core.GroupBy.Count == 0 ? "" : $" GROUP BY {List(core.GroupBy)}");
        text.Append(core.Having is null ? "" : $" HAVING {Expression(core.Having)}");
        return text.Append(core.Windows.Count == 0 ? "" : $" WINDOW {string.Join(", ", core.Windows.Select(w => $"{w.Name} AS {Window(w.Window)}"))}").ToString();
    }

    public static string Table(TableExpression table) => table switch
    {
        TableReference reference => (reference.Name.Schema is null ? "" : reference.Name.Schema + ".") + reference.Name.Name
            + (reference.Arguments is null ? "" : $"({List(reference.Arguments)})")
            + (reference.Alias is null ? "" : $" AS {reference.Alias}")
            + (reference.IndexedBy is null ? "" : $" INDEXED BY {reference.IndexedBy}") + (reference.NotIndexed ? " NOT INDEXED" : ""),
        SubqueryTable subquery => $"({Select(subquery.Select)})" + (subquery.Alias is null ? "" : $" AS {subquery.Alias}"),
        JoinTable join => $"[{Table(join.Left)} {join.Kind} {Table(join.Right)}"
            + (join.On is null ? "" : $" ON {Expression(join.On)}") + (join.Using is null ? "" : $" USING {string.Join(",", join.Using)}") + "]",
        _ => throw new InvalidOperationException(table.GetType().Name),
    };
}
