using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Plan;

/// <summary>Finds the ways in which a source can be read, given the conditions on it and the sources read before.</summary>
internal sealed partial class PathFinder(CompileState state)
{
    /// <summary>A guess at how many rows a table-valued function gives.</summary>
    private const double FunctionRows = 25;

    /// <param name="source">What is read.</param>
    /// <param name="terms">The conditions.</param>
    /// <param name="placed">The sources read before.</param>
    /// <param name="wantsOrder">Whether an order of rows may be of use, so that a way that has nothing else to say for itself counts.</param>
    public List<AccessPath> Find(FromSource source, List<WhereTerm> terms, ulong placed, bool wantsOrder)
    {
        List<TermUse> uses = [];
        foreach (WhereTerm term in terms)
        {
            foreach (TermUse use in term.Uses)
            {
                if (use.Source == source && (use.ValueMask & ~placed) == 0)
                {
                    uses.Add(use);
                }
            }
        }

        if (source.Node is { } node)
        {
            // A table-valued function comes after what its arguments refer to.
            bool isFunction = node is Execute.TableFunctions.TableFunctionNode;
            double cost = (source.ArgumentMask & ~placed) != 0 ? double.PositiveInfinity : isFunction ? FunctionRows : 1;
            return [new AccessPath { Source = source, Cost = cost, Rows = isFunction ? FunctionRows : 1, Build = (_, _) => node }];
        }

        List<AccessPath> paths = [];
        if (source.Derived is { } derived)
        {
            AddDerived(paths, source, derived, placed != 0);
        }
        else
        {
            AddTable(paths, source, uses, terms, wantsOrder);
        }

        AddHash(paths, source, uses, placed);
        return paths.Count > 0 ? paths : throw new SluiceException(ResultCode.Error, "no query solution");
    }

    private static void AddDerived(List<AccessPath> paths, FromSource source, QueryPlan derived, bool isInner)
    {
        double rows = Math.Max(1, derived.EstimatedRows);
        bool isKept = isInner && !derived.IsCorrelated;
        paths.Add(new AccessPath
        {
            Source = source,
            Setup = isKept ? rows * PathCosts.RowStep : 0,
            Cost = rows * PathCosts.RowStep,
            Rows = rows,
            Build = (_, _) => isKept
                ? new MaterializedNode(derived.Root, derived.Outputs, source.Source, source.Name)
                : new DerivedNode(derived.Root, derived.Outputs, source.Source, source.Name),
        });
    }

    // ---- tables ----

    private void AddTable(List<AccessPath> paths, FromSource source, List<TermUse> uses, List<WhereTerm> terms, bool wantsOrder)
    {
        Table table = source.Table!;
        if (source.RequiredIndex is { } required)
        {
            if (PartialIndexes.IsUsable(required, source, terms))
            {
                paths.Add(IndexPath(source, required, uses));
            }

            return;
        }

        if (table.Primary is { } primary)
        {
            paths.Add(IndexPath(source, primary, []));
            if (IndexPath(source, primary, uses) is { Uses.Count: > 0 } seek)
            {
                paths.Add(seek);
            }
        }
        else
        {
            paths.Add(ScanPath(source));
            AddRowidPaths(paths, source, uses);
        }

        if (source.NotIndexed)
        {
            return;
        }

        foreach (TableIndex index in table.Indexes)
        {
            if ((wantsOrder || index.Where is not null || IsCovering(source, table, index) || uses.Exists(use => Fits(use, table, index, 0)))
                && PartialIndexes.IsUsable(index, source, terms)
                && IndexPath(source, index, uses) is var path
                && (path.Uses.Count > 0 || !source.IsChanged || index.Where is not null))
            {
                paths.Add(path);
            }
        }
    }

    private static AccessPath ScanPath(FromSource source) => new()
    {
        Source = source,
        Cost = PathCosts.RowsOf(source.Table!) * PathCosts.RowStep,
        Rows = PathCosts.RowsOf(source.Table!),
        Order = [RowidOf(source)],
        UniqueOrderLength = 1,
        Build = (reverse, _) => new TableScanNode(source.Access!, reverse),
    };

