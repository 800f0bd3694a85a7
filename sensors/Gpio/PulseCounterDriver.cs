using Sluice.Sensors.Drivers;

namespace Sluice.Sensors.Gpio;

/// <summary>
/// Counts the pulses of a meter: <c>count</c> since ever, <c>frequency</c> in Hz since the last turn, and with <c>duty: true</c> also
/// <c>duty</c>, the part of the time in which the input is 1.
///
/// Of one kind of edge the count is exact also when events are lost, since the kernel numbers a line's edges: the gap is added
/// and reported with its size. With <c>duty</c> both kinds are counted, and a gap leaves the count uncertain by one.
/// </summary>
public sealed class PulseCounterDriver : SensorDriver, IGpioListener, IRestorable
{
    private readonly GpioPort _port;
    private readonly string _line;
    private readonly Lock _gate = new();
    private readonly bool _withDuty;

    // Guarded by _gate.
    private long _count;
    private ulong _firstNs;
    private ulong _lastNs;
    private long _pulses;
    private ulong _highNs;
    private ulong? _risenNs;

    private PulseCounterDriver(DriverSetup setup)
    {
        _port = setup.Port;
        _withDuty = setup.Settings.Flag("duty", false);
        bool falling = setup.Settings.Choice("edge", "rising", "falling") == "falling";
        GpioEdges edges = _withDuty ? GpioEdges.Both : falling ? GpioEdges.Falling : GpioEdges.Rising;
        _line = GpioSettings.Line(setup.Settings);
        _port.Add(_line, GpioSettings.Input(setup.Settings, edges), this);
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "pulse-counter",
        Summary = "counts pulses of a meter, with frequency and duty",
        Bus = BusKind.Gpio,
        Create = setup => new PulseCounterDriver(setup),
    };

    public override IReadOnlyList<string> Metrics => _withDuty ? ["count", "frequency", "duty"] : ["count", "frequency"];

    public override IReadOnlyList<string> Lines => [_line];

    public override bool ReadsAtEnd => true;

    public long Total
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    public void Restore(long total)
    {
        lock (_gate)
        {
            _count += total;
        }
    }

    public void OnTaken(bool level)
    {
        lock (_gate)
        {
            // Time for which the chip was gone is neither high nor low.
            (_lastNs, _risenNs, _pulses, _highNs) = (0, null, 0, 0);
        }
    }

    public void OnEdge(in GpioEvent e, uint lost)
    {
        lock (_gate)
        {
            bool counts = !_withDuty || e.IsRising;
            long pulses = (_withDuty ? (lost + 1) / 2 : lost) + (counts ? 1 : 0);
            _count += pulses;
            if (counts)
            {
                if (_lastNs == 0)
                {
                    _firstNs = e.TimestampNs;
                }
                else
                {
                    _pulses += pulses;
                }

                _lastNs = e.TimestampNs;
                _risenNs = e.TimestampNs;
            }
            else if (_risenNs is { } risen)
            {
                _highNs += lost == 0 ? e.TimestampNs - risen : 0;
                _risenNs = null;
            }
        }

        if (lost > 0)
        {
            Note(FaultReason.Overflow, $"a gap of {lost} edges: they came faster than they were read{(_withDuty ? "; the count may be off by one" : " and are in the count all the same")}");
        }
    }

    public override void Read(ICollection<Measurement> into)
    {
        _port.Check();
        lock (_gate)
        {
            double seconds = (_lastNs - _firstNs) / 1e9;
            into.Add(new Measurement("count", null, _count));
            into.Add(new Measurement("frequency", "Hz", _pulses > 0 && seconds > 0 ? _pulses / seconds : 0));
            if (_withDuty && _pulses > 0)
            {
                into.Add(new Measurement("duty", "%", 100 * Math.Min(1, _highNs / 1e9 / seconds)));
            }

            (_firstNs, _pulses, _highNs) = (_lastNs, 0, 0);
        }
    }
}
