using Sluice.Engine.BTree;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Transactions;

/// <summary>
/// A table as a transaction sees it: the rows of its pages, overlaid by the versions in the delta. Two candidates, the next row of the
/// pages and the next visible version, wait side by side; the nearer one is the current row, and a version hides the row with its rowid.
/// While the table's delta is empty the cursor of the pages does all the work. After the transaction's own writes the place in the delta is
/// looked up again, so that a cursor that stays open sees them.
/// </summary>
internal sealed class MergedRowCursor : RowCursor
{
    private enum Source
    {
        None,
        Pages,
        Delta,
    }

    /// <summary>Stands for the write stamp after <see cref="SeekExact"/>, which places no candidates: a move has to.</summary>
    private const long Unplaced = -1;

    private readonly StoreTransaction _reader;
    private readonly uint _root;
    private IPageSource? _source;
    private TableCursor _pages = null!;
    private Viewpoint _view;
    private TableDelta? _delta;
    private long _writes;

    // The candidates in the direction of the last move: both at or behind the current row.
    private DeltaMap<long, RowidOrder>.Node? _node;
    private Version? _version;
    private bool _onPages;
    private bool _forward;
    private bool _overlaid;
    private bool _lends;
    private bool _jumps;
    private Source _current;
    private long _placeBefore;

    public MergedRowCursor(StoreTransaction reader, uint root)
    {
        _reader = reader;
        _root = root;
        _writes = _reader.WriteStamp;
        Enter();
        Exit();
    }

    public override long Rowid => _current == Source.Delta ? _node!.Key : _pages.Rowid;

    public override Payload Record =>
        _current == Source.Delta ? _version!.Content : _pages.Record;

    public override void Show(ref RecordReader reader)
    {
        if (_current == Source.Delta)
        {
            reader.Reset(Record);
        }
        else
        {
            _pages.Show(ref reader);
        }
    }

    public override void LendRecords(bool jumps = false)
    {
        _lends = true;
        _jumps = jumps;
        _pages.LendRecords(jumps);
    }

    /// <summary>Lends the rows of the leaf that come before the next one of the delta.</summary>
    internal override bool Lend(ref LeafLoan loan)
    {
        if (_current != Source.Pages || !_forward || _writes != _reader.WriteStamp || !_pages.Lend(ref loan))
        {
            return false;
        }

        if (_node is { } node)
        {
            loan.EndBefore(node.Key);
        }

        loan.Watch(_reader.Writes);
        return true;
    }

    internal override void StandOn(int cell) => _pages.StandOn(cell);

    public override void KeepRecord() => _pages.KeepRecord();

    public override int RecordLength => _current == Source.Delta ? _version!.Content.Length : _pages.RecordLength;

    public override void ReadRecord(int offset, Span<byte> into)
    {
        if (_current == Source.Delta)
        {
            _version!.Content.Span.Slice(offset, into.Length).CopyTo(into);
            return;
        }

        _pages.ReadRecord(offset, into);
    }

    public override bool MoveFirst()
    {
        Enter();
        try
        {
            Begin(forward: true);
            _onPages = _pages.MoveFirst();
            Take(_overlaid ? _delta!.Map.First : null);
            return Settle();
        }
        finally
        {
            Exit();
        }
    }

    public override bool MoveLast()
    {
        Enter();
        try
        {
            Begin(forward: false);
            _onPages = _pages.MoveLast();
            Take(_overlaid ? _delta!.Map.Last : null);
            return Settle();
        }
        finally
        {
            Exit();
        }
    }

    public override bool Seek(long rowid, SeekMode mode)
    {
        Enter();
        try
        {
            return Place(rowid, mode);
        }
        finally
        {
            Exit();
        }
    }

    private bool Place(long rowid, SeekMode mode)
    {
        Begin(mode is SeekMode.GreaterOrEqual or SeekMode.Greater);
        _onPages = _pages.Seek(rowid, mode);
        Take(_overlaid ? FindNode(rowid, mode) : null);
        return Settle();
    }

    public override bool SeekExact(long rowid)
    {
        Enter();
        try
        {
            return PlaceExact(rowid);
        }
        finally
        {
            Exit();
        }
    }

    private bool PlaceExact(long rowid)
    {
        Begin(forward: true);
        if (_overlaid && _delta!.Map.Find(rowid) is { } node && _view.Find(node.Newest) is { } version)
        {
            if (version.Deleted)
            {
                _current = Source.None;
                return false;
            }

            _node = node;
            _version = version;
            _current = Source.Delta;
            _writes = Unplaced;
            return true;
        }

        _onPages = _pages.SeekExact(rowid);
        _current = _onPages ? Source.Pages : Source.None;
        _writes = _overlaid ? Unplaced : _writes;
        return _onPages;
    }

    public override bool MoveNext() => Move(forward: true);

    public override bool MovePrevious() => Move(forward: false);

    public override long Count()
    {
        Enter();
        try
        {
            return CountRows();
        }
        finally
        {
            Exit();
        }
    }