    private void AddRowidPaths(List<AccessPath> paths, FromSource source, List<TermUse> uses)
    {
        List<TermUse> rowid = uses.FindAll(static use => use.Column == -1);
        if (rowid.Count == 0)
        {
            return;
        }

        if (rowid.Find(static use => use.Kind is TermKind.Equal or TermKind.Is && !use.Value!.IsConstantNull()) is { } equal)
        {
            paths.Add(new AccessPath
            {
                Source = source,
                Cost = PathCosts.Seek,
                Rows = 1,
                Uses = [equal],
                IsSingleRow = true,
                Build = (_, _) => new RowidSeekNode(source.Access!, equal.Value!),
            });
        }

        if (rowid.Find(static use => use.Kind == TermKind.In) is { } list)
        {
            paths.Add(new AccessPath
            {
                Source = source,
                Cost = PathCosts.Seek * list.ValueCount,
                Rows = list.ValueCount,
                Uses = [list],
                Order = [RowidOf(source)],
                UniqueOrderLength = 1,
                Build = (reverse, _) =>
                {
                    int slot = state.NewSlot();
                    PlanNode values = new InLoopNode(list.Values!, slot, Affinity.Numeric, Collation.Binary, reverse);
                    return new NestedLoopNode(values, new RowidSeekNode(source.Access!, new SlotExpr(slot)));
                },
            });
        }

        TermUse? lower = rowid.Find(static use => use.Kind == TermKind.Lower);
        TermUse? upper = rowid.Find(static use => use.Kind == TermKind.Upper);
        if (lower is not null || upper is not null)
        {
            double rows = PathCosts.RowsOf(source.Table!) / (lower is not null && upper is not null ? 64 : 4);
            paths.Add(new AccessPath
            {
                Source = source,
                Cost = PathCosts.Seek + (rows * PathCosts.RowStep),
                Rows = rows,
                Uses = UsesOf([], lower, upper),
                Order = [RowidOf(source)],
                UniqueOrderLength = 1,
                Build = (reverse, _) => new RowidRangeNode(source.Access!, Bound(lower), Bound(upper), reverse),
            });
        }
    }

    private static RangeBound? Bound(TermUse? use) => use is null ? null : new RangeBound(use.Value!, use.Inclusive);

    private static PathColumn RowidOf(FromSource source) => new(source, -1, Collation.Binary, false);

    // ---- indexes ----

    /// <summary>The index read as far as the conditions narrow it.</summary>
    private AccessPath IndexPath(FromSource source, TableIndex index, List<TermUse> uses)
    {
        Table table = source.Table!;
        List<TermUse> equalities = [];
        TermUse? lower = null;
        TermUse? upper = null;
        int position = 0;

        // The rowid, or what the primary key needs, at the end of each key is a column like the others.
        for (; position <= index.KeyLength; position++)
        {
            TermUse? equal = null;
            TermUse? list = null;
            lower = upper = null;
            foreach (TermUse use in uses)
            {
                if (Fits(use, table, index, position))
                {
                    equal ??= use.Kind is TermKind.Equal or TermKind.Is ? use : null;
                    list ??= use.Kind == TermKind.In ? use : null;
                    lower ??= use.Kind == TermKind.Lower ? use : null;
                    upper ??= use.Kind == TermKind.Upper ? use : null;
                }
            }

            if ((equal ?? list) is not { } found)
            {
                break;
            }

            equalities.Add(found);
            lower = upper = null;
        }

        bool covering = IsCovering(source, table, index);
        bool isRange = lower is not null || upper is not null;
        bool isUnique = index.Unique && equalities.Count >= index.Columns.Count
            && equalities.TrueForAll(static use => use.Kind == TermKind.Equal);
        double rows = equalities.Count == 0 ? PathCosts.RowsOf(table) : isUnique ? 1 : PathCosts.EqualRows(index, equalities.Count);
        double seeks = 1;
        foreach (TermUse use in equalities)
        {
            rows *= use.Kind == TermKind.In ? use.ValueCount : 1;
            seeks *= use.Kind == TermKind.In ? use.ValueCount : 1;
        }

        if (isRange)
        {
            rows /= lower is not null && upper is not null ? 16 : 4;
        }

        rows = Math.Max(1, rows);
        double step = PathCosts.IndexStep(table, index);
        bool isWhole = equalities.Count == 0 && !isRange;
        double cost = (isWhole ? 0 : seeks * PathCosts.Seek) + (rows * step) + (covering ? 0 : rows * PathCosts.RowStep);
        if (isWhole && covering && !PathCosts.IsNarrower(table, index))
        {
            cost = Math.Max(cost, (PathCosts.RowsOf(table) * PathCosts.RowStep) + 1);
        }

        bool hasIn = equalities.Exists(static use => use.Kind == TermKind.In);
        (List<PathColumn> order, int uniqueLength) = hasIn ? ([], 0) : OrderOf(source, table, index, equalities.Count);
        return new AccessPath
        {
            Source = source,
            Cost = cost,
            Rows = rows,
            Uses = UsesOf(equalities, lower, upper),
            IsSingleRow = isUnique,
            Order = order,
            UniqueOrderLength = uniqueLength,
            RandomReads = covering ? 0 : rows * PathCosts.RandomRead,
            Fixed = hasIn ? [] : KeyColumnsOf(source, table, index, 0, equalities.Count),
            Build = (reverse, _) => BuildIndex(source, index, equalities, lower, upper, reverse, covering),
        };
    }

