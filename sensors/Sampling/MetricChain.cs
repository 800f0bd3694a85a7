namespace Sluice.Sensors.Sampling;

/// <summary>What the values of one metric go through: calibration, filter, deadband.</summary>
internal sealed class MetricChain(SamplingPlan plan, string metric)
{
    private readonly Calibration? _calibration = plan.Calibrations.GetValueOrDefault(metric);
    private readonly Filter? _filter = plan.Filter?.Invoke();
    private double _passed = double.NaN;
    private DateTimeOffset _passedAt;

    // The measurements of the turn that is under way.
    private double _sum;
    private int _count;

    /// <summary>What it is called in the readings.</summary>
    public string Name { get; } = plan.Names.GetValueOrDefault(metric) ?? metric;

    public string? Unit(string? unit) => _calibration?.Unit ?? unit;

    /// <summary>Takes one of the measurements that make up a turn.</summary>
    public void Add(double value)
    {
        _sum += value;
        _count++;
    }

    /// <summary>Forgets the measurements of a turn that is begun anew.</summary>
    public void Clear() => (_sum, _count) = (0, 0);

    /// <summary>The value of the turn; false if nothing is to be passed on.</summary>
    public bool TryTake(DateTimeOffset at, out double value)
    {
        value = 0;
        if (_count == 0)
        {
            return false;
        }

        value = _sum / _count;
        Clear();
        value = _calibration?.Apply(value) ?? value;
        value = _filter?.Apply(value) ?? value;
        if (plan.Deadband > 0 && Math.Abs(value - _passed) < plan.Deadband && at - _passedAt < plan.Heartbeat)
        {
            return false;
        }

        (_passed, _passedAt) = (value, at);
        return true;
    }
}
