using System.Collections.Concurrent;
using System.Diagnostics;
using Sluice.Sensors.Drivers;

namespace Sluice.Sensors.Gpio;

/// <summary>A digital input, such as a door contact: a reading with the time of each change, and one at each turn.</summary>
public sealed class GpioInputDriver : SensorDriver, IGpioListener
{
    /// <summary>Changes that wait for their turn; past it the oldest go and are counted.</summary>
    private const int MaximumWaiting = 4096;

    private readonly GpioPort _port;
    private readonly string _line;
    private readonly TimeProvider _time;
    private readonly ConcurrentQueue<(bool Level, DateTimeOffset At)> _changes = new();

    // The line was taken and its level not told yet.
    private volatile bool _isTaken;

    private GpioInputDriver(DriverSetup setup)
    {
        _port = setup.Port;
        _time = setup.Time;
        _line = GpioSettings.Line(setup.Settings);
        _port.Add(_line, GpioSettings.Input(setup.Settings, GpioEdges.Both), this);
    }

    public static DriverKind Kind { get; } = new()
    {
        Name = "gpio-input",
        Summary = "a digital input: contact, switch, motion detector",
        Bus = BusKind.Gpio,
        Create = setup => new GpioInputDriver(setup),
    };

    public override IReadOnlyList<string> Metrics => ["state"];

    public override IReadOnlyList<string> Lines => [_line];

    public void OnTaken(bool level)
    {
        _isTaken = true;
        Wake();
    }

    public void OnEdge(in GpioEvent e, uint lost)
    {
        if (lost > 0)
        {
            Note(FaultReason.Overflow, $"a gap of {lost} edges: they came faster than they were read");
        }

        if (_changes.Count >= MaximumWaiting && _changes.TryDequeue(out _))
        {
            Note(FaultReason.Overflow, "changes come faster than they are stored; the oldest was left out");
        }

        TimeSpan age = Stopwatch.GetElapsedTime(0) - TimeSpan.FromTicks((long)(e.TimestampNs / 100));
        DateTimeOffset now = _time.GetUtcNow();
        _changes.Enqueue((e.IsRising, age > TimeSpan.Zero && age < TimeSpan.FromMinutes(1) ? now - age : now));
        Wake();
    }

    public override void Read(ICollection<Measurement> into)
    {
        _port.Check();
        bool isTaken = _isTaken;
        _isTaken = false;
        if (_changes.IsEmpty && (IsScheduled || isTaken))
        {
            into.Add(new Measurement("state", null, _port.Level(this) ? 1 : 0));
            return;
        }

        while (_changes.TryDequeue(out (bool Level, DateTimeOffset At) change))
        {
            into.Add(new Measurement("state", null, change.Level ? 1 : 0, change.At));
        }
    }
}
