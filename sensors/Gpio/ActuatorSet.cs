namespace Sluice.Sensors.Gpio;

/// <summary>
/// The outputs, each with a port of its own. From the moment its port is opened an output has the safe state, and it has it again
/// at the end and when the time after a command is over; interlocked ones are never on together.
///
/// An output that cannot be set, or whose port is gone, is tried again every second, in its safe state, until it can be. Until then
/// its state is not known, and it blocks those that it is interlocked with.
/// </summary>
public sealed class ActuatorSet : IDisposable
{
    private static readonly TimeSpan CheckPause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Output> _outputs = new(StringComparer.Ordinal);
    private readonly Func<ActuatorDefinition, bool, IOutputPort> _open;
    private readonly TimeProvider _time;
    private readonly ITimer _checks;
    private readonly Lock _gate = new();
    private bool _isDisposed;

    /// <param name="definitions">The outputs.</param>
    /// <param name="open">Opens the port of an output, in a state.</param>
    /// <param name="time">The clock of time-outs.</param>
    public ActuatorSet(IEnumerable<ActuatorDefinition> definitions, Func<ActuatorDefinition, bool, IOutputPort> open, TimeProvider time)
    {
        _open = open;
        _time = time;
        _checks = time.CreateTimer(_ => Check(), null, System.Threading.Timeout.InfiniteTimeSpan, System.Threading.Timeout.InfiniteTimeSpan);
        foreach (ActuatorDefinition definition in definitions)
        {
            _outputs.Add(definition.Name, new Output(definition));
        }
    }

    /// <summary>Called when an output has another state, or a known one again: its name, the state, and why.</summary>
    public Action<string, bool, string> Changed { get; set; } = (_, _, _) => { };

    /// <summary>Called when an output cannot be set any more, or for another reason than before.</summary>
    public Action<string, SensorException> Failed { get; set; } = (_, _) => { };

    public IReadOnlyList<string> Names => [.. _outputs.Keys];

    /// <summary>Opens the ports in their safe states, or begins to try.</summary>
    public void Start()
    {
        lock (_gate)
        {
            foreach (Output output in _outputs.Values)
            {
                TrySet(output, output.Definition.SafeState, "start");
            }

            CheckLater();
        }
    }

    /// <summary>Whether an actuator is on; null if it is not known or cannot be set.</summary>
    public bool? IsOn(string name)
    {
        lock (_gate)
        {
            return _outputs.TryGetValue(name, out Output? output) && output.Port is not null ? output.State : null;
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
            if (_isDisposed)
            {
                reason = "the outputs have ended";
                return ActuatorResult.Failed;
            }

            if (!_outputs.TryGetValue(name, out Output? output))
            {
                reason = $"there is no actuator {name}";
                return ActuatorResult.Unknown;
            }

            ActuatorDefinition definition = output.Definition;
            if (state && Blocking(definition) is { } other)
            {
                reason = $"{other.Definition.Name} {(other.Port is null ? "cannot be set" : "is on")}, and the two are interlocked";
                return ActuatorResult.Interlocked;
            }

            reason = TrySet(output, state, "command") is { } fault ? fault.Message : "";
            if (reason.Length > 0)
            {
                return ActuatorResult.Failed;
            }

            StartTimer(output);
            return ActuatorResult.Done;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _checks.Dispose();
            foreach (Output output in _outputs.Values)
            {
                output.StopTimer();
                TrySet(output, output.Definition.SafeState, "end");
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
                output.StopTimer();
                TrySet(output, output.Definition.SafeState, "time-out");
            }
        }
    }

    /// <summary>Looks whether all ports are there, and tries those again that are not.</summary>
    private void Check()
    {
        foreach (Output output in _outputs.Values)
        {
            // Each by itself: a command or a time-out waits for one exchange with a slow device at most.
            lock (_gate)
            {
                if (_isDisposed)
                {
                    return;
                }

                Check(output);
            }
        }

        lock (_gate)
        {
            if (!_isDisposed)
            {
                CheckLater();
            }
        }
    }

    private void Check(Output output)
    {
        if (output.Port is null)
        {
            TrySet(output, output.Definition.SafeState, "can be set again");
            return;
        }

        try
        {
            Compare(output, output.Port.Read());
        }
        catch (SensorException e)
        {
            Fail(output, e);
        }
    }

    /// <summary>A Modbus device may have been switched off and on, or have another master: what that sets has a time-out and interlocks, too.</summary>
    private void Compare(Output output, bool state)
    {
        if (output.State == state)
        {
            return;
        }

        output.State = state;
        Changed(output.Definition.Name, state, "changed by the device");
        StartTimer(output);
        if (state && Blocking(output.Definition) is not null)
        {
            output.StopTimer();
            TrySet(output, output.Definition.SafeState, "interlocked");
        }
    }

    /// <summary>Its time until the safe state begins, if it has one.</summary>
    private void StartTimer(Output output)
    {
        output.StopTimer();
        if (output.State != output.Definition.SafeState && output.Definition.Timeout > TimeSpan.Zero)
        {
            long command = ++output.Command;
            output.Timer = _time.CreateTimer(_ => TimedOut(output, command), null, output.Definition.Timeout, System.Threading.Timeout.InfiniteTimeSpan);
        }
    }

    private void CheckLater()
    {
        if (_outputs.Count > 0)
        {
            _checks.Change(CheckPause, System.Threading.Timeout.InfiniteTimeSpan);
        }
    }

    private Output? Blocking(ActuatorDefinition definition) => _outputs.Values.FirstOrDefault(
        other => other.Definition.Name != definition.Name && (other.Port is null || other.State)
            && (definition.Interlock.Contains(other.Definition.Name) || other.Definition.Interlock.Contains(definition.Name)));

    private SensorException? TrySet(Output output, bool state, string why)
    {
        try
        {
            bool isNew = output.Port is null;
            if (isNew)
            {
                output.Port = _open(output.Definition, state);
            }
            else
            {
                output.Port!.Write(state);
            }

            output.Fault = null;
            if (isNew || output.State != state)
            {
                output.State = state;
                Changed(output.Definition.Name, state, why);
            }

            return null;
        }
        catch (SensorException e)
        {
            Fail(output, e);
            return e;
        }
    }

    private void Fail(Output output, SensorException e)
    {
        output.Close();
        output.StopTimer();
        bool isNews = output.Fault != e.Message;
        output.Fault = e.Message;
        if (isNews)
        {
            Failed(output.Definition.Name, e);
        }
    }

    private sealed class Output(ActuatorDefinition definition)
    {
        public ActuatorDefinition Definition { get; } = definition;

        /// <summary>Null while it cannot be set.</summary>
        public IOutputPort? Port { get; set; }

        public bool State { get; set; } = definition.SafeState;

        /// <summary>Why it cannot be set.</summary>
        public string? Fault { get; set; }

        public ITimer? Timer { get; set; }

        public long Command { get; set; }

        public void StopTimer()
        {
            Timer?.Dispose();
            Timer = null;
        }

        public void Close()
        {
            Port?.Dispose();
            Port = null;
        }
    }
}
