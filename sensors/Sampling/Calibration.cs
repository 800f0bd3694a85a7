namespace Sluice.Sensors.Sampling;

/// <summary>
/// From what a device says to what is true: first through a table, if there is one (straight lines between its points, and
/// along the outer ones beyond them), then times the gain, then plus the offset.
/// </summary>
public sealed class Calibration
{
    private readonly (double Raw, double True)[] _table;
    private readonly double _gain;
    private readonly double _offset;

    /// <param name="gain">1 for none.</param>
    /// <param name="offset">0 for none.</param>
    /// <param name="table">Empty for none, else at least two points with different raw values, in any order.</param>
    /// <param name="unit">The unit afterwards; null to keep the device's.</param>
    public Calibration(double gain, double offset, IEnumerable<(double Raw, double True)> table, string? unit)
    {
        _gain = gain;
        _offset = offset;
        Unit = unit;
        _table = [.. table.OrderBy(point => point.Raw)];
        if (_table.Length == 1 || _table.Zip(_table.Skip(1)).Any(pair => pair.First.Raw == pair.Second.Raw))
        {
            throw new ArgumentException("a calibration table needs two points or more, with different raw values", nameof(table));
        }
    }

    /// <summary>The unit of calibrated values; null for the device's.</summary>
    public string? Unit { get; }

    public double Apply(double raw)
    {
        double value = raw;
        if (_table.Length > 0)
        {
            int above = Array.FindIndex(_table, point => point.Raw > raw);
            int i = above < 0 ? _table.Length - 1 : Math.Max(1, above);
            ((double rawA, double trueA), (double rawB, double trueB)) = (_table[i - 1], _table[i]);
            value = trueA + ((raw - rawA) * (trueB - trueA) / (rawB - rawA));
        }

        return (value * _gain) + _offset;
    }
}
