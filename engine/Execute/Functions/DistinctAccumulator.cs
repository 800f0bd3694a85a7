using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>f(DISTINCT x): passes on only the first row of each x, equal under the argument's collation.</summary>
public sealed class DistinctAccumulator(Accumulator inner, Collation collation) : Accumulator
{
    private readonly HashSet<SqlValue> _seen = new(new ValueEquality(collation));

    public override void Step(ReadOnlySpan<SqlValue> arguments)
    {
        if (_seen.Add(arguments[0]))
        {
            inner.Step(arguments);
        }
    }

    public override SqlValue Final() => inner.Final();
}
