namespace Sluice.Sensors.Simulation;

/// <summary>What a simulated device can be made to do wrong.</summary>
public enum SimulatedFault
{
    /// <summary>Does not acknowledge its address.</summary>
    Nack,

    /// <summary>One bit of what is read is flipped: a checksum catches it, where there is one.</summary>
    Corrupt,

    /// <summary>Holds the clock until the adapter gives up.</summary>
    Hang,

    /// <summary>Reads as all ones, as a line that nothing drives.</summary>
    StuckHigh,

    /// <summary>Reads as all zeros.</summary>
    StuckLow,

    /// <summary>Answers late, by <see cref="SimulatedFaults.Slowness"/>.</summary>
    Slow,

    /// <summary>Lost its power for a moment: its registers are what they are after power-on.</summary>
    PowerLoss,

    /// <summary>An impulse of 50 us on a GPIO line: a longer debounce keeps it away, without one it counts. Nothing on other buses.</summary>
    Glitch,
}

/// <summary>
/// Faults on demand: so many in a row, or each transfer with a probability, from a seed. Counts what it made. Any thread.
/// </summary>
public sealed class SimulatedFaults(ulong seed = 0)
{
    private readonly Lock _gate = new();
    private readonly Queue<SimulatedFault?> _script = new();
    private readonly double[] _probabilities = new double[Enum.GetValues<SimulatedFault>().Length];
    private readonly long[] _made = new long[Enum.GetValues<SimulatedFault>().Length];
    private SimulatedFault? _lasting;
    private long _transfer;

    /// <summary>How late a slow answer is.</summary>
    public TimeSpan Slowness { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The next transfers go wrong; null is one that goes right.</summary>
    public void Next(SimulatedFault? fault, int count = 1)
    {
        lock (_gate)
        {
            for (int i = 0; i < count; i++)
            {
                _script.Enqueue(fault);
            }
        }
    }

    /// <summary>All transfers go wrong until told otherwise.</summary>
    public void Always(SimulatedFault? fault)
    {
        lock (_gate)
        {
            _lasting = fault;
        }
    }

    /// <summary>The bus was recovered: a hang that lasts is over, anything else is not.</summary>
    internal void Recover()
    {
        lock (_gate)
        {
            _lasting = _lasting == SimulatedFault.Hang ? null : _lasting;
        }
    }

    /// <summary>Forgets what the next transfers were to do.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _script.Clear();
        }
    }

    /// <summary>Each transfer goes wrong with a probability.</summary>
    public void Sometimes(SimulatedFault fault, double probability)
    {
        lock (_gate)
        {
            _probabilities[(int)fault] = probability;
        }
    }

    /// <summary>How many of them there were.</summary>
    public long Made(SimulatedFault fault)
    {
        lock (_gate)
        {
            return _made[(int)fault];
        }
    }

    /// <summary>What the next transfer does.</summary>
    internal SimulatedFault? Draw()
    {
        lock (_gate)
        {
            SimulatedFault? fault = _script.TryDequeue(out SimulatedFault? scripted) ? scripted : _lasting ?? Chance();
            if (fault is { } made)
            {
                _made[(int)made]++;
            }

            return fault;
        }
    }

    private SimulatedFault? Chance()
    {
        double draw = Noise.Uniform(seed, _transfer++);
        for (int i = 0; i < _probabilities.Length; i++)
        {
            draw -= _probabilities[i];
            if (draw < 0)
            {
                return (SimulatedFault)i;
            }
        }

        return null;
    }
}
