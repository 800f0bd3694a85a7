using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// Turns an expression as written into one that evaluates: names resolved, functions found, affinities and collations
/// settled, constant subtrees folded.
/// </summary>
public static partial class ExpressionBinder
{
    /// <summary>
    /// Binds an expression that must have one value. Throws <see cref="SluiceException"/> with SQLite's text, such as
    /// "no such column: x" or "row value misused".
    /// </summary>
    public static Expr Bind(ExpressionNode node, IScope scope) => node switch
    {
        LiteralNode literal => new ConstantExpr(literal.Value),
        ParameterNode parameter => new ParameterExpr(parameter.Number),
        ColumnNode column => BindColumn(column, scope),
        _ => throw new SluiceException(ResultCode.Error, $"{node.GetType().Name} is not supported"),
    };

    /// <summary>Binds an expression that may be a row value: (a, b), or a subquery of several columns. One member for a plain value.</summary>
    public static IReadOnlyList<Expr> BindRow(ExpressionNode node, IScope scope)
    {
        switch (node)
        {
            case RowValueNode row:
                Expr[] members = new Expr[row.Items.Count];
                for (int i = 0; i < members.Length; i++)
                {
                    members[i] = Bind(row.Items[i], scope);
                }

                return members;
            case ScalarSelectNode select:
                return scope.BindSelect(select);
            default:
                return [Bind(node, scope)];
        }
    }

    private static Expr BindColumn(ColumnNode node, IScope scope)
    {
        Expr? column = scope.ResolveColumn(node);
        if (column is not null)
        {
            return column;
        }

        if (node.DoubleQuoted && node.Table is null)
        {
            return new ConstantExpr(Format.SqlValue.FromText(node.Column));
        }

        string table = node.Table is null ? "" : node.Table + ".";
        string schema = node.Schema is null ? "" : node.Schema + ".";
        throw new SluiceException(ResultCode.Error, $"no such column: {schema}{table}{node.Column}");
    }
}
