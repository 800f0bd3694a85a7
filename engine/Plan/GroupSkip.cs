using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Plan;

/// <summary>
/// A grouping that needs only some rows of each group: those at the ends of an index whose first columns are the group's and whose next one is
/// the value of min(), max(), first() or last(). So the newest row of each series is found by a few seeks a series, whatever the number of rows.
/// </summary>
/// <param name="Source">The source of the keys.</param>
/// <param name="Keys">Columns of the group with the collations that tell groups apart; -1 for the rowid.</param>
/// <param name="Value">The column whose ends are wanted, as <paramref name="Keys"/>; null where any row of a group does.</param>
/// <param name="Edges">The rows wanted.</param>
internal sealed record GroupSkip(int Source, IReadOnlyList<(int Column, Collation Collation)> Keys, (int Column, Collation Collation)? Value, GroupEdges Edges)
{
    /// <summary>What a DISTINCT over columns needs: one row of each group.</summary>
    public static GroupSkip? Of(IReadOnlyList<Expr> results) =>
        ColumnsOf([.. results.Select(result => new GroupKey(result, ComparisonRules.CollationOf(result)))], out int source) is { } keys
            ? new GroupSkip(source, keys, null, GroupEdges.First)
            : null;

    /// <summary>What a GROUP BY needs, or null when it needs every row.</summary>
    public static GroupSkip? Of(IReadOnlyList<GroupKey> groups, Aggregation aggregation)
    {
        if (ColumnsOf(groups, out int source) is not { } keys)
        {
            return null;
        }

        (int Column, Collation Collation)? value = null;
        GroupEdges edges = aggregation is { Captures.Count: > 0, Extreme: < 0 } || aggregation.Calls.Count == 0 ? GroupEdges.First : GroupEdges.None;
        foreach (AggregateCall call in aggregation.Calls)
        {
            if (EdgeOf(call) is not var (edge, argument, collation) || ColumnOf(argument, source) is not { } column || (value is { } known && known != (column, collation)))
            {
                return null;
            }

            value = (column, collation);
            edges |= edge;
        }

        return new GroupSkip(source, keys, value, edges);
    }

    /// <summary>The row that an aggregate takes its result from, and by what it is found; null for one that needs all rows.</summary>
    public static (GroupEdges Edge, Expr Value, Collation Collation)? EdgeOf(AggregateCall call) => call switch
    {
        { Filter: not null } or { OrderBy.Count: > 0 } => null,
        { Function.Name: "min", Arguments.Count: 1 } => (GroupEdges.FirstValue, call.Arguments[0], call.Collation),
        { Function.Name: "max", Arguments.Count: 1 } => (GroupEdges.LastValue, call.Arguments[0], call.Collation),
        { Function.Name: "first", Arguments.Count: 2, Distinct: false } => (GroupEdges.FirstValue, call.Arguments[1], Collation.Binary),
        { Function.Name: "last", Arguments.Count: 2, Distinct: false } => (GroupEdges.Last, call.Arguments[1], Collation.Binary),
        _ => null,
    };

    private static List<(int Column, Collation Collation)>? ColumnsOf(IReadOnlyList<GroupKey> groups, out int source)
    {
        source = groups.Count == 0 ? -1 : groups[0].Value switch
        {
            ColumnExpr column => column.Source,
            RowidExpr rowid => rowid.Source,
            _ => -1,
        };
        List<(int, Collation)> columns = [];
        foreach (GroupKey group in groups)
        {
            if (ColumnOf(group.Value, source) is not { } column)
            {
                return null;
            }

            columns.Add((column, group.Collation));
        }

        return columns.Count > 0 ? columns : null;
    }

    private static int? ColumnOf(Expr value, int source) => value switch
    {
        ColumnExpr column when column.Source == source => column.Column,
        RowidExpr rowid when rowid.Source == source => -1,
        _ => null,
    };
}
