using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>
/// The surroundings of an expression in a CREATE TABLE, bound only to see whether it may stand there: a CHECK may name the table's
/// columns, a DEFAULT nothing at all.
/// </summary>
/// <param name="columns">The table's columns; empty for a DEFAULT.</param>
/// <param name="table">The table's name.</param>
/// <param name="subqueryError">What is said to a subquery.</param>
/// <param name="columnError">What is said to a name that is no column; null leaves it to the binder: "no such column".</param>
internal sealed class DefinitionScope(IReadOnlyList<ColumnDefinition> columns, string table, string subqueryError, string? columnError) : IScope
{
    private int _slots;

    /// <summary>Whether the rowid may be named.</summary>
    public bool AllowsRowid { get; init; } = true;

    public Expr? ResolveColumn(ColumnNode node)
    {
        if (node.Table is null || node.Table.Equals(table, StringComparison.OrdinalIgnoreCase))
        {
            for (int i = 0; i < columns.Count; i++)
            {
                if (columns[i].Name.Equals(node.Column, StringComparison.OrdinalIgnoreCase))
                {
                    return new ColumnExpr(0, i, SqlConvert.AffinityOfColumn(columns[i].TypeName ?? ""), TableKeys.CollationOf(columns[i]));
                }
            }

            if (AllowsRowid && columns.Count > 0 && node.Column.ToUpperInvariant() is "ROWID" or "OID" or "_ROWID_")
            {
                return new RowidExpr(0);
            }
        }

        bool isNoColumn = node.Table is null && (node.DoubleQuoted || node.Column.ToUpperInvariant() is "TRUE" or "FALSE");
        return columnError is null || isNoColumn ? null : throw new SluiceException(ResultCode.Error, columnError);
    }

    public int AllocateSlot() => _slots++;

    public IReadOnlyList<Expr> BindSelect(ScalarSelectNode node) => throw Subquery();

    public Expr BindExists(ExistsNode node) => throw Subquery();

    public Expr BindIn(InSelectNode node, IReadOnlyList<Expr> value) => throw Subquery();

    public Expr BindIn(InTableNode node, IReadOnlyList<Expr> value) => throw Subquery();

    public Expr BindAggregate(FunctionNode node, AggregateFunction function) =>
        throw new SluiceException(ResultCode.Error, $"misuse of aggregate function {node.Name}()");

    public Expr BindWindow(FunctionNode node) => throw new SluiceException(ResultCode.Error, $"misuse of window function {node.Name}()");

    public Expr BindRaise(RaiseNode node) => throw new SluiceException(ResultCode.Error, "RAISE() may only be used within a trigger-program");

    private SluiceException Subquery() => new(ResultCode.Error, subqueryError);
}
