using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// A running step of a plan, pulled from above. While <see cref="Next"/> returned true, the sources of the frame that the operator feeds
/// show its current row. <see cref="Open"/> begins anew, also in the middle of a run: the inner side of a join is opened for each outer row.
/// Afterwards nothing need be closed: cursors live as long as the transaction.
/// </summary>
internal abstract class Operator(Run run)
{
    protected Run Run { get; } = run;

    public abstract void Open();

    public abstract bool Next();

    /// <summary>Whether it can be told at little cost that there is no row at all, whatever other sources show.</summary>
    public virtual bool IsSurelyEmpty => false;
}

/// <summary>A step of a plan: immutable, shared by all executions.</summary>
internal abstract class PlanNode
{
    /// <summary>Makes the step's operator, and those below, for one execution.</summary>
    public abstract Operator Build(Run run);

    /// <summary>Writes the step's lines of EXPLAIN QUERY PLAN, those of the steps below in their order.</summary>
    public abstract void Explain(ExplainWriter writer);
}
