using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Telemetry;

/// <summary>
/// percentile(x, p) with p from 0 to 100, percentile_cont(x, p) and percentile_disc(x, p) with p from 0 to 1, and median(x); as SQLite's own extension
/// of that name ("percentile.c"), which its library does not have by itself. Between two values it interpolates, but percentile_disc gives
/// the one below. NULLs do not count; NULL over nothing.
/// </summary>
internal sealed class PercentileAccumulator(string name, double scale, bool discrete) : Accumulator
{
    private readonly Queue<double> _values = [];
    private double? _fraction;

    public override void Step(ReadOnlySpan<SqlValue> arguments)
    {
        double fraction = arguments.Length == 1 ? 0.5 : FractionOf(arguments[1]);
        if (_fraction is { } known && Math.Abs(known - fraction) > 0.001 / scale)
        {
            throw Error($"the fraction argument to {name}() is not the same for all input rows");
        }

        _fraction = fraction;
        if (arguments[0].IsNull)
        {
            return;
        }

        if (!arguments[0].IsNumeric)
        {
            throw Error($"input to {name}() is not numeric");
        }

        double value = SqlConvert.ToReal(arguments[0]);
        _values.Enqueue(double.IsFinite(value) ? value : throw Error($"Inf input to {name}()"));
    }

    public override bool TryRemove(ReadOnlySpan<SqlValue> arguments)
    {
        if (!arguments[0].IsNull)
        {
            _ = _values.Dequeue();
        }

        return true;
    }

    public override SqlValue Final()
    {
        if (_values.Count == 0)
        {
            return SqlValue.Null;
        }

        double[] sorted = [.. _values];
        Array.Sort(sorted);
        double place = _fraction!.Value * (sorted.Length - 1);
        int below = (int)place;
        double value = sorted[below];
        if (!discrete && below + 1 < sorted.Length)
        {
            value += (sorted[below + 1] - value) * (place - below);
        }

        return SqlValue.FromReal(value);
    }

    private double FractionOf(in SqlValue given)
    {
        double fraction = given.IsNumeric ? SqlConvert.ToReal(given) / scale : -1;
        return fraction is >= 0 and <= 1
            ? fraction
            : throw Error($"the fraction argument to {name}() is not between 0.0 and {(scale > 1 ? "100.0" : "1.0")}");
    }

    private static SluiceException Error(string message) => new(ResultCode.Error, message);
}
