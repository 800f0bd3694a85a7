namespace Sluice.Sensors.Sampling;

/// <summary>How a sensor is read and what becomes of its values. Everything but the schedule has a default.</summary>
public sealed record SamplingPlan
{
    public required Schedule Schedule { get; init; }

    /// <summary>Measurements of one turn, whose mean counts.</summary>
    public int Oversample { get; init; } = 1;

    /// <summary>Makes the filter of each metric; null for none.</summary>
    public Func<Filter>? Filter { get; init; }

    /// <summary>Calibrations by metric.</summary>
    public IReadOnlyDictionary<string, Calibration> Calibrations { get; init; } = new Dictionary<string, Calibration>();

    /// <summary>Metrics that are called otherwise than by the driver.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>A value is passed on only if it differs from the last one by at least so much; zero passes on all.</summary>
    public double Deadband { get; init; }

    /// <summary>An unchanged value is passed on after so long all the same; for <see cref="Deadband"/>.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Attempts of one turn after the first one failed.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>A turn fails when its value is not there after so long; also the age from which a value is stale.</summary>
    public TimeSpan? StaleAfter { get; init; }

    /// <summary>The longest time in which a device that fails and fails is left alone.</summary>
    public TimeSpan MaximumBackoff { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Captures a window at full rate around an event, and little else; null for none.</summary>
    public BurstPlan? Burst { get; init; }

    /// <summary>When a value counts as stale: three turns by default, but a second at least.</summary>
    public TimeSpan Stale => StaleAfter ?? TimeSpan.FromTicks(Math.Max(3 * Schedule.Period.Ticks, TimeSpan.TicksPerSecond));
}

/// <summary>A window of all values around an event; else one turn in <see cref="Keep"/>.</summary>
public sealed record BurstPlan
{
    /// <summary>Values that the window before the event may hold.</summary>
    public const int MaximumBefore = 100_000;

    /// <summary>The metric that is watched.</summary>
    public required string Metric { get; init; }

    /// <summary>The event: the value is above this...</summary>
    public double Above { get; init; } = double.PositiveInfinity;

    /// <summary>...or below this.</summary>
    public double Below { get; init; } = double.NegativeInfinity;

    public required TimeSpan Before { get; init; }

    public required TimeSpan After { get; init; }

    /// <summary>How often a turn is passed on without an event; zero for never.</summary>
    public TimeSpan Keep { get; init; }
}