    private long CountRows()
    {
        Begin(forward: true);
        _current = Source.None;
        long count = _pages.Count();
        if (!_overlaid)
        {
            return count;
        }

        long lastInPages = _pages.MoveLast() ? _pages.Rowid : long.MinValue;
        for (var node = _delta!.Map.First; node is not null; node = node.Next)
        {
            if (_view.Find(node.Newest) is not { } version)
            {
                continue;
            }

            bool inPages = node.Key <= lastInPages && _pages.SeekExact(node.Key);
            count += (inPages, version.Deleted) switch
            {
                (false, false) => 1,
                (true, true) => -1,
                _ => 0,
            };
        }

        return count;
    }

    /// <summary>Begins a step; true when the transaction has moved to other pages, where this cursor has no place yet.</summary>
    private bool Enter()
    {
        IPageSource source = _reader.EnterReading();
        if (ReferenceEquals(source, _source))
        {
            return false;
        }

        bool placed = _source is not null && _current != Source.None;
        _placeBefore = placed ? Rowid : 0;
        _source = source;
        _pages = new TableCursor(source, _root);
        if (_lends)
        {
            _pages.LendRecords(_jumps);
        }

        return placed;
    }

    private void Exit() => _reader.ExitReading();

    private void Begin(bool forward)
    {
        _writes = _reader.WriteStamp;
        _view = _reader.View;
        _delta ??= _reader.Delta.FindTable(_root);
        _overlaid = _delta is { Map.IsEmpty: false };
        _forward = forward;
    }

    private bool Move(bool forward)
    {
        if (!_overlaid && _writes == _reader.WriteStamp)
        {
            _forward = forward;
            bool any = _onPages && (forward ? _pages.MoveNext() : _pages.MovePrevious());
            _onPages = any;
            _current = any ? Source.Pages : Source.None;
            return any;
        }

        if (_current == Source.None)
        {
            return false;
        }

        bool moved = Enter();
        try
        {
            return moved ? Place(_placeBefore, forward ? SeekMode.Greater : SeekMode.Less) : MoveOverlaid(forward);
        }
        finally
        {
            Exit();
        }
    }

    private bool MoveOverlaid(bool forward)
    {
        if (forward != _forward || _writes != _reader.WriteStamp)
        {
            long rowid = Rowid;
            bool wasOnPages = _current == Source.Pages;
            bool turned = forward != _forward || _writes == Unplaced;
            Begin(forward);
            SeekMode mode = forward ? SeekMode.Greater : SeekMode.Less;
            Take(_overlaid ? FindNode(rowid, mode) : null);
            if (wasOnPages)
            {
                _onPages = forward ? _pages.MoveNext() : _pages.MovePrevious();
            }
            else if (turned)
            {
                _onPages = _pages.Seek(rowid, mode);
            }

            return Settle();
        }

        if (_current == Source.Pages)
        {
            _onPages = forward ? _pages.MoveNext() : _pages.MovePrevious();
        }
        else
        {
            Take(After(_node!));
        }

        return Settle();
    }

    /// <summary>Makes the nearer candidate the current row.</summary>
    private bool Settle()
    {
        while (true)
        {
            if (_node is null)
            {
                _current = _onPages ? Source.Pages : Source.None;
                return _onPages;
            }

            if (_onPages)
            {
                long rowid = _pages.Rowid;
                if (_forward ? rowid < _node.Key : rowid > _node.Key)
                {
                    _current = Source.Pages;
                    return true;
                }

                if (rowid == _node.Key)
                {
                    // The version hides the row of the pages.
                    _onPages = _forward ? _pages.MoveNext() : _pages.MovePrevious();
                    continue;
                }
            }

            if (!_version!.Deleted)
            {
                _current = Source.Delta;
                return true;
            }

            Take(After(_node));
        }
    }

    /// <summary>Makes a node, or the first one behind it with something to see, the candidate.</summary>
    private void Take(DeltaMap<long, RowidOrder>.Node? node)
    {
        while (node is not null)
        {
            _version = _view.Find(node.Newest);
            if (_version is not null)
            {
                break;
            }

            node = After(node);
        }

        _node = node;
    }

    private DeltaMap<long, RowidOrder>.Node? After(DeltaMap<long, RowidOrder>.Node node) =>
        _forward ? node.Next : _delta!.Map.Lower(new RowidProbe(node.Key, false));

    private DeltaMap<long, RowidOrder>.Node? FindNode(long rowid, SeekMode mode) => mode switch
    {
        SeekMode.GreaterOrEqual => _delta!.Map.Ceiling(new RowidProbe(rowid, false)),
        SeekMode.Greater => _delta!.Map.Ceiling(new RowidProbe(rowid, true)),
        SeekMode.LessOrEqual => _delta!.Map.Lower(new RowidProbe(rowid, true)),
        _ => _delta!.Map.Lower(new RowidProbe(rowid, false)),
    };
}
