using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>count(*): every row.</summary>
internal sealed class CountRowsAccumulator : Accumulator
{
    private long _count;

    public override void Step(ReadOnlySpan<SqlValue> arguments) => _count++;

    public override bool TryRemove(ReadOnlySpan<SqlValue> arguments)
    {
        _count--;
        return true;
    }

    public override SqlValue Final() => SqlValue.FromInteger(_count);
}

/// <summary>count(x): rows where x is not NULL.</summary>
internal sealed class CountAccumulator : Accumulator
{
    private long _count;

    public override void Step(ReadOnlySpan<SqlValue> arguments)
    {
        if (!arguments[0].IsNull)
        {
            _count++;
        }
    }

    public override bool TryRemove(ReadOnlySpan<SqlValue> arguments)
    {
        if (!arguments[0].IsNull)
        {
            _count--;
        }

        return true;
    }

    public override SqlValue Final() => SqlValue.FromInteger(_count);
}

/// <summary>min(x) and max(x); of equal values the first one stays.</summary>
internal sealed class ExtremeAccumulator(Collation collation, bool max) : Accumulator
{
    private SqlValue _best;

    public override void Step(ReadOnlySpan<SqlValue> arguments)
    {
        ref readonly SqlValue value = ref arguments[0];
        if (value.IsNull)
        {
            return;
        }

        if (_best.IsNull)
        {
            _best = value;
            return;
        }

        int order = ValueOrder.Compare(_best, value, collation);
        if (max ? order < 0 : order > 0)
        {
            _best = value;
        }
    }

    public override SqlValue Final() => _best;
}
