using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Plan;

/// <summary>How conditions narrow an index: its first columns equal values, or one of several; the next one has bounds.</summary>
internal readonly record struct IndexUses(int Equalities, bool HasIn, TermUse? Lower, TermUse? Upper);

/// <summary>An index, read as far as conditions narrow it.</summary>
internal sealed class IndexPath : AccessPath
{
    private readonly CompileState _state;
    private readonly TableIndex _index;
    private readonly IndexUses _narrowed;
    private readonly bool _covering;

    /// <param name="state">Of the statement.</param>
    /// <param name="source">What is read.</param>
    /// <param name="index">By what.</param>
    /// <param name="uses">The equalities by column, then the bounds; null without any.</param>
    /// <param name="narrowed">What <paramref name="uses"/> are.</param>
    /// <param name="covering">Whether the table is not needed.</param>
    public IndexPath(CompileState state, FromSource source, TableIndex index, List<TermUse>? uses, in IndexUses narrowed, bool covering)
        : base(source)
    {
        _state = state;
        _index = index;
        _narrowed = narrowed;
        _covering = covering;
        Uses = uses ?? NoUses;
    }

    /// <summary>After an IN the rows come in the order of its values.</summary>
    public override int OrderLength => _narrowed.HasIn ? 0
        : (Source.Table!.KeyColumns is null ? _index.Columns.Count + 1 : _index.KeyLength) - _narrowed.Equalities;

    public override bool IsOrderUnique => !_narrowed.HasIn && OrderLength > 0;

    public override PathColumn OrderColumn(int position) => IndexColumns.Of(Source, _index, _narrowed.Equalities + position);

    public override bool IsFixed(SortKey key)
    {
        for (int i = 0; !_narrowed.HasIn && i < _narrowed.Equalities; i++)
        {
            if (IndexColumns.Of(Source, _index, i).Matches(key))
            {
                return true;
            }
        }

        return false;
    }

    public override PlanNode Build(bool reverse, IReadOnlyList<WhereTerm> conditions)
    {
        List<IndexEquality> keys = new(_narrowed.Equalities);
        List<PlanNode>? loops = null;
        for (int i = 0; i < _narrowed.Equalities; i++)
        {
            TermUse use = Uses[i];
            if (use.Kind != TermKind.In)
            {
                keys.Add(new IndexEquality(use.Value!, use.Convert, use.Kind == TermKind.Is));
                continue;
            }

            int slot = _state.NewSlot();
            (loops ??= []).Add(new InLoopNode(use.Values!, slot, use.Convert, use.Collation, reverse));
            keys.Add(new IndexEquality(new SlotExpr(slot), Affinity.Blob, false));
        }

        IndexRange range = new(keys, IndexColumns.Bound(_narrowed.Lower), IndexColumns.Bound(_narrowed.Upper), reverse);
        PlanNode node = new IndexScanNode(Source.Access!, _index, range, _covering);
        for (int i = (loops?.Count ?? 0) - 1; i >= 0; i--)
        {
            node = new NestedLoopNode(loops![i], node);
        }

        return node;
    }
}

/// <summary>An index of which some rows of each group are read.</summary>
internal sealed class IndexEdgesPath : AccessPath
{
    private readonly TableIndex _index;
    private readonly GroupSkip _skip;
    private readonly TermUse? _lower;
    private readonly TermUse? _upper;
    private readonly bool _covering;

    public IndexEdgesPath(FromSource source, TableIndex index, GroupSkip skip, TermUse? lower, TermUse? upper, bool covering)
        : base(source)
    {
        _index = index;
        _skip = skip;
        (_lower, _upper) = (lower, upper);
        _covering = covering;
        List<TermUse> uses = [];
        foreach (TermUse? bound in (ReadOnlySpan<TermUse?>)[lower, upper])
        {
            if (bound is not null)
            {
                uses.Add(bound);
            }
        }

        Uses = uses;
    }

    public override bool IsForwardOnly => true;

    public override int OrderLength => _skip.Keys.Count;

    public override bool IsOrderUnique => false;

    public override PathColumn OrderColumn(int position) => IndexColumns.Of(Source, _index, position);

    public override PlanNode Build(bool reverse, IReadOnlyList<WhereTerm> conditions) =>
        new IndexEdgesNode(Source.Access!, _index, _skip.Keys.Count, _skip.Edges, IndexColumns.Bound(_lower), IndexColumns.Bound(_upper), _covering);
}

/// <summary>The columns of an index as conditions and orders see them.</summary>
internal static class IndexColumns
{
    /// <summary>The column at a place of the keys; past the last one it is the rowid.</summary>
    public static PathColumn Of(FromSource source, TableIndex index, int position)
    {
        if (position >= index.KeyLength)
        {
            return new PathColumn(source, -1, Collation.Binary, false);
        }

        KeyColumn key = index.Order.Columns[position];
        int column = index.ColumnAt(position);
        return new PathColumn(source, column == source.Table!.RowidAlias ? -1 : column, key.Collation, key.Descending);
    }

    public static IndexBound? Bound(TermUse? use) => use is null ? null : new IndexBound(use.Value!, use.Convert, use.Inclusive);
}
