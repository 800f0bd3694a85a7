using Sluice.Sensors.Gpio;

namespace Sluice.Sensors.Sampling;

/// <summary>
/// A configured sensor: a driver, its bus's worker, a plan. The sampler decides when it has its turn; what a turn does is here.
/// A turn goes through the phases of <see cref="SensorDriver"/>; when one fails, the turn is tried again after a short pause,
/// and when all attempts failed, the next ones are further and further apart.
/// </summary>
public sealed class SampledSensor
{
    /// <summary>The pause before the second attempt of a turn; it doubles with each.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Failed turns before a device is left alone for a while.</summary>
    private const int FailuresBeforeBackoff = 3;

    private readonly Dictionary<string, MetricChain> _chains = new(StringComparer.Ordinal);
    private readonly List<Measurement> _measured = [];
    private readonly List<SensorReading> _readings = [];
    private readonly BurstCapture? _burst;
    private readonly BusWorker _worker;
    private Sampler? _sampler;

    // Owned by the turn that is under way.
    private Phase _phase;
    private int _measurement;
    private int _attempt;
    private bool _isSetUp;
    private bool _isBegun;
    private int _failedTurns;
    private long? _keptTotal;
    private DateTimeOffset _qualityAt;

    /// <param name="name">Unique among the sensors.</param>
    /// <param name="device">The device that its readings belong to.</param>
    /// <param name="driver">Owned from now on.</param>
    /// <param name="worker">The worker of its bus; shared.</param>
    /// <param name="plan">How it is read.</param>
    public SampledSensor(string name, string device, SensorDriver driver, BusWorker worker, SamplingPlan plan)
    {
        Name = name;
        Device = device;
        Driver = driver;
        _worker = worker;
        Plan = plan;
        _burst = plan.Burst is { } burst ? new BurstCapture(burst) : null;
    }

    private enum Phase
    {
        Initialize,
        Begin,
        Continue,
        Read,
    }

    public string Name { get; }

    public string Device { get; }

    /// <summary>The metric under which the total of a counter is kept as it is, whatever the plan makes of its readings: calibrated, filtered, held back.</summary>
    public string TotalMetric => $"{ShortName(Name)}.total";

    public SensorDriver Driver { get; }

    public SamplingPlan Plan { get; }

    public SensorStatistics Statistics { get; } = new();

    /// <summary>What the latest value is worth.</summary>
    public SensorQuality Quality { get; private set; }

    /// <summary>When the turn that is under way, or the latest one, was due.</summary>
    internal DateTimeOffset Due { get; set; }

    /// <summary>When the next turn is due.</summary>
    internal DateTimeOffset NextDue { get; set; }

    /// <summary>A turn is under way; guarded by the sampler.</summary>
    internal bool IsBusy { get; set; }

    /// <summary>A turn was asked for while one was under way; guarded by the sampler.</summary>
    internal bool IsWanted { get; set; }

    /// <summary>Until when the device is left alone.</summary>
    internal DateTimeOffset LeftAloneUntil { get; private set; }

    private DateTimeOffset LastGood { get; set; }

    /// <summary>A name without its device: <c>bme280</c> of <c>boiler-room/bme280</c>.</summary>
    internal static string ShortName(string name) => name[(name.LastIndexOf('/') + 1)..];

    internal void Attach(Sampler sampler, DateTimeOffset now)
    {
        _sampler = sampler;
        LastGood = now;
        Driver.Wake = () => sampler.Trigger(this);
        Driver.Note = (reason, message) => Statistics.Attempted(new SensorFault(reason, message, sampler.Now));
    }

    /// <summary>Begins a turn; the caller has made sure that none is under way.</summary>
    internal void Begin()
    {
        _phase = _isSetUp ? Phase.Begin : Phase.Initialize;
        _measurement = 0;
        _attempt = 0;
        _isBegun = false;
        foreach (MetricChain chain in _chains.Values)
        {
            chain.Clear();
        }

        Post();
    }

    internal void Post() => _worker.Post(this);

    /// <summary>Runs the turn until it waits for the device or is done. Called by the worker.</summary>
    internal void Run()
    {
        Sampler sampler = _sampler!;
        try
        {
            if (!_isBegun)
            {
                _isBegun = true;
                Statistics.Begun(sampler.Now - Due);
            }

            while (true)
            {
                TimeSpan wait = Step(out bool isDone);
                if (isDone)
                {
                    break;
                }

                if (wait > TimeSpan.Zero)
                {
                    sampler.Continue(this, wait);
                    return;
                }
            }

            Succeed(sampler);
        }
        catch (Exception e)
        {
            // Whatever a driver throws is that sensor's fault alone.
            Fail(sampler, e);
        }
    }

