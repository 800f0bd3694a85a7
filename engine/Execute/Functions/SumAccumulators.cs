using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>
/// What sum(), total() and avg() share: an exact sum of integers for as long as there are only integers that fit, then
/// a sum of reals whose rounding errors are added up beside it (Kahan, Babuska, Neumaier).
/// </summary>
internal abstract class NumericAccumulator : Accumulator
{
    /// <summary>From here on not every integer has a double of its own when it is added in one piece.</summary>
    private const long LargeInteger = 1L << 52;

    /// <summary>A large integer is added as a multiple of this and a rest; both are exact.</summary>
    private const long SplitAt = 1 << 14;

    private long _integers;
    private double _sum;
    private double _error;

    protected long Count { get; private set; }

    /// <summary>Whether a real, or an overflow, has ended the sum of integers.</summary>
    protected bool Approximate { get; private set; }

    /// <summary>The integers overflowed and no real has come since.</summary>
    protected bool Overflowed { get; private set; }

    protected long Integers => _integers;

    protected double Total
    {
        get
        {
            if (!Approximate)
            {
                return _integers;
            }

            return double.IsFinite(_error) ? _sum + _error : _sum;
        }
    }

    public sealed override void Step(ReadOnlySpan<SqlValue> arguments)
    {
        ref readonly SqlValue given = ref arguments[0];
        if (given.Type == SqlType.Real)
        {
            Count++;
            AddReal(given.Real);
            return;
        }

        SqlValue value = SqlConvert.TextToNumber(given);
        if (value.IsNull)
        {
            return;
        }

        Count++;
        if (value.Type == SqlType.Integer)
        {
            AddInteger(value.Integer);
        }
        else
        {
            AddReal(SqlConvert.ToReal(value));
        }
    }

    /// <summary>Once a real or an overflow has come the sum stays approximate, as in SQLite.</summary>
    public sealed override bool TryRemove(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue value = SqlConvert.TextToNumber(arguments[0]);
        if (value.IsNull)
        {
            return true;
        }

        Count--;
        if (!Approximate)
        {
            _integers = unchecked(_integers - value.Integer);
        }
        else if (value.Type != SqlType.Integer)
        {
            Add(-SqlConvert.ToReal(value));
        }
        else if (value.Integer == long.MinValue)
        {
            AddLarge(long.MaxValue);
            AddLarge(1);
        }
        else
        {
            AddLarge(-value.Integer);
        }

        return true;
    }

    private void AddInteger(long value)
    {
        if (Approximate)
        {
            AddLarge(value);
            return;
        }

        long sum = unchecked(_integers + value);
        if (((_integers ^ sum) & (value ^ sum)) >= 0)
        {
            _integers = sum;
            return;
        }

        Overflowed = true;
        BecomeApproximate();
        AddLarge(value);
    }

    private void AddReal(double value)
    {
        if (!Approximate)
        {
            BecomeApproximate();
        }
        else
        {
            Overflowed = false;
        }

        Add(value);
    }

    private void BecomeApproximate()
    {
        Approximate = true;
        bool large = _integers is <= -LargeInteger or >= LargeInteger;
        long rest = large ? _integers % SplitAt : 0;
        _sum = _integers - rest;
        _error = rest;
    }

    private void AddLarge(long value)
    {
        if (value is <= -LargeInteger or >= LargeInteger)
        {
            long rest = value % SplitAt;
            Add(value - rest);
            Add(rest);
        }
        else
        {
            Add(value);
        }
    }

    private void Add(double value)
    {
        double before = _sum;
        double after = before + value;
        _error += Math.Abs(before) > Math.Abs(value) ? before - after + value : value - after + before;
        _sum = after;
    }
}

/// <summary>sum(x): NULL over nothing; an integer if every x was one, and then an error if it does not fit.</summary>
internal sealed class SumAccumulator : NumericAccumulator
{
    public override SqlValue Final()
    {
        if (Count == 0)
        {
            return SqlValue.Null;
        }

        if (Overflowed)
        {
            throw new SluiceException(ResultCode.Error, "integer overflow");
        }

        return Approximate ? SqlValue.FromReal(Total) : SqlValue.FromInteger(Integers);
    }
}

/// <summary>total(x): always a real, 0.0 over nothing.</summary>
internal sealed class TotalAccumulator : NumericAccumulator
{
    public override SqlValue Final() => SqlValue.FromReal(Total);
}

/// <summary>avg(x): always a real, NULL over nothing.</summary>
internal sealed class AverageAccumulator : NumericAccumulator
{
    public override SqlValue Final() => Count == 0 ? SqlValue.Null : SqlValue.FromReal(Total / Count);
}
