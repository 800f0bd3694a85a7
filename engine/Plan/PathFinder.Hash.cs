using Sluice.Engine.Execute.Operators;

namespace Sluice.Engine.Plan;

/// <summary>Ways over a hash table that is made for the statement.</summary>
internal sealed partial class PathFinder
{
    private static void AddHash(List<AccessPath> paths, FromSource source, List<TermUse> uses, ulong placed)
    {
        List<TermUse>? equal = null;
        foreach (TermUse use in uses)
        {
            if (use.Kind == TermKind.Equal && use.Expression is null && (use.ValueMask & placed) != 0)
            {
                (equal ??= []).Add(use);
            }
        }

        if (equal is null || source.RequiredIndex is not null || source.Derived is { IsCorrelated: true })
        {
            return;
        }

        if (source.Table is { AnalyzedRows: null } && AnswersAny(paths, equal))
        {
            // As in SQLite an index that is there goes before one that is made for the statement, unless it is known how many rows there are.
            return;
        }

        double count = source.Derived?.EstimatedRows ?? PathCosts.RowsOf(source.Table!);
        AccessPath input = paths[0];
        paths.Add(new HashPath(input, equal)
        {
            Setup = count * (PathCosts.RowStep + PathCosts.HashRow),
            Cost = PathCosts.HashRow + 10,
            Rows = 10,
        });
    }

    private static bool AnswersAny(List<AccessPath> paths, List<TermUse> conditions)
    {
        foreach (AccessPath path in paths)
        {
            foreach (TermUse use in path.Uses)
            {
                if (conditions.Contains(use))
                {
                    return true;
                }
            }
        }

        return false;
    }
}

/// <summary>The rows of another way, put into a hash table by what conditions compare with the rows read before.</summary>
internal sealed class HashPath : AccessPath
{
    private readonly AccessPath _input;

    public HashPath(AccessPath input, List<TermUse> equal)
        : base(input.Source)
    {
        _input = input;
        Uses = equal;
    }

    public override bool TestsConditions => true;

    public override PlanNode Build(bool reverse, IReadOnlyList<WhereTerm> conditions)
    {
        PlanNode rows = _input.Build(false, []);
        if (conditions.Count > 0)
        {
            rows = new FilterNode(rows, [.. conditions.Select(term => term.Condition)]);
        }

        HashKey[] keys = [.. Uses.Select(use => new HashKey(use.ColumnSide, use.Value!, use.Convert, use.Collation))];
        string condition = string.Join(" AND ", Uses.Select(use => $"{ColumnName(use.Column)}=?"));
        return new HashLookupNode(rows, Source.Source, Source.ColumnCount, Source.UsedColumns.ToArray(), keys, Source.Name, condition);
    }

    private string ColumnName(int column) =>
        column < 0 ? "rowid" : Source.Table?.Columns[column].Name ?? $"column{column + 1}";
}
