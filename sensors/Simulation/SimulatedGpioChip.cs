using System.Diagnostics;
using Sluice.Sensors.Gpio;

namespace Sluice.Sensors.Simulation;

/// <summary>
/// A GPIO chip whose lines are driven by a script, with the kernel's behaviour behind it: debouncing (an input counts when it
/// has stayed for the period), a bounded buffer of events that loses its oldest when it is full, and sequence numbers that
/// show what was lost.
/// </summary>
public sealed class SimulatedGpioChip : IGpioChip
{
    private readonly object _gate = new();
    private readonly Line[] _lines;
    private bool _isGone;

    public SimulatedGpioChip(string name, int lines)
    {
        Name = name;
        _lines = [.. Enumerable.Range(0, lines).Select(offset => new Line(offset))];
    }

    public string Name { get; }

    public IReadOnlyList<GpioLineInfo> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines.Select(line => new GpioLineInfo(line.Offset, $"GPIO{line.Offset}", line.Request is null ? "" : "sluice"))];
            }
        }
    }

    /// <summary>Called with each change of an output line: its offset and physical level.</summary>
    public Action<int, bool>? OutputChanged { get; set; }

    public IGpioLines Request(IReadOnlyList<GpioLineSettings> lines, int eventBuffer)
    {
        _ = GpioRequest.Compose(lines, eventBuffer);
        lock (_gate)
        {
            Check();
            if (lines.FirstOrDefault(line => line.Offset >= _lines.Length) is { } absent)
            {
                throw new SensorException(FaultReason.Missing, $"{Name} has no line {absent.Offset}; it has {_lines.Length}, from 0");
            }

            if (lines.FirstOrDefault(line => _lines[line.Offset].Request is not null) is { } taken)
            {
                throw new SensorException(FaultReason.Busy, $"{Name}: lines {taken.Offset}: in use");
            }

            Requested request = new(this, lines, eventBuffer);
            foreach (GpioLineSettings settings in lines)
            {
                Line line = _lines[settings.Offset];
                line.Request = request;
                line.Settings = settings;
                line.Settled = line.Raw;
                line.PendingNs = null;
                line.Sequence = 0;
            }

            request.Write(ulong.MaxValue, request.InitialValues);
            return request;
        }
    }

    /// <summary>Sets the physical level of a line from outside.</summary>
    /// <param name="offset">The line.</param>
    /// <param name="level">The level from then on.</param>
    /// <param name="timestampNs">When, not before the last time given for this line; null for now.</param>
    public void Drive(int offset, bool level, ulong? timestampNs = null)
    {
        lock (_gate)
        {
            Line line = _lines[offset];
            ulong at = timestampNs ?? NowNs;
            Settle(line, at);
            if (line.Raw == level)
            {
                return;
            }

            line.Raw = level;
            ulong debounce = (ulong)(line.Settings?.Debounce.TotalNanoseconds ?? 0);
            line.PendingNs = at + debounce;
            if (debounce == 0)
            {
                Settle(line, at);
            }
        }
    }

    /// <summary>Lets the time of debounce periods go on to a moment.</summary>
    public void Settle(ulong timestampNs)
    {
        lock (_gate)
        {
            foreach (Line line in _lines)
            {
                Settle(line, timestampNs);
            }
        }
    }

    /// <summary>How many events wait for the reader of a line.</summary>
    public int Waiting(int offset)
    {
        lock (_gate)
        {
            return _lines[offset].Request?.Count ?? 0;
        }
    }

    /// <summary>Takes the chip away, or puts it back, as a USB adapter that is pulled out.</summary>
    public void Plug(bool isThere)
    {
        lock (_gate)
        {
            _isGone = !isThere;
            foreach (Line line in _lines)
            {
                line.Request = isThere ? line.Request : null;
            }

            Monitor.PulseAll(_gate);
        }
    }

    public void Dispose()
    {
    }

    /// <summary>The monotonic clock, by which events are timed.</summary>
    internal static ulong NowNs => (ulong)Stopwatch.GetElapsedTime(0).TotalNanoseconds;

    private void Check()
    {
        if (_isGone)
        {
            throw new SensorException(FaultReason.Missing, $"{Name}: the device is gone");
        }
    }

    private void Settle(Line line, ulong now)
    {
        if (line.PendingNs is not { } at || at > now)
        {
            return;
        }

        line.PendingNs = null;
        if (line.Settled != line.Raw)
        {
            line.Settled = line.Raw;
            line.Request?.Edge(line, at);
        }
    }

    private sealed class Line(int offset)
    {
        public int Offset { get; } = offset;

        public bool Raw { get; set; }

        public bool Settled { get; set; }

        public ulong? PendingNs { get; set; }

        public uint Sequence { get; set; }

        public Requested? Request { get; set; }

        public GpioLineSettings? Settings { get; set; }
    }

    private sealed class Requested(SimulatedGpioChip chip, IReadOnlyList<GpioLineSettings> lines, int capacity) : IGpioLines
    {
        private readonly Queue<GpioEvent> _events = new();
        private uint _sequence;
        private int _readers;

        public int Count => _events.Count;

        public ulong InitialValues
        {
            get
            {
                ulong bits = 0;
                for (int i = 0; i < lines.Count; i++)
                {
                    bits |= lines[i].InitialValue ? 1UL << i : 0;
                }

                return bits;
            }
        }

        public ulong Read()
        {
            lock (chip._gate)
            {
                chip.Check();
                ulong bits = 0;
                for (int i = 0; i < lines.Count; i++)
                {
                    Line line = chip._lines[lines[i].Offset];
                    bool level = lines[i].IsOutput ? line.Raw : line.Settled;
                    bits |= level != lines[i].IsActiveLow ? 1UL << i : 0;
                }

                return bits;
            }
        }

        public void Write(ulong mask, ulong bits)
        {
            lock (chip._gate)
            {
                chip.Check();
                for (int i = 0; i < lines.Count; i++)
                {
                    Line line = chip._lines[lines[i].Offset];
                    bool level = ((bits >> i) & 1) != 0 != lines[i].IsActiveLow;
                    if (lines[i].IsOutput && ((mask >> i) & 1) != 0 && line.Raw != level)
                    {
                        line.Raw = level;
                        line.Settled = level;
                        chip.OutputChanged?.Invoke(line.Offset, level);
                    }
                }
            }
        }

        public int ReadEvents(Span<GpioEvent> events, TimeSpan timeout)
        {
            lock (chip._gate)
            {
                chip.Check();
                if (_events.Count == 0)
                {
                    _readers++;
                    Monitor.Wait(chip._gate, timeout);
                    _readers--;
                    chip.Check();
                }

                int count = 0;
                while (count < events.Length && _events.TryDequeue(out GpioEvent next))
                {
                    events[count++] = next;
                }

                return count;
            }
        }

        public void Dispose()
        {
            lock (chip._gate)
            {
                foreach (GpioLineSettings line in lines.Where(line => chip._lines[line.Offset].Request == this))
                {
                    chip._lines[line.Offset].Request = null;
                }
            }
        }

        /// <summary>Notes an edge of the debounced level; the caller holds the gate.</summary>
        public void Edge(Line line, ulong at)
        {
            bool isRising = line.Settled != line.Settings!.IsActiveLow;
            if (!line.Settings.Edges.HasFlag(isRising ? GpioEdges.Rising : GpioEdges.Falling))
            {
                return;
            }

            if (_events.Count == capacity)
            {
                _events.Dequeue();
            }

            _events.Enqueue(new GpioEvent(line.Offset, isRising, at, ++_sequence, ++line.Sequence));
            if (_readers > 0)
            {
                Monitor.PulseAll(chip._gate);
            }
        }
    }
}
