namespace Sluice.Engine.Transactions;

/// <summary>
/// The version chain of one key. Invariants: 1. the versions of an open transaction are on top of all others, for the first writer
/// wins. 2. A node that is marked removed has no versions and gets none any more. 3. The chain changes only under the node's lock; it is
/// read without.
/// </summary>
internal abstract class DeltaNode
{
    /// <summary>Bytes of memory of a node beside its key.</summary>
    public const int OverheadBytes = 80;

    private Version? _newest;

    public Version? Newest => Volatile.Read(ref _newest);

    /// <summary>No longer in its map. Guarded by the node's lock.</summary>
    public bool Removed { get; private set; }

    /// <summary>
    /// Puts a version on top. <see cref="PushResult.Conflict"/> when another open transaction, or one that committed after
    /// <paramref name="snapshot"/>, wrote the key; <see cref="PushResult.Removed"/> when the key has to be looked up again.
    /// </summary>
    public PushResult TryPush(Version version, long snapshot)
    {
        lock (this)
        {
            if (Removed)
            {
                return PushResult.Removed;
            }

            if (_newest is { } newest)
            {
                if (newest.Owner.Timestamp > snapshot && !ReferenceEquals(newest.Owner, version.Owner))
                {
                    return PushResult.Conflict;
                }

                version.Older = newest;
            }

            Volatile.Write(ref _newest, version);
            return PushResult.Pushed;
        }
    }

    /// <summary>Takes back the newest version, which is the given one. True when the chain is empty then.</summary>
    public bool Pop(Version version)
    {
        lock (this)
        {
            if (!ReferenceEquals(_newest, version))
            {
                throw new InvalidOperationException("A transaction's version is not the newest of its chain.");
            }

            Volatile.Write(ref _newest, version.Older);
            return _newest is null;
        }
    }

    /// <summary>
    /// Drops the versions that are not needed; returns their bytes. When none is left the node is marked removed, which is told once.
    /// </summary>
    public long Cut(Needed needed, out bool removed)
    {
        lock (this)
        {
            removed = false;
            if (Removed)
            {
                return 0;
            }

            long bytes = 0;
            Version? above = null;
            for (Version? version = _newest; version is not null; version = version.Older)
            {
                if (needed.Has(version.Owner.Timestamp))
                {
                    above = version;
                    continue;
                }

                // Whoever stands on it still finds the way on.
                bytes += version.Bytes;
                if (above is null)
                {
                    Volatile.Write(ref _newest, version.Older);
                }
                else
                {
                    above.Older = version.Older;
                }
            }

            Removed = removed = above is null;
            return bytes;
        }
    }

    /// <summary>Marks an empty node removed; false if somebody has put a version in it.</summary>
    public bool TryRemove()
    {
        lock (this)
        {
            if (Removed || _newest is not null)
            {
                return false;
            }

            Removed = true;
            return true;
        }
    }

    /// <summary>For a node that nobody else can see yet.</summary>
    protected void Start(Version version) => _newest = version;
}

internal enum PushResult
{
    Pushed,
    Conflict,
    Removed,
}
