using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Operators;

/// <summary>The frame of one execution together with what its operators read from: the transaction, and the subqueries' own operators.</summary>
/// <param name="size">How many of each thing there are.</param>
/// <param name="transaction">What is read and written.</param>
/// <param name="context">The session or, within a trigger, <paramref name="scope"/>.</param>
/// <param name="parameters">Bound values.</param>
/// <param name="scope">Of the statement that fired the trigger in which this one runs; null outside of triggers.</param>
internal sealed class Run(FrameSize size, Transaction transaction, IStatementContext context, SqlValue[] parameters, ChangeScope? scope = null)
    : Frame(context, size.Sources, size.Slots, parameters)
{
    private ChangeScope? _scope = scope;

    private List<IDisposable>? _owned;

    private readonly Operator?[] _subplans = new Operator?[size.Subplans];

    public Transaction Transaction { get; } = transaction;

    /// <summary>Whether this runs within a trigger.</summary>
    public bool IsNested { get; } = scope is not null;

    /// <summary>Whether anything has asked for <see cref="Scope"/>.</summary>
    public bool HasScope => _scope is not null;

    /// <summary>The session that runs the statement, or the one that fired the trigger.</summary>
    public Session Session => Context as Session ?? Scope.Session;

    /// <summary>What the statement shares with the triggers that it fires.</summary>
    public ChangeScope Scope => _scope ??= new ChangeScope((IChangeContext)Context);

    /// <summary>Takes over what ends with the execution at the latest.</summary>
    public void Own(IDisposable disposable) => (_owned ??= []).Add(disposable);

    /// <summary>The execution has ended.</summary>
    public void End()
    {
        _owned?.ForEach(static disposable => disposable.Dispose());
        _owned = null;
    }

    /// <summary>The statement runs anew.</summary>
    public void ForgetScope() => _scope = null;

    /// <summary>What a subquery keeps between its evaluations, by subplan number.</summary>
    public object?[] SubplanState { get; } = new object?[size.Subplans];

    /// <summary>The operators of a subquery of this statement, built at its first use.</summary>
    public Operator Subplan(int number, PlanNode plan) => _subplans[number] ??= plan.Build(this);
}
