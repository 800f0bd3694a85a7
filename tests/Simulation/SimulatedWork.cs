using Sluice.Engine;

namespace Sluice.Simulation;

/// <summary>
/// The engine's background loops as steps that the scheduler takes, all on one thread. Nobody is ever parked: who would wait for a loop makes
/// its steps instead, and a wait that no step can end is a failure.
/// </summary>
internal sealed class SimulatedWork(SimulatedClock clock, Action<SimulatedLoop> runStep) : BackgroundWork
{
    private readonly List<SimulatedLoop> _loops = [];

    public override bool CompletesInline => true;

    public IReadOnlyList<SimulatedLoop> Loops => _loops;

    public override BackgroundLoop Start(string name, Func<TimeSpan?> step)
    {
        var loop = new SimulatedLoop(this, name, step);
        _loops.Add(loop);
        return loop;
    }

    /// <summary>The process is dead.</summary>
    public void Forget() => _loops.Clear();

    internal SimulatedClock Clock => clock;

    internal void Run(SimulatedLoop loop) => runStep(loop);

    internal void Remove(SimulatedLoop loop) => _loops.Remove(loop);
}

/// <summary>One loop.</summary>
internal sealed class SimulatedLoop(SimulatedWork work, string name, Func<TimeSpan?> step) : BackgroundLoop
{
    /// <summary>Steps that a wait takes before it is held to be endless.</summary>
    private const int PatienceSteps = 10_000;

    private bool _woken;
    private bool _running;
    private TimeSpan? _due;
    private int _waits;

    public string Name { get; } = name;

    public bool IsLogWriter { get; } = name.Contains("log", StringComparison.Ordinal);

    public bool IsRunnable => !_running && (_woken || _due <= work.Clock.Now);

    /// <summary>Whether it has nothing to do, now or later.</summary>
    public bool IsResting => !_woken && _due is null;

    public override void Wake() => _woken = true;

    /// <summary>One step, whatever comes of it.</summary>
    public void Step()
    {
        _woken = false;
        _due = null;
        _running = true;
        try
        {
            if (step() is { } rest)
            {
                _due = work.Clock.Now + rest;
            }
        }
        finally
        {
            _running = false;
        }
    }

    public override void Wait(object gate, TimeSpan timeout)
    {
        if (_running)
        {
            throw new SimulationFailure($"something waits for a step of '{Name}' within that step");
        }

        Monitor.Exit(gate);
        try
        {
            if (IsRunnable)
            {
                work.Run(this);
            }
            else if (_due is { } due)
            {
                work.Clock.Advance(due - work.Clock.Now);
            }
            else if (timeout != Timeout.InfiniteTimeSpan)
            {
                work.Clock.Advance(timeout);
                _waits = _waits < PatienceSteps ? _waits + 1 : throw new SimulationFailure($"a wait for '{Name}' does not end");
            }
            else
            {
                throw new SimulationFailure($"something waits for '{Name}', which has nothing to do: a deadlock");
            }
        }
        finally
        {
            Monitor.Enter(gate);
        }
    }

    public override void Stop() => work.Remove(this);
}
