using Sluice.Engine.Format;
using Sluice.Engine.Log;

namespace Sluice.Engine.Transactions;

/// <summary>
/// What one transaction made of one row or index key. Versions of the same key form a chain, newest first. Immutable but for the
/// link, which only ever skips versions that nobody needs.
/// </summary>
internal class Version(CommitStamp owner, Payload content, bool deleted)
{
    /// <summary>Bytes of memory of a version beside its content: its place in the write set, its part of what is unused in the content's array.</summary>
    private const int OverheadBytes = 32 + 16;

    /// <summary>Bytes of this object, where it is not a part of its node.</summary>
    private const int ObjectBytes = 56;

    private Version? _older;

    public CommitStamp Owner { get; } = owner;

    /// <summary>The row's record or the full index key; the removed full key of an index entry; nothing for a removed row.</summary>
    public Payload Content { get; } = content;

    public bool Deleted { get; } = deleted;

    public Version? Older
    {
        get => Volatile.Read(ref _older);
        set => Volatile.Write(ref _older, value);
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
