using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>An aggregate function ("Built-in Aggregate Functions", sqlite.org/lang_aggfunc.html).</summary>
public abstract class AggregateFunction(string name)
{
    /// <summary>In lower case.</summary>
    public string Name { get; } = name;

    /// <summary>
    /// A new accumulator for one group. <paramref name="collation"/> is that of the first argument; min() and max()
    /// compare with it.
    /// </summary>
    public abstract Accumulator Create(Collation collation);
}

/// <summary>The state of one aggregate over one group.</summary>
public abstract class Accumulator
{
    /// <summary>Takes one row's arguments; none for count(*). The span is only lent for the call.</summary>
    public abstract void Step(ReadOnlySpan<SqlValue> arguments);

    /// <summary>Takes a row back out that was stepped before, the oldest first; false when the function cannot do that and must begin anew.</summary>
    public virtual bool TryRemove(ReadOnlySpan<SqlValue> arguments) => false;

    /// <summary>The result so far; may be asked for more than once.</summary>
    public abstract SqlValue Final();
}
