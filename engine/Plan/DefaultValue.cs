using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>A column's DEFAULT.</summary>
internal static class DefaultValue
{
    /// <summary>The DEFAULT as an expression; null when there is none.</summary>
    public static Expr? Bind(Column column, CompileState state) =>
        column.Default is { } given ? ExpressionBinder.Bind(given.Expression, new ConstantScope(state)) : null;

    /// <summary>
    /// The value that rows written before the column was added have: ALTER TABLE allows only constants there, so what is not one is NULL.
    /// </summary>
    public static SqlValue Constant(DefaultColumn given, Column column)
    {
        // A word that is no keyword is a string, as in SQLite.
        Expr bound = ExpressionBinder.Bind(given.Expression, new ConstantScope(new CompileState(Schema.Empty.Alone)));
        return bound is ConstantExpr constant ? SqlConvert.ApplyAffinity(constant.Value, column.Affinity) : SqlValue.Null;
    }
}
