using Sluice.Engine.BTree;
using Sluice.Engine.Format;

namespace Sluice.Engine.Transactions;

/// <summary>Notes the rowids that a cursor passes over, the gaps between rows included, up to the limit that its reader has set.</summary>
internal sealed class RecordingRowCursor(RowCursor rows, RowReads reads) : RowCursor
{
    private RowRange? _range;
    private bool _forward;
    private long? _nextLimit;

    // In the direction of the seek; turning round gives it up.
    private long? _limit;

    public override long Rowid => rows.Rowid;

    public override Payload Record => rows.Record;

    public override void Limit(long last) => _nextLimit = last;

    public override bool MoveFirst()
    {
        Begin(long.MinValue, forward: true);
        return Moved(rows.MoveFirst(), forward: true);
    }

    public override bool MoveLast()
    {
        Begin(long.MaxValue, forward: false);
        return Moved(rows.MoveLast(), forward: false);
    }

    public override bool Seek(long rowid, SeekMode mode)
    {
        bool forward = mode is SeekMode.GreaterOrEqual or SeekMode.Greater;
        Begin(rowid, forward);
        return Moved(rows.Seek(rowid, mode), forward);
    }

    public override bool SeekExact(long rowid)
    {
        Begin(rowid, forward: true);
        return rows.SeekExact(rowid);
    }

    public override bool MoveNext() => Moved(rows.MoveNext(), forward: true);

    public override bool MovePrevious() => Moved(rows.MovePrevious(), forward: false);

    public override long Count()
    {
        reads.ReadAll();
        return rows.Count();
    }

    private void Begin(long rowid, bool forward)
    {
        _forward = forward;
        _limit = _nextLimit;
        _nextLimit = null;
        _range = reads.Begin(rowid);
    }

    private bool Moved(bool any, bool forward)
    {
        if (forward != _forward)
        {
            _forward = forward;
            _limit = null;
        }

        long place = any ? rows.Rowid : forward ? long.MaxValue : long.MinValue;
        _range?.Include(_limit is not { } limit ? place : forward ? Math.Min(place, limit) : Math.Max(place, limit));
        return any;
    }
}
