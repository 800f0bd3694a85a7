namespace Sluice.Engine.Data;

/// <summary>
/// Lets one operation at a time into a connection, and interrupts the one that is inside when it is cancelled or its
/// time is over.
/// <para>1. A second operation is refused, not queued: a connection belongs to one thread at a time.</para>
/// <para>2. An interrupt reaches the operation it is meant for or none: it is given while <see cref="Interrupting"/>
/// holds that operation inside.</para>
/// <para>3. An interrupt that came before the engine had begun the statement is repeated at the next tick.</para>
/// </summary>
internal sealed class ConnectionGate(SluiceConnection connection) : IDisposable
{
    private const int Idle = 0;
    private const int InUse = 1;
    private const int Interrupting = 2;

    /// <summary>How often a running operation's age is looked at. Timeouts are whole seconds, so this is exact enough.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    /// <summary>After so many ticks without an operation the timer stops; the next operation with a timeout starts it again.</summary>
    private const int IdleTicks = 25;

    private int _state;

    // Written by the operation inside.
    private SluiceCommand? _command;
    private long _operation;
    private bool _timedOut;
    private bool _cancelled;

    // The timer's; its callbacks do not overlap, because it is armed again at the end of each.
    private readonly Lock _timerGate = new();
    private Timer? _timer;
    private bool _ticking;
    private bool _disposed;
    private int _idleTicks;
    private long _seenOperation;
    private long _seenSinceMs;

    /// <summary>Whether the operation inside was interrupted for taking too long.</summary>
    internal bool TimedOut => _timedOut;

    /// <summary>Whether an operation is inside.</summary>
    internal bool IsBusy => Volatile.Read(ref _state) != Idle;

    /// <summary>Begins an operation; <paramref name="command"/> is whose timeout and cancellation hold, if any.</summary>
    internal void Enter(SluiceCommand? command)
    {
        if (Interlocked.CompareExchange(ref _state, InUse, Idle) != Idle)
        {
            throw new InvalidOperationException(
                "The connection is in use by another operation: it runs one at a time. Await the one before, "
                + "or open a connection for each thread.");
        }

        _timedOut = false;
        _cancelled = false;
        _operation++;
        Volatile.Write(ref _command, command);
        if (command is { CommandTimeout: > 0 } && !Volatile.Read(ref _ticking))
        {
            StartTimer();
        }
    }

    internal void Exit()
    {
        Volatile.Write(ref _command, null);
        SpinWait spin = default;
        while (Interlocked.CompareExchange(ref _state, Idle, InUse) != InUse)
        {
            spin.SpinOnce();
        }
    }

    /// <summary>Interrupts <paramref name="command"/> if it is running now.</summary>
    internal void Cancel(SluiceCommand command)
    {
        SpinWait spin = default;
        int seen;
        while ((seen = Interlocked.CompareExchange(ref _state, Interrupting, InUse)) == Interrupting)
        {
            spin.SpinOnce();
        }

        if (seen == Idle)
        {
            return;
        }

        if (ReferenceEquals(_command, command))
        {
            _cancelled = true;
            connection.InterruptSession();
            StartTimer();
        }

        Volatile.Write(ref _state, InUse);
    }

    public void Dispose()
    {
        lock (_timerGate)
        {
            _disposed = true;
            _timer?.Dispose();
        }
    }

    private void StartTimer()
    {
        lock (_timerGate)
        {
            if (_ticking || _disposed)
            {
                return;
            }

            _ticking = true;
            _idleTicks = 0;
            _timer ??= new Timer(static gate => ((ConnectionGate)gate!).OnTick(), this, Timeout.Infinite, Timeout.Infinite);
            _timer.Change(Tick, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnTick()
    {
        bool busy = false;
        if (Interlocked.CompareExchange(ref _state, Interrupting, InUse) == InUse)
        {
            busy = true;
            InterruptIfDue();
            Volatile.Write(ref _state, InUse);
        }

        lock (_timerGate)
        {
            _idleTicks = busy ? 0 : _idleTicks + 1;
            if (_disposed)
            {
                return;
            }

            if (_idleTicks >= IdleTicks)
            {
                _ticking = false;
                return;
            }

            _timer!.Change(Tick, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Runs while the operation is held inside.</summary>
    private void InterruptIfDue()
    {
        long nowMs = Environment.TickCount64;
        if (_operation != _seenOperation)
        {
            _seenOperation = _operation;
            _seenSinceMs = nowMs;
        }

        if (_command is not { } command)
        {
            return;
        }

        if (command.CommandTimeout > 0 && nowMs - _seenSinceMs >= command.CommandTimeout * 1000L)
        {
            _timedOut = true;
        }

        if (_timedOut || _cancelled)
        {
            connection.InterruptSession();
        }
    }
}
