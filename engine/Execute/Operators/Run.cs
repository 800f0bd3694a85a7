using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Operators;

/// <summary>The frame of one execution together with what its operators read from: the transaction, and the subqueries' own operators.</summary>
internal sealed class Run(FrameSize size, Transaction transaction, IStatementContext context, SqlValue[] parameters)
    : Frame(context, size.Sources, size.Slots, parameters)
{
    private readonly Operator?[] _subplans = new Operator?[size.Subplans];

    public Transaction Transaction { get; } = transaction;

    /// <summary>What a subquery keeps between its evaluations, by subplan number.</summary>
    public object?[] SubplanState { get; } = new object?[size.Subplans];

    /// <summary>The operators of a subquery of this statement, built at its first use.</summary>
    public Operator Subplan(int number, PlanNode plan) => _subplans[number] ??= plan.Build(this);
}
