using Sluice.Engine.Format;
using Sluice.Engine.Log;

namespace Sluice.Engine.Transactions;

/// <summary>
/// The version chain of one key. Invariants: 1. the versions of an open transaction are on top of all others, for the first writer
/// wins. 2. A node that is marked removed has no versions and gets none any more. 3. The chain changes only under the node's lock; it is
/// read without.
/// </summary>
internal abstract class DeltaNode : Version
{
    /// <summary>Bytes of memory of a node beside its key.</summary>
    public const int OverheadBytes = 96;

    private Version? _newest;

    /// <summary>For a node that nobody else can see yet: it is its first version itself, since most have one only.</summary>
    protected DeltaNode(CommitStamp owner, Payload content, bool deleted) : base(owner, content, deleted)
    {
        _newest = this;
    }

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
    /// Drops the versions that are not needed. <paramref name="keeps"/>: a version committed after <paramref name="from"/> up to
    /// <paramref name="to"/>, which the pages hold, is left. When none at all is left the node is marked removed, which is told once.
    /// </summary>
    public bool Cut(Needed needed, long from, long to, ref SweepFigures figures, out bool keeps)
    {
        lock (this)
        {
            keeps = false;
            if (Removed)
            {
                return false;
            }

            Version? above = null;
            for (Version? version = _newest; version is not null; version = version.Older)
            {
                long timestamp = version.Owner.Timestamp;
                if (needed.Has(timestamp))
                {
                    if (timestamp > from && timestamp <= to)
                    {
                        keeps = true;
                        figures.InPages += version.Bytes;
                        figures.InWindows += timestamp <= needed.From ? version.Bytes : 0;
                    }

                    above = version;
                    continue;
                }

                // Whoever stands on it still finds the way on.
                figures.Freed += version.Bytes;
                if (above is null)
                {
                    Volatile.Write(ref _newest, version.Older);
                }
                else
                {
                    above.Older = version.Older;
                }
            }

            Removed = above is null;
            return Removed;
        }
    }

    /// <summary>Of a node that is not in its map any more, when nobody can stand on it: it leads nowhere from now on.</summary>
    public abstract void CutLinks();

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
}

internal enum PushResult
{
    Pushed,
    Conflict,
    Removed,
}
