using Sluice.Engine.Format;
using Sluice.Engine.Log;

namespace Sluice.Engine.Transactions;

/// <summary>
/// What one transaction made of one row or index key. Versions of the same key form a chain, newest first. Immutable but for the
/// link, which only ever skips versions that nobody needs, as long as somebody may look at it.
/// </summary>
internal class Version
{
    /// <summary>Bytes of memory of a version beside its content: its place in the write set, its part of what is unused in the content's array.</summary>
    private const int OverheadBytes = 32 + 16;

    /// <summary>Bytes of this object, where it is not a part of its node.</summary>
    private const int ObjectBytes = 56;

    private Version? _older;

    public Version(CommitStamp owner, Payload content, bool deleted) => Set(owner, content, deleted);

    public CommitStamp Owner { get; private set; } = null!;

    /// <summary>The row's record or the full index key; the removed full key of an index entry; nothing for a removed row.</summary>
    public Payload Content { get; private set; }

    public bool Deleted { get; private set; }

    public Version? Older
    {
        get => Volatile.Read(ref _older);
        set => Volatile.Write(ref _older, value);
    }

    /// <summary>Makes it a chain's first version.</summary>
    protected void Set(CommitStamp owner, Payload content, bool deleted)
    {
        Owner = owner;
        Content = content;
        Deleted = deleted;
        _older = null;
    }

    public int Bytes => OverheadBytes + Content.Length + (this is DeltaNode ? 0 : ObjectBytes);
}

/// <summary>
/// Who is looking: the newest commit that may be seen, the newest one that the reader's pages already hold, and the reader's own
/// writes.
/// </summary>
internal readonly struct Viewpoint(long snapshot, long pagesHold, CommitStamp? own)
{
    public long Snapshot { get; } = snapshot;

    /// <summary>
    /// The newest version of a chain that this viewpoint sees, or null when it has to look in the pages: versions at or before the
    /// checkpoint of its pages are there already.
    /// </summary>
    public Version? Find(Version? newest)
    {
        for (Version? version = newest; version is not null; version = version.Older)
        {
            if (ReferenceEquals(version.Owner, own))
            {
                return version;
            }

            long timestamp = version.Owner.Timestamp;
            if (timestamp <= Snapshot)
            {
                return timestamp > pagesHold ? version : null;
            }
        }

        return null;
    }
}
