namespace Sluice.Engine.Transactions;

/// <summary>
/// A transaction's hold on a state of the database: an epoch's pages, and the versions between what they hold and the snapshot.
/// <para>The pages cost little to hold, for those that change are kept in a file; the versions are in memory. So a checkpoint that passes a
/// snapshot stops there once, and the transaction goes on with pages that hold exactly its snapshot and needs no versions any more.</para>
/// <para>1. What a reader does between <see cref="Enter"/> and <see cref="Exit"/> sees one epoch, and its versions stay that long. 2. The move
/// happens between two such steps, at most once. 3. Both epochs are held until the end: what was read from the first may still be used.</para>
/// </summary>
internal sealed class Hold(Epoch epoch, long snapshot, long since, long number)
{
    private const int Resting = 0;
    private const int Reading = 1;
    private const int Moved = 2;
    private const int GivenUp = 3;

    private int _state;
    private bool _isWriting;

    /// <summary>The epoch that was the newest at the begin.</summary>
    public Epoch Epoch { get; } = epoch;

    public long Snapshot { get; } = snapshot;

    /// <summary>They are counted in the order of their beginning.</summary>
    public long Number { get; } = number;

    /// <summary>The clock's timestamp of the begin.</summary>
    public long Since { get; } = since;

    /// <summary>Whether the transaction has begun to write, and so may have to find out who else wrote since its snapshot. Set by its thread.</summary>
    public bool IsWriting
    {
        get => Volatile.Read(ref _isWriting);
        set => Volatile.Write(ref _isWriting, value);
    }

    /// <summary>The epoch whose pages hold exactly the snapshot, once there is one. Guarded by <see cref="Epochs"/>, like the links.</summary>
    internal Epoch? Exact { get; set; }

    internal Hold? Previous { get; set; }

    internal Hold? Next { get; set; }

    /// <summary>Versions committed after this one, up to the snapshot, are needed.</summary>
    internal long PagesHold => Volatile.Read(ref _state) == Moved ? Exact!.Checkpointed : Epoch.Checkpointed;

    internal bool NeedsVersions => PagesHold < Snapshot && !IsGivenUp;

    internal bool IsGivenUp => Volatile.Read(ref _state) == GivenUp;

    /// <summary>Begins a step of reading; the epoch whose pages it is to read.</summary>
    /// <exception cref="SluiceException">BusySnapshot: memory was short and the snapshot could not be kept.</exception>
    public Epoch Enter() => Interlocked.CompareExchange(ref _state, Reading, Resting) switch
    {
        Moved => Exact!,
        GivenUp => throw new SluiceException(
            ResultCode.BusySnapshot,
            "database is locked: this transaction's snapshot is too old: it was given up because memory was short (PRAGMA memory_limit)"),
        _ => Epoch,
    };

    public void Exit()
    {
        if (_state == Reading)
        {
            Volatile.Write(ref _state, Resting);
        }
    }

    /// <summary>Makes the transaction read <see cref="Exact"/> from now on, if there is one and it is not in the middle of a step.</summary>
    internal void TryMove()
    {
        if (Exact is not null)
        {
            _ = Interlocked.CompareExchange(ref _state, Moved, Resting);
        }
    }

    /// <summary>Gives the snapshot up; false while the transaction is in the middle of a step.</summary>
    internal bool TryGiveUp() => Interlocked.CompareExchange(ref _state, GivenUp, Resting) is Resting or GivenUp;
}
