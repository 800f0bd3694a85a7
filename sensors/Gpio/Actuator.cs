namespace Sluice.Sensors.Gpio;

/// <summary>An output that is switched by command, such as a relay.</summary>
public sealed record ActuatorDefinition
{
    /// <summary>Its name in topics and messages.</summary>
    public required string Name { get; init; }

    /// <summary>The chip: a device or a label.</summary>
    public required string Bus { get; init; }

    /// <summary>The line's name or offset.</summary>
    public required string Line { get; init; }

    public bool IsActiveLow { get; init; }

    /// <summary>The state at the start, at the end, and after <see cref="Timeout"/>.</summary>
    public bool SafeState { get; init; }

    /// <summary>How long another state than the safe one may last after its command; zero for as long as it likes.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>Actuators that must be in their safe state while this one is not, and the other way round.</summary>
    public IReadOnlyList<string> Interlock { get; init; } = [];
}

/// <summary>What became of a command.</summary>
public enum ActuatorResult
{
    Done,

    /// <summary>There is no actuator of that name.</summary>
    Unknown,

    /// <summary>Another one stands in the way.</summary>
    Interlocked,

    /// <summary>The output cannot be set.</summary>
    Failed,
}

/// <summary>
/// The outputs, each a line of its own. From the moment a line is taken it has the safe state, and it has it again at the end
/// and when the time after a command is over; interlocked ones are never on together.
/// </summary>
public sealed class ActuatorSet : IDisposable
{
    private readonly Dictionary<string, Output> _outputs = new(StringComparer.Ordinal);
    private readonly Func<string, IGpioChip> _open;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    /// <param name="definitions">The outputs.</param>
    /// <param name="open">Opens a chip.</param>
    /// <param name="time">The clock of time-outs.</param>
    public ActuatorSet(IEnumerable<ActuatorDefinition> definitions, Func<string, IGpioChip> open, TimeProvider time)
    {
        _open = open;
        _time = time;
        foreach (ActuatorDefinition definition in definitions)
        {
            _outputs.Add(definition.Name, new Output(definition));
        }
    }

    /// <summary>Called when an output has another state: its name, the state, and why.</summary>
    public Action<string, bool, string> Changed { get; set; } = (_, _, _) => { };

    /// <summary>Called when a line cannot be taken or set.</summary>
    public Action<string, SensorException> Failed { get; set; } = (_, _) => { };

    public IReadOnlyList<string> Names => [.. _outputs.Keys];

    /// <summary>Takes the lines in their safe states; one that cannot be taken is tried again with its next command.</summary>
    public void Start()
    {
        lock (_gate)
        {
            foreach (Output output in _outputs.Values)
            {
                TrySet(output, output.Definition.SafeState, "start");
            }
        }
    }

    /// <summary>Whether an actuator is on; null if it is not known or cannot be set.</summary>
    public bool? IsOn(string name)
    {
        lock (_gate)
        {
            return _outputs.TryGetValue(name, out Output? output) && output.Lines is not null ? output.State : null;
        }
    }

    /// <summary>Switches an output.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="state">On or off.</param>
    /// <param name="reason">Why not, in words; empty when it was done.</param>
    public ActuatorResult Set(string name, bool state, out string reason)
    {
        lock (_gate)
        {
            if (!_outputs.TryGetValue(name, out Output? output))
            {
                reason = $"there is no actuator {name}";
                return ActuatorResult.Unknown;
            }

            ActuatorDefinition definition = output.Definition;
            if (state != definition.SafeState && Blocking(definition) is { } other)
            {
                reason = $"{other} is on, and the two are interlocked";
                return ActuatorResult.Interlocked;
            }

            reason = TrySet(output, state, "command") is { } fault ? fault.Message : "";
            if (reason.Length > 0)
            {
                return ActuatorResult.Failed;
            }

            output.Timer?.Dispose();
            output.Timer = null;
            if (state != definition.SafeState && definition.Timeout > TimeSpan.Zero)
            {
                long command = ++output.Command;
                output.Timer = _time.CreateTimer(_ => TimedOut(output, command), null, definition.Timeout, System.Threading.Timeout.InfiniteTimeSpan);
            }

            return ActuatorResult.Done;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (Output output in _outputs.Values)
            {
                output.Timer?.Dispose();
                if (output.Lines is not null)
                {
                    TrySet(output, output.Definition.SafeState, "end");
                }

                output.Close();
            }
        }
    }

    private void TimedOut(Output output, long command)
    {
        lock (_gate)
        {
            // A command that came meanwhile has a time of its own.
            if (output.Command == command && output.Timer is not null)
            {
                output.Timer.Dispose();
                output.Timer = null;
                TrySet(output, output.Definition.SafeState, "time-out");
            }
        }
    }

    private string? Blocking(ActuatorDefinition definition) => _outputs.Values
        .Where(other => other.Definition.Name != definition.Name && other.State != other.Definition.SafeState
            && (definition.Interlock.Contains(other.Definition.Name) || other.Definition.Interlock.Contains(definition.Name)))
        .Select(other => other.Definition.Name)
        .FirstOrDefault();

    private SensorException? TrySet(Output output, bool state, string why)
    {
        try
        {
            bool isNew = output.Lines is null;
            if (isNew)
            {
                output.Chip = _open(output.Definition.Bus);
                output.Lines = output.Chip.Request(
                    [new GpioLineSettings { Offset = output.Chip.Find(output.Definition.Line), IsOutput = true, IsActiveLow = output.Definition.IsActiveLow, InitialValue = state }], 0);
            }
            else
            {
                output.Lines!.Write(1, state ? 1UL : 0);
            }

            if (isNew || output.State != state)
            {
                output.State = state;
                Changed(output.Definition.Name, state, why);
            }

            return null;
        }
        catch (SensorException e)
        {
            output.Close();
            Failed(output.Definition.Name, e);
            return e;
        }
    }

    private sealed class Output(ActuatorDefinition definition)
    {
        public ActuatorDefinition Definition { get; } = definition;

        public IGpioChip? Chip { get; set; }

        public IGpioLines? Lines { get; set; }

        public bool State { get; set; } = definition.SafeState;

        public ITimer? Timer { get; set; }

        public long Command { get; set; }

        public void Close()
        {
            Lines?.Dispose();
            Chip?.Dispose();
            (Lines, Chip) = (null, null);
        }
    }
}
