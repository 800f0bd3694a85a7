namespace Sluice.Engine.Transactions;

/// <summary>
/// Who may write. Plain writers (BEGIN, BEGIN IMMEDIATE) come one after the other, in the order they asked. Concurrent writers only wait
/// while a transaction is exclusive. Who wants to be exclusive holds the plain lock, keeps new writers out, and waits for those inside.
/// <para>Invariants: 1. a writer is inside from before its first version until its outcome is settled (durable, or taken back). 2. While a
/// transaction is exclusive nobody else is inside. 3. Waiting ends with the busy timeout, with nothing held.</para>
/// </summary>
internal sealed class WriterGate
{
    /// <summary>A plain writer in the queue; parked on this object.</summary>
    private sealed class Place(object holder)
    {
        public object Holder { get; } = holder;

        public bool Granted { get; set; }
    }

    private readonly object _gate = new();

    // Guarded by _gate; whether a place was granted, by the place too.
    private readonly LinkedList<Place> _plainQueue = new();
    private object? _plainHolder;
    private int _inside;
    private bool _exclusive;

    /// <summary>Takes the plain-writer lock for <paramref name="holder"/>.</summary>
    public void EnterPlain(object holder, TimeSpan timeout)
    {
        var place = new Place(holder);
        lock (_gate)
        {
            if (_plainHolder is null)
            {
                _plainHolder = holder;
                return;
            }

            _plainQueue.AddLast(place);
        }

        lock (place)
        {
            var deadline = new Deadline(timeout);
            while (!place.Granted && deadline.Wait(place))
            {
            }
        }

        lock (_gate)
        {
            if (!place.Granted)
            {
                _plainQueue.Remove(place);
                throw Locked("another transaction is writing");
            }
        }
    }

    /// <summary>Hands the lock to the one who has waited longest.</summary>
    public void LeavePlain(object holder)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_plainHolder, holder))
            {
                return;
            }

            if (_plainQueue.First is not { } first)
            {
                _plainHolder = null;
                return;
            }

            _plainQueue.RemoveFirst();
            _plainHolder = first.Value.Holder;
            lock (first.Value)
            {
                first.Value.Granted = true;
                Monitor.Pulse(first.Value);
            }
        }
    }

    /// <summary>
    /// Lets a writer in once no other transaction is exclusive. <paramref name="check"/> runs while no exclusive transaction can begin; when
    /// it throws the writer is not inside.
    /// </summary>
    public void Enter(TimeSpan timeout, Action check)
    {
        lock (_gate)
        {
            var deadline = new Deadline(timeout);
            while (_exclusive)
            {
                if (!deadline.Wait(_gate))
                {
                    throw Locked("a transaction is changing the schema or is exclusive");
                }
            }

            check();
            _inside++;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            _inside--;
            if (_exclusive)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Transactions that have begun to write and have not ended.</summary>
    public int Inside
    {
        get
        {
            lock (_gate)
            {
                return _inside;
            }
        }
    }

    /// <summary>Makes the holder of the plain lock the only writer. <paramref name="isInside"/>: it has written already.</summary>
    public void BeginExclusive(TimeSpan timeout, bool isInside)
    {
        lock (_gate)
        {
            _exclusive = true;
            var deadline = new Deadline(timeout);
            while (_inside > (isInside ? 1 : 0))
            {
                if (!deadline.Wait(_gate))
                {
                    _exclusive = false;
                    Monitor.PulseAll(_gate);
                    throw Locked($"{_inside - (isInside ? 1 : 0)} other transactions are writing");
                }
            }
        }
    }

    public void EndExclusive()
    {
        lock (_gate)
        {
            _exclusive = false;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>SQLite's text first, for programs look at it.</summary>
    private static SluiceException Locked(string reason) => new(ResultCode.Busy, $"database is locked: {reason}");
}

/// <summary>A wait on a monitor that ends after a while, however often it is woken.</summary>
internal readonly struct Deadline(TimeSpan timeout)
{
    private readonly long _start = Environment.TickCount64;

    /// <summary>Waits for a pulse; false when the time is over.</summary>
    public bool Wait(object gate)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            Monitor.Wait(gate);
            return true;
        }

        TimeSpan left = timeout - TimeSpan.FromMilliseconds(Environment.TickCount64 - _start);
        if (left <= TimeSpan.Zero)
        {
            return false;
        }

        // Woken or not, the caller looks at its condition once more; the next wait finds the time over.
        Monitor.Wait(gate, left > MaxWait ? MaxWait : left);
        return true;
    }

    private static TimeSpan MaxWait => TimeSpan.FromDays(1);
}
