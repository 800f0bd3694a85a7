using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;

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
            return [new NodePath(source, node) { Cost = cost, Rows = isFunction ? FunctionRows : 1 }];
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
        PlanNode node = isKept
            ? new MaterializedNode(derived.Root, derived.Outputs, source.Source, source.Name)
            : new DerivedNode(derived.Root, derived.Outputs, source.Source, source.Name);
        paths.Add(new NodePath(source, node) { Setup = isKept ? rows * PathCosts.RowStep : 0, Cost = rows * PathCosts.RowStep, Rows = rows });
    }

    // ---- tables ----

    private void AddTable(List<AccessPath> paths, FromSource source, List<TermUse> uses, List<WhereTerm> terms, bool wantsOrder)
    {
        Table table = source.Table!;
        if (source.RequiredIndex is { } required)
        {
            if (PartialIndexes.IsUsable(required, source, terms))
            {
                paths.Add(IndexPathOf(source, required, uses));
            }

            return;
        }

        if (table.Primary is { } primary)
        {
            paths.Add(IndexPathOf(source, primary, []));
            if (IndexPathOf(source, primary, uses) is { Uses.Count: > 0 } seek)
            {
                paths.Add(seek);
            }
        }
        else
        {
            paths.Add(ScanOf(source));
            AddRowidPaths(paths, source, uses);
        }

        if (source.NotIndexed)
        {
            return;
        }

        for (int i = 0; i < table.Indexes.Count; i++)
        {
            TableIndex index = table.Indexes[i];
            if ((wantsOrder || index.Where is not null || IsCovering(source, table, index) || FitsAny(uses, table, index))
                && PartialIndexes.IsUsable(index, source, terms)
                && IndexPathOf(source, index, uses) is var path
                && (path.Uses.Count > 0 || !source.IsChanged || index.Where is not null))
            {
                paths.Add(path);
            }
        }
    }

    private static ScanPath ScanOf(FromSource source) =>
        new(source) { Cost = PathCosts.RowsOf(source.Table!) * PathCosts.RowStep, Rows = PathCosts.RowsOf(source.Table!) };

    private void AddRowidPaths(List<AccessPath> paths, FromSource source, List<TermUse> uses)
    {
        TermUse? equal = null;
        TermUse? list = null;
        TermUse? lower = null;
        TermUse? upper = null;
        foreach (TermUse use in uses)
        {
            if (use.Column == -1)
            {
                equal ??= use.Kind is TermKind.Equal or TermKind.Is && !use.Value!.IsConstantNull() ? use : null;
                list ??= use.Kind == TermKind.In ? use : null;
                lower ??= use.Kind == TermKind.Lower ? use : null;
                upper ??= use.Kind == TermKind.Upper ? use : null;
            }
        }

        if (equal is not null)
        {
            paths.Add(new RowidPath(source, equal) { Cost = PathCosts.Seek, Rows = 1, IsSingleRow = true });
        }

        if (list is not null)
        {
            paths.Add(new RowidListPath(source, list, state) { Cost = PathCosts.Seek * list.ValueCount, Rows = list.ValueCount });
        }

        if (lower is not null || upper is not null)
        {
            double rows = PathCosts.RowsOf(source.Table!) / (lower is not null && upper is not null ? 64 : 4);
            paths.Add(new RowidRangePath(source, lower, upper) { Cost = PathCosts.Seek + (rows * PathCosts.RowStep), Rows = rows });
        }
    }

    // ---- indexes ----

    /// <summary>The index read as far as the conditions narrow it.</summary>
    private IndexPath IndexPathOf(FromSource source, TableIndex index, List<TermUse> uses)
    {
        Table table = source.Table!;
        List<TermUse>? answered = null;
        TermUse? lower = null;
        TermUse? upper = null;
        bool hasIn = false;

        // The rowid, or what the primary key needs, at the end of each key is a column like the others.
        for (int position = 0; position <= index.KeyLength; position++)
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

            (answered ??= new(2)).Add(found);
            hasIn |= found.Kind == TermKind.In;
            lower = upper = null;
        }

        int equalities = answered?.Count ?? 0;
        bool covering = IsCovering(source, table, index);
        bool isRange = lower is not null || upper is not null;
        bool isUnique = index.Unique && equalities >= index.Columns.Count
            && answered!.TrueForAll(static use => use.Kind == TermKind.Equal);
        double rows = equalities == 0 ? PathCosts.RowsOf(table) : isUnique ? 1 : PathCosts.EqualRows(index, equalities);
        double seeks = 1;
        for (int i = 0; hasIn && i < equalities; i++)
        {
            rows *= answered![i].ValueCount;
            seeks *= answered[i].ValueCount;
        }

        if (isRange)
        {
            rows /= lower is not null && upper is not null ? 16 : 4;
        }

        rows = Math.Max(1, rows);
        double step = PathCosts.IndexStep(table, index);
        bool isWhole = equalities == 0 && !isRange;
        double cost = (isWhole ? 0 : seeks * PathCosts.Seek) + (rows * step) + (covering ? 0 : rows * PathCosts.RowStep);
        if (isWhole && covering && !PathCosts.IsNarrower(table, index))
        {
            cost = Math.Max(cost, (PathCosts.RowsOf(table) * PathCosts.RowStep) + 1);
        }

        if (lower is not null)
        {
            (answered ??= new(2)).Add(lower);
        }

        if (upper is not null)
        {
            (answered ??= new(1)).Add(upper);
        }

        return new IndexPath(state, source, index, answered, new IndexUses(equalities, hasIn, lower, upper), covering)
        {
            Cost = cost,
            Rows = rows,
            IsSingleRow = isUnique,
            RandomReads = covering ? 0 : rows * PathCosts.RandomRead,
        };
    }

    /// <summary>Whether any condition is about the first column.</summary>
    private static bool FitsAny(List<TermUse> uses, Table table, TableIndex index)
    {
        foreach (TermUse use in uses)
        {
            if (Fits(use, table, index, 0))
            {
                return true;
            }
        }

        return false;
    }

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
}

internal static class ConstantNulls
{
    public static bool IsConstantNull(this Expr value) => value is ConstantExpr { Value.IsNull: true };
}
