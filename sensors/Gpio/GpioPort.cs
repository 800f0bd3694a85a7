using Sluice.Sensors.Kernel;

namespace Sluice.Sensors.Gpio;

/// <summary>Learns what happens on one input line; called by the port's reader, must not block.</summary>
public interface IGpioListener
{
    /// <summary>An edge.</summary>
    /// <param name="e">The edge.</param>
    /// <param name="lost">Edges of this line that were lost before it, because events came faster than they were read.</param>
    void OnEdge(in GpioEvent e, uint lost);

    /// <summary>The level when the line was taken, or taken again after its chip had been gone.</summary>
    void OnTaken(bool level);
}

/// <summary>
/// The inputs of one chip, at most 64: one request for all of them and one reader, a thread that sleeps in the kernel until there are
/// edges. A chip that goes away (USB) is opened again when it is back.
/// </summary>
public sealed class GpioPort : IDisposable
{
    /// <summary>Events that the kernel keeps: the most that a request of 64 lines may ask for; half a second of 2 kHz.</summary>
    public const int EventBuffer = 1024;

    /// <summary>How soon the reader sees that it is to end, and how often it looks for a chip that is gone.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Before the reader looks for more events when it has read all there were: at most rates the kernel gathers much less than its buffer meanwhile, and notes when each came.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(5);

    private readonly Func<IGpioChip> _open;
    private readonly List<Input> _inputs = [];
    private readonly ManualResetEventSlim _stop = new(false);
    private readonly Lock _gate = new();
    private Thread? _reader;
    private long _lost;
    private long _reopened;

    // Guarded by _gate.
    private IGpioChip? _chip;
    private IGpioLines? _lines;
    private SensorException? _fault;

    /// <param name="open">Opens the chip, now and whenever it was gone.</param>
    public GpioPort(Func<IGpioChip> open)
    {
        _open = open;
    }

    /// <summary>Edges that were lost, of all lines.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>How often the chip was opened again.</summary>
    public long Reopened => Interlocked.Read(ref _reopened);

    /// <summary>The kernel gives no more lines at once; further ones need another port.</summary>
    public bool IsFull => _inputs.Count == GpioAbi.MaximumLines;

    /// <summary>Adds an input; before <see cref="Start"/>.</summary>
    /// <param name="line">The line's name or its offset.</param>
    /// <param name="settings">How it is set; the offset is found out when the chip is opened.</param>
    /// <param name="listener">Learns of its edges.</param>
    public void Add(string line, GpioLineSettings settings, IGpioListener listener) => _inputs.Add(new Input(line, listener) { Settings = settings });

    /// <summary>Takes the lines, or begins to try, and reads.</summary>
    public void Start()
    {
        if (_inputs.Count == 0)
        {
            return;
        }

        TryOpen();
        _reader = new Thread(Run) { IsBackground = true, Name = "gpio" };
        _reader.Start();
    }

    /// <summary>Fails as long as the chip or its lines cannot be had.</summary>
    /// <exception cref="SensorException">Why not.</exception>
    public void Check()
    {
        lock (_gate)
        {
            if (_fault is { } fault)
            {
                throw new SensorException(fault.Reason, fault.Message, fault);
            }
        }
    }

    /// <summary>The level of an input now.</summary>
    public bool Level(IGpioListener listener)
    {
        Check();
        lock (_gate)
        {
            int index = _inputs.FindIndex(input => input.Listener == listener);
            IGpioLines lines = _lines ?? throw new SensorException(FaultReason.NotReady, "the chip is not opened yet");
            return ((lines.Read() >> index) & 1) != 0;
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _reader?.Join();
        Close();
        _stop.Dispose();
    }

    private void Run()
    {
        Span<GpioEvent> events = new GpioEvent[256];
        Dictionary<int, (IGpioListener Listener, uint Sequence)> lines = [];
        while (!_stop.IsSet)
        {
            if (_lines is not { } open)
            {
                _stop.Wait(Pause);
                lines.Clear();
                TryOpen();
                continue;
            }

            try
            {
                int count = open.ReadEvents(events, Pause);
                for (int i = 0; i < count; i++)
                {
                    Dispatch(lines, events[i]);
                }

                // Thousands of edges a second would be as many turns of this thread.
                if (count > 0 && count < events.Length)
                {
                    _stop.Wait(Gathering);
                }
            }
            catch (SensorException e)
            {
                Close();
                Note(e);
                Interlocked.Increment(ref _reopened);
            }
        }
    }

    private void Dispatch(Dictionary<int, (IGpioListener Listener, uint Sequence)> lines, in GpioEvent e)
    {
        if (!lines.TryGetValue(e.Offset, out (IGpioListener Listener, uint Sequence) line))
        {
            int offset = e.Offset;
            line = (_inputs.Find(input => input.Settings.Offset == offset)!.Listener, 0);
        }

        uint lost = unchecked(e.LineSequence - line.Sequence - 1);
        Interlocked.Add(ref _lost, lost);
        line.Listener.OnEdge(e, lost);
        lines[e.Offset] = (line.Listener, e.LineSequence);
    }

    private void TryOpen()
    {
        IGpioChip? chip = null;
        try
        {
            chip = _open();
            foreach (Input input in _inputs)
            {
                input.Settings = input.Settings with { Offset = chip.Find(input.Line) };
            }

            IGpioLines lines = chip.Request([.. _inputs.Select(input => input.Settings)], EventBuffer);
            ulong levels = lines.Read();
            lock (_gate)
            {
                (_chip, _lines, _fault) = (chip, lines, null);
            }

            for (int i = 0; i < _inputs.Count; i++)
            {
                _inputs[i].Listener.OnTaken(((levels >> i) & 1) != 0);
            }
        }
        catch (SensorException e)
        {
            chip?.Dispose();
            Note(e);
        }
    }

    private sealed class Input(string line, IGpioListener listener)
    {
        public string Line { get; } = line;

        public IGpioListener Listener { get; } = listener;

        public required GpioLineSettings Settings { get; set; }
    }

    private void Note(SensorException fault)
    {
        lock (_gate)
        {
            _fault = fault;
        }
    }

    private void Close()
    {
        lock (_gate)
        {
            _lines?.Dispose();
            _chip?.Dispose();
            (_chip, _lines) = (null, null);
        }
    }
}
