using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>
/// In which order an UPDATE changes its rows, which shows where they collide and some are passed over (IGNORE) or removed (REPLACE), and in what
/// triggers see. As in SQLite: in the order in which they are found only where a row could be changed while the scan stands on it, else in that of their keys.
/// </summary>
internal static class UpdateOrder
{
    /// <param name="node">The UPDATE.</param>
    /// <param name="write">What it writes.</param>
    /// <param name="isLimited">Whether it has a LIMIT, which is a subquery about keys.</param>
    /// <param name="set">The ordinals of what it sets; -1 is the rowid.</param>
    public static bool IsByKey(UpdateStatement node, TableWritePlan write, bool isLimited, IReadOnlyList<int> set)
    {
        Table table = write.Table;
        bool Changes(int column) => set.Contains(column) || (column >= 0 && table.Columns[column].Generated is not null);
        bool Reads(ExpressionNode? expression) => expression is not null && NodeWalk.Columns(expression).Any(column => set.Contains(table.OrdinalOf(column.Column)));
        return isLimited || node.From is not null || write.Events is not null
            || set.Contains(-1) || set.Contains(table.RowidAlias) || table.KeyColumns?.Any(Changes) == true
            || table.Indexes.Any(index => Replaces(write.OnConflict, index) && (index.Columns.Any(Changes) || index.Expressions.Any(Reads)))
            || (node.Where is { } where && (HasSubquery(where) || NodeWalk.Columns(where).Any(column => Changes(table.OrdinalOf(column.Column)))));
    }

    private static bool Replaces(ConflictAction statement, TableIndex index) =>
        (statement == ConflictAction.Default ? index.OnConflict : statement) == ConflictAction.Replace;

    private static bool HasSubquery(ExpressionNode node) =>
        node is ScalarSelectNode or ExistsNode or InSelectNode or InTableNode || NodeWalk.Children(node).Any(HasSubquery);
}
