namespace Sluice.Engine;

/// <summary>
/// Runs what the engine does beside its callers: writing the log, checkpoints. <see cref="Threads"/> gives each loop a thread that parks when
/// nothing is to do; a simulation takes its steps when its seed says so.
/// </summary>
public abstract class BackgroundWork
{
    /// <summary>One background thread a loop.</summary>
    public static BackgroundWork Threads { get; } = new ThreadedWork();

    /// <summary>
    /// Whether the code behind an await of a commit runs within the step that completes it. It must not where others wait for that step.
    /// </summary>
    public abstract bool CompletesInline { get; }

    /// <summary>
    /// Makes a loop that rests until it is woken. <paramref name="step"/> does one piece of work without waiting for anybody and says how long to
    /// rest: not at all (zero), for a while unless woken, or (null) until woken. Its exceptions are the loop's end and the process's.
    /// </summary>
    public abstract BackgroundLoop Start(string name, Func<TimeSpan?> step);
}

/// <summary>A loop of background work. Safe for many threads.</summary>
public abstract class BackgroundLoop
{
    /// <summary>Sees to it that a step begins after this call. Never waits, so it may be called under a lock.</summary>
    public abstract void Wake();

    /// <summary>
    /// Parks the caller, who has entered <paramref name="gate"/> once, until the gate is pulsed or the time is over, for a change that the loop
    /// brings. Not from within a step.
    /// </summary>
    public abstract void Wait(object gate, TimeSpan timeout);

    /// <summary>Ends the loop: when this returns no step runs and none will.</summary>
    public abstract void Stop();
}

/// <summary>Loops as threads.</summary>
file sealed class ThreadedWork : BackgroundWork
{
    public override bool CompletesInline => false;

    public override BackgroundLoop Start(string name, Func<TimeSpan?> step) => new ThreadedLoop(name, step);
}

file sealed class ThreadedLoop : BackgroundLoop
{
    private readonly object _gate = new();
    private readonly Func<TimeSpan?> _step;
    private readonly Thread _thread;

    // Guarded by _gate.
    private bool _woken;
    private bool _stopping;

    public ThreadedLoop(string name, Func<TimeSpan?> step)
    {
        _step = step;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    public override void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            Monitor.Pulse(_gate);
        }
    }

    public override void Wait(object gate, TimeSpan timeout) => Monitor.Wait(gate, timeout);

    public override void Stop()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
    }

    private void Run()
    {
        TimeSpan? rest = null;
        while (Rest(rest))
        {
            rest = _step();
        }
    }

    /// <summary>False when the loop is to end.</summary>
    private bool Rest(TimeSpan? rest)
    {
        lock (_gate)
        {
            if (rest is { } length)
            {
                if (length > TimeSpan.Zero && !_woken && !_stopping)
                {
                    // Monitors wait whole milliseconds; a shorter rest would be none.
                    Monitor.Wait(_gate, TimeSpan.FromMilliseconds(Math.Ceiling(length.TotalMilliseconds)));
                }
            }
            else
            {
                while (!_woken && !_stopping)
                {
                    Monitor.Wait(_gate);
                }
            }

            _woken = false;
            return !_stopping;
        }
    }
}