    /// <summary>Notes that a value is old, if it is.</summary>
    internal void CheckStale(DateTimeOffset now)
    {
        if (Quality is SensorQuality.Good or SensorQuality.Unknown && now - LastGood > Plan.Stale)
        {
            Become(SensorQuality.Stale, now);
        }
    }

    private TimeSpan Step(out bool isDone)
    {
        isDone = false;
        switch (_phase)
        {
            case Phase.Initialize:
                _phase = Phase.Begin;
                TimeSpan settle = Driver.Initialize();
                _isSetUp = true;
                return settle;
            case Phase.Begin:
                _phase = Phase.Continue;
                return Driver.Begin();
            case Phase.Continue:
                TimeSpan? wait = Driver.Continue();
                _phase = wait is null ? Phase.Read : Phase.Continue;
                return wait ?? TimeSpan.Zero;
            default:
                _measured.Clear();
                Driver.Read(_measured);
                isDone = Measured();
                return TimeSpan.Zero;
        }
    }

    /// <summary>Takes one measurement; true if the turn has all of its own.</summary>
    private bool Measured()
    {
        foreach (Measurement measurement in _measured)
        {
            if (!double.IsFinite(measurement.Value))
            {
                throw new SensorException(FaultReason.Range, $"{measurement.Metric} is {measurement.Value}");
            }
        }

        foreach (Measurement measurement in _measured)
        {
            MetricChain chain = Chain(measurement.Metric);
            if (measurement.At is { } at)
            {
                // An event is a reading of its own.
                chain.Add(measurement.Value);
                Take(chain, measurement.Unit, at);
            }
            else
            {
                chain.Add(measurement.Value);
            }
        }

        if (++_measurement < Plan.Oversample)
        {
            _phase = Phase.Begin;
            return false;
        }

        foreach (Measurement measurement in _measured)
        {
            if (measurement.At is null)
            {
                Take(Chain(measurement.Metric), measurement.Unit, Due);
            }
        }

        return true;
    }

    private void Take(MetricChain chain, string? unit, DateTimeOffset at)
    {
        if (chain.TryTake(at, out double value))
        {
            _readings.Add(new SensorReading(Device, chain.Name, chain.Unit(unit), at, value));
        }
    }

    private MetricChain Chain(string metric)
    {
        if (!_chains.TryGetValue(metric, out MetricChain? chain))
        {
            chain = new MetricChain(Plan, metric);
            _chains.Add(metric, chain);
        }

        return chain;
    }

    private void Succeed(Sampler sampler)
    {
        Statistics.Succeeded();
        _failedTurns = 0;
        LeftAloneUntil = default;
        // Not when it was due: after a turn that hung, the next one would be stale before it could end.
        LastGood = sampler.Now;
        if (Quality != SensorQuality.Good)
        {
            Become(SensorQuality.Good, Due);
        }

        _burst?.Apply(_readings);
        if (Driver is IRestorable { Total: var total } && total != _keptTotal)
        {
            _keptTotal = total;
            _readings.Add(new SensorReading(Device, TotalMetric, null, Due, total));
        }

        if (_readings.Count > 0)
        {
            sampler.Output.Write(this, _readings);
            _readings.Clear();
        }

        sampler.Ended(this);
    }

    private void Fail(Sampler sampler, Exception e)
    {
        DateTimeOffset now = sampler.Now;
        FaultReason reason = (e as SensorException)?.Reason ?? FaultReason.Internal;
        Statistics.Attempted(new SensorFault(reason, e.Message, now));
        _readings.Clear();

        // A device that is merely not ready has kept its settings; any other may have lost them.
        _isSetUp &= reason == FaultReason.NotReady;
        if (_attempt < Plan.Retries)
        {
            _phase = _isSetUp ? Phase.Begin : Phase.Initialize;
            _measurement = 0;
            foreach (MetricChain chain in _chains.Values)
            {
                chain.Clear();
            }

            sampler.Continue(this, FirstPause * (1 << Math.Min(_attempt++, 6)));
            return;
        }

        // Never ready is not merely not ready.
        _isSetUp = false;
        Statistics.TurnFailed();
        _failedTurns++;
        if (_failedTurns >= FailuresBeforeBackoff)
        {
            double turns = Math.Pow(2, Math.Min(_failedTurns - FailuresBeforeBackoff, 20));
            TimeSpan pause = Plan.Schedule.Period * turns;
            LeftAloneUntil = now + (pause < Plan.MaximumBackoff ? pause : Plan.MaximumBackoff);
        }

        if (Quality != SensorQuality.Fault)
        {
            Become(SensorQuality.Fault, Due);
        }

        sampler.Ended(this);
    }

    private void Become(SensorQuality quality, DateTimeOffset at)
    {
        // A turn that hung was due before its value became stale, and ends after that.
        _qualityAt = at > _qualityAt ? at : _sampler!.Now;
        Quality = quality;
        _sampler!.Output.QualityChanged(this, quality, _qualityAt);
    }
}
