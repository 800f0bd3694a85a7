using Sluice.Engine.Execute.Operators;

namespace Sluice.Engine.Plan;

/// <summary>Ways over a hash table that is made for the statement.</summary>
internal sealed partial class PathFinder
{
    private static void AddHash(List<AccessPath> paths, FromSource source, List<TermUse> uses, ulong placed)
    {
        List<TermUse> equal = uses.FindAll(use => use.Kind == TermKind.Equal && use.Expression is null && (use.ValueMask & placed) != 0 && use.ValueMask != 0);
        if (equal.Count == 0 || source.RequiredIndex is not null || source.Derived is { IsCorrelated: true })
        {
            return;
        }

        if (source.Table is { AnalyzedRows: null } && paths.Exists(path => path.Uses.Exists(equal.Contains)))
        {
            // As in SQLite an index that is there goes before one that is made for the statement, unless it is known how many rows there are.
            return;
        }

        double count = source.Derived?.EstimatedRows ?? PathCosts.RowsOf(source.Table!);
        AccessPath input = paths[0];
        paths.Add(new AccessPath
        {
            Source = source,
            Setup = count * (PathCosts.RowStep + PathCosts.HashRow),
            Cost = PathCosts.HashRow + 10,
            Rows = 10,
            Uses = equal,
            TestsConditions = true,
            Build = (_, conditions) => BuildHash(source, input, equal, conditions),
        });
    }

    private static HashLookupNode BuildHash(FromSource source, AccessPath input, List<TermUse> equal, IReadOnlyList<WhereTerm> conditions)
    {
        PlanNode rows = input.Build(false, []);
        if (conditions.Count > 0)
        {
            rows = new FilterNode(rows, [.. conditions.Select(term => term.Condition)]);
        }

        HashKey[] keys = [.. equal.Select(use => new HashKey(use.ColumnSide, use.Value!, use.Convert, use.Collation))];
        string condition = string.Join(" AND ", equal.Select(use => $"{ColumnName(source, use.Column)}=?"));
        return new HashLookupNode(rows, source.Source, source.ColumnCount, source.UsedColumns.ToArray(), keys, source.Name, condition);
    }

    private static string ColumnName(FromSource source, int column) =>
        column < 0 ? "rowid" : source.Table?.Columns[column].Name ?? $"column{column + 1}";
}
