using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>
/// ORDER BY and LIMIT of UPDATE and DELETE, as an SQLite has them that was compiled with SQLITE_ENABLE_UPDATE_DELETE_LIMIT ("DELETE", section 3): they only
/// choose the rows, which are then changed in whatever order. So a SELECT with them gives the keys of the rows.
/// </summary>
internal sealed record LimitedRows(ExpressionNode? Where, IReadOnlyList<OrderTerm> OrderBy, ExpressionNode? Limit, ExpressionNode? Offset)
{
    public bool IsLimited => Limit is not null;

    /// <summary>Refuses an ORDER BY alone, which would choose nothing.</summary>
    public void RequireLimit(string statement)
    {
        if (OrderBy.Count > 0 && !IsLimited)
        {
            throw new SluiceException(ResultCode.Error, $"ORDER BY without LIMIT on {statement}");
        }
    }

    /// <summary>The condition that holds for the chosen rows of a table.</summary>
    public ExpressionNode Condition(TableReference reference, Table table)
    {
        string qualifier = reference.Alias ?? table.Name;
        ColumnNode[] key = table.KeyColumns is { } columns
            ? [.. columns.Select(column => new ColumnNode(null, qualifier, table.Columns[column].Name, DoubleQuoted: false))]
            : [new ColumnNode(null, qualifier, RowidNames.Of(table), DoubleQuoted: false)];
        SelectStatement select = Select(reference, [.. key.Select(column => new ResultColumn(column, null, null))]);
        return new InSelectNode(key.Length == 1 ? key[0] : new RowValueNode(key), select, Negated: false);
    }

    /// <summary>The chosen rows of a view, which have no keys.</summary>
    public SelectStatement All(TableReference reference) => Select(reference, [new ResultColumn(null, null, null)]);

    private SelectStatement Select(TableReference reference, IReadOnlyList<ResultColumn> columns) => new()
    {
        First = new SelectCore { Columns = columns, From = reference, Where = Where },
        OrderBy = OrderBy,
        Limit = Limit,
        Offset = Offset,
    };
}
