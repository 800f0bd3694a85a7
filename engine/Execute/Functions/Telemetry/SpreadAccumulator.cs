using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Telemetry;

/// <summary>
/// variance(x) and stddev(x) of a sample (divided by n - 1, NULL below two values) or of a whole population (divided by n, NULL over nothing); an
/// extension of ours. NULLs do not count, text counts as its number as in sum(). Mean and squares are carried along value by
/// value (Welford), so that a small spread of large values is not lost.
/// </summary>
internal sealed class SpreadAccumulator(bool population, bool root) : Accumulator
{
    private long _count;
    private double _mean;
    private double _squares;

    public override void Step(ReadOnlySpan<SqlValue> arguments)
    {
        if (arguments[0].IsNull)
        {
            return;
        }

        double value = SqlConvert.ToReal(SqlConvert.TextToNumber(arguments[0]));
        double before = value - _mean;
        _mean += before / ++_count;
        _squares += before * (value - _mean);
    }

    public override SqlValue Final()
    {
        long divisor = population ? _count : _count - 1;
        if (divisor <= 0)
        {
            return SqlValue.Null;
        }

        double variance = _squares / divisor;
        return SqlValue.FromReal(root ? Math.Sqrt(variance) : variance);
    }
}
