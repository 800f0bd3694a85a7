using Sluice.Engine.Log;

namespace Sluice.Engine.Transactions;

/// <summary>
/// Rows that transactions rely on without writing them, and rows whose keys they take away: a foreign key's parent must not go while a row that
/// refers to it comes. Invariant: under one lock, a share looks for claims and a claim for shares that its snapshot does not see, so of
/// two transactions the second one always finds the first. Entries that every snapshot sees are swept with the versions of that time.
/// </summary>
internal sealed class RowShares
{
    private readonly record struct Entry(CommitStamp Owner, bool IsClaim);

    private readonly Lock _gate = new();
    private readonly Dictionary<(uint Root, long Rowid), List<Entry>> _entries = [];

    /// <summary>False on a conflict.</summary>
    public bool TryAdd(uint root, long rowid, CommitStamp owner, long snapshot, bool isClaim)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue((root, rowid), out List<Entry>? entries))
            {
                _entries.Add((root, rowid), entries = []);
            }

            bool isThere = false;
            foreach (Entry entry in entries)
            {
                bool isOwn = ReferenceEquals(entry.Owner, owner);
                isThere |= isOwn && entry.IsClaim == isClaim;
                if (!isOwn && entry.IsClaim != isClaim && entry.Owner.Timestamp > snapshot)
                {
                    return false;
                }
            }

            if (!isThere)
            {
                entries.Add(new Entry(owner, isClaim));
            }

            return true;
        }
    }

    /// <summary>The transaction was rolled back.</summary>
    public void Remove(uint root, long rowid, CommitStamp owner)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue((root, rowid), out List<Entry>? entries))
            {
                _ = entries.RemoveAll(entry => ReferenceEquals(entry.Owner, owner));
                if (entries.Count == 0)
                {
                    _ = _entries.Remove((root, rowid));
                }
            }
        }
    }

    /// <summary>Forgets what was committed at or before a timestamp that every snapshot sees.</summary>
    public void Sweep(long timestamp)
    {
        lock (_gate)
        {
            foreach (((uint Root, long Rowid) row, List<Entry> entries) in _entries)
            {
                _ = entries.RemoveAll(entry => entry.Owner.Timestamp <= timestamp);
                if (entries.Count == 0)
                {
                    _ = _entries.Remove(row);
                }
            }
        }
    }
}
