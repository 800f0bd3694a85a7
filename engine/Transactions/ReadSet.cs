using Sluice.Engine.Log;

namespace Sluice.Engine.Transactions;

/// <summary>
/// What a serializable transaction has read: for each table the ranges of rowids, for each index the ranges of keys, that its cursors passed
/// over, found or not. Nobody else's commits are recorded for it: the delta holds every version since the transaction's snapshot while
/// the transaction holds its epoch, so looking through the ranges there tells what was changed.
/// <para>Memory is bounded: past <see cref="MostRanges"/> ranges in a tree, the whole tree counts as read.</para>
/// <para>Owned by the transaction's thread.</para>
/// </summary>
internal sealed class ReadSet
{
    /// <summary>About half a megabyte for each tree.</summary>
    public const int MostRanges = 4096;

    /// <summary>Cursors whose last range is still open; past it they are closed, for a long transaction opens many and never says when one is done with.</summary>
    private const int MostOpenCursors = 16;

    private readonly Dictionary<uint, RowReads> _rows = [];
    private readonly Dictionary<uint, KeyReads> _keys = [];
    private readonly List<RecordingKeyCursor> _open = [];

    public RowReads Rows(uint root)
    {
        if (!_rows.TryGetValue(root, out RowReads? reads))
        {
            _rows.Add(root, reads = new RowReads(root));
        }

        return reads;
    }

    public KeyReads Keys(uint root, Format.KeyOrder order)
    {
        if (!_keys.TryGetValue(root, out KeyReads? reads))
        {
            _keys.Add(root, reads = new KeyReads(root, order));
        }

        return reads;
    }

    /// <summary>Notes that a cursor has begun a range whose far end is where it stands.</summary>
    public void Opened(RecordingKeyCursor cursor)
    {
        if (_open.Count == MostOpenCursors)
        {
            CloseRanges();
        }

        _open.Add(cursor);
    }

    /// <summary>Gives every range its far end: before they are compared with what others wrote.</summary>
    public void CloseRanges()
    {
        foreach (RecordingKeyCursor cursor in _open)
        {
            cursor.CloseRange();
        }

        _open.Clear();
    }

    /// <summary>
    /// The root page of a table or index in which a commit after the snapshot changed what was read; null if there is none. Looks only
    /// <paramref name="among"/> these root pages, if they are given.
    /// </summary>
    public uint? FindChanged(Delta delta, long snapshot, CommitStamp own, IReadOnlySet<uint>? among)
    {
        var look = new ReadValidation(snapshot, own);
        foreach ((uint root, RowReads reads) in _rows)
        {
            if (among?.Contains(root) != false && delta.FindTable(root) is { } table && reads.HasChanged(table, look))
            {
                return root;
            }
        }

        foreach ((uint root, KeyReads reads) in _keys)
        {
            if (among?.Contains(root) != false && delta.FindIndex(root) is { } index && reads.HasChanged(index, look))
            {
                return root;
            }
        }

        return null;
    }
}

/// <summary>Tells whether a chain holds another transaction's commit after a snapshot.</summary>
internal readonly struct ReadValidation(long snapshot, CommitStamp own)
{
    public bool IsChanged(DeltaNode node)
    {
        for (Version? version = node.Newest; version is not null; version = version.Older)
        {
            long timestamp = version.Owner.Timestamp;
            if (timestamp <= snapshot)
            {
                return false;
            }

            if (timestamp != CommitStamp.Open && !ReferenceEquals(version.Owner, own))
            {
                return true;
            }
        }

        return false;
    }
}
