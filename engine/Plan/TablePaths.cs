using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Plan;

/// <summary>A source that there is one way to read: a table-valued function, a subquery, the rows of a recursive table.</summary>
internal sealed class NodePath(FromSource source, PlanNode node) : AccessPath(source)
{
    public override PlanNode Build(bool reverse, IReadOnlyList<WhereTerm> conditions) => node;
}

/// <summary>A way to read a table with rowids whose rows come in their order.</summary>
internal abstract class RowidOrderPath(FromSource source) : AccessPath(source)
{
    public override int OrderLength => 1;

    public override PathColumn OrderColumn(int position) => new(Source, -1, Collation.Binary, false);
}

/// <summary>The whole table.</summary>
internal sealed class ScanPath(FromSource source) : RowidOrderPath(source)
{
    public override PlanNode Build(bool reverse, IReadOnlyList<WhereTerm> conditions) => new TableScanNode(Source.Access!, reverse);
}

/// <summary>The row with a rowid.</summary>
internal sealed class RowidPath : AccessPath
{
    public RowidPath(FromSource source, TermUse equal)
        : base(source)
    {
        Uses = [equal];
    }

    public override PlanNode Build(bool reverse, IReadOnlyList<WhereTerm> conditions) => new RowidSeekNode(Source.Access!, Uses[0].Value!);
}

/// <summary>The rows with the rowids of an IN.</summary>
internal sealed class RowidListPath : RowidOrderPath
{
    private readonly CompileState _state;

    public RowidListPath(FromSource source, TermUse list, CompileState state)
        : base(source)
    {
        _state = state;
        Uses = [list];
    }

    public override PlanNode Build(bool reverse, IReadOnlyList<WhereTerm> conditions)
    {
        int slot = _state.NewSlot();
        PlanNode values = new InLoopNode(Uses[0].Values!, slot, Affinity.Numeric, Collation.Binary, reverse);
        return new NestedLoopNode(values, new RowidSeekNode(Source.Access!, new SlotExpr(slot)));
    }
}

/// <summary>The rows with rowids between two bounds.</summary>
internal sealed class RowidRangePath : RowidOrderPath
{
    private readonly TermUse? _lower;
    private readonly TermUse? _upper;

    public RowidRangePath(FromSource source, TermUse? lower, TermUse? upper)
        : base(source)
    {
        (_lower, _upper) = (lower, upper);
        Uses = lower is null ? [upper!] : upper is null ? [lower] : [lower, upper];
    }

    public override PlanNode Build(bool reverse, IReadOnlyList<WhereTerm> conditions) => new RowidRangeNode(Source.Access!, Bound(_lower), Bound(_upper), reverse);

    private static RangeBound? Bound(TermUse? use) => use is null ? null : new RangeBound(use.Value!, use.Inclusive);
}