    private static List<TermUse> UsesOf(List<TermUse> equalities, TermUse? lower, TermUse? upper)
    {
        List<TermUse> uses = new(equalities.Count + 2);
        uses.AddRange(equalities);
        foreach (TermUse? bound in (ReadOnlySpan<TermUse?>)[lower, upper])
        {
            if (bound is not null)
            {
                uses.Add(bound);
            }
        }

        return uses;
    }

    private PlanNode BuildIndex(
        FromSource source, TableIndex index, List<TermUse> equalities, TermUse? lower, TermUse? upper, bool reverse, bool covering)
    {
        List<IndexEquality> keys = [];
        List<PlanNode> loops = [];
        for (int i = 0; i < equalities.Count; i++)
        {
            TermUse use = equalities[i];
            if (use.Kind != TermKind.In)
            {
                keys.Add(new IndexEquality(use.Value!, use.Convert, use.Kind == TermKind.Is));
                continue;
            }

            int slot = state.NewSlot();
            loops.Add(new InLoopNode(use.Values!, slot, use.Convert, use.Collation, reverse));
            keys.Add(new IndexEquality(new SlotExpr(slot), Affinity.Blob, false));
        }

        PlanNode node = new IndexScanNode(source.Access!, index, new IndexRange(keys, KeyBound(lower), KeyBound(upper), reverse), covering);
        for (int i = loops.Count - 1; i >= 0; i--)
        {
            node = new NestedLoopNode(loops[i], node);
        }

        return node;
    }

    private static IndexBound? KeyBound(TermUse? use) => use is null ? null : new IndexBound(use.Value!, use.Convert, use.Inclusive);

    /// <summary>Whether a condition is about this key column, compared as the index compares.</summary>
    private static bool Fits(TermUse use, Table table, TableIndex index, int position)
    {
        if (position == index.KeyLength)
        {
            return table.KeyColumns is null && use.Column == -1 && use.Convert == Affinity.Numeric;
        }

        int column = index.ColumnAt(position);
        if (column == TableIndex.ExpressionColumn)
        {
            // The index has the values as they are: a comparison that converts them first is not answered by it.
            return use.Expression is { } expression
                && NodeEquality.AreEqual(expression, OrderTerms.Unwrapped(index.Expressions[position]!))
                && use.Convert is Affinity.None or Affinity.Blob
                && use.Collation == index.Order.Columns[position].Collation;
        }

        if (column == table.RowidAlias ? use.Column != -1 : use.Column != column)
        {
            return false;
        }

        Affinity affinity = table.Columns[column].Affinity;
        bool converts = use.Convert switch
        {
            Affinity.Numeric => affinity >= Affinity.Numeric,
            Affinity.Text => affinity == Affinity.Text,
            _ => true,
        };
        return converts && (use.Kind == TermKind.Is && use.Value!.IsConstantNull() || use.Collation == index.Order.Columns[position].Collation);
    }

    private static bool IsCovering(FromSource source, Table table, TableIndex index)
    {
        if (ReferenceEquals(index, table.Primary))
        {
            return true;
        }

        for (int column = source.UsedColumns.Next(0); column >= 0; column = source.UsedColumns.Next(column + 1))
        {
            if (column != table.RowidAlias && !HasColumn(index, column))
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasColumn(TableIndex index, int column)
    {
        for (int place = 0; place < index.KeyLength; place++)
        {
            if (index.ColumnAt(place) == column)
            {
                return true;
            }
        }

        return false;
    }

    private static (List<PathColumn> Order, int UniqueLength) OrderOf(FromSource source, Table table, TableIndex index, int from)
    {
        List<PathColumn> order = KeyColumnsOf(source, table, index, from, table.KeyColumns is null ? index.Columns.Count + 1 : index.KeyLength);
        return (order, Math.Max(1, order.Count));
    }

    private static List<PathColumn> KeyColumnsOf(FromSource source, Table table, TableIndex index, int from, int to)
    {
        List<PathColumn> columns = new(Math.Max(0, to - from));
        for (int i = from; i < to; i++)
        {
            columns.Add(KeyColumnOf(source, table, index, i));
        }

        return columns;
    }

    private static PathColumn KeyColumnOf(FromSource source, Table table, TableIndex index, int position)
    {
        if (position >= index.KeyLength)
        {
            return RowidOf(source);
        }

        KeyColumn key = index.Order.Columns[position];
        int column = index.ColumnAt(position);
        return new PathColumn(source, column == table.RowidAlias ? -1 : column, key.Collation, key.Descending);
    }
}

internal static class ConstantNulls
{
    public static bool IsConstantNull(this Expr value) => value is ConstantExpr { Value.IsNull: true };
}
