using Sluice.Engine.BTree;
using Sluice.Engine.Format;

namespace Sluice.Engine.Transactions;

/// <summary>
/// A table as a transaction sees it: the rows of its pages, overlaid by the versions in the delta. Two candidates, the next row of the
/// pages and the next visible version, wait side by side; the nearer one is the current row, and a version hides the row with its rowid.
/// While the table's delta is empty the cursor of the pages does all the work. After the transaction's own writes the place in the delta is
/// looked up again, so that a cursor that stays open sees them.
/// </summary>
internal sealed class MergedRowCursor(IDeltaReader reader, uint root, RowCursor pages) : RowCursor
{
    private enum Source
    {
        None,
        Pages,
        Delta,
    }

    /// <summary>Stands for the write stamp after <see cref="SeekExact"/>, which places no candidates: a move has to.</summary>
    private const long Unplaced = -1;

    private Viewpoint _view = reader.View;
    private TableDelta? _delta = reader.Delta.FindTable(root);
    private long _writes = reader.WriteStamp;

    // The candidates in the direction of the last move: both at or behind the current row.
    private DeltaMap<long, RowidOrder>.Node? _node;
    private Version? _version;
    private bool _onPages;
    private bool _forward;
    private bool _overlaid;
    private Source _current;

    public override long Rowid => _current == Source.Delta ? _node!.Key : pages.Rowid;

    public override Payload Record =>
        _current == Source.Delta ? new Payload(_version!.Content!, 0, _version.Content!.Length) : pages.Record;

    public override int RecordLength => _current == Source.Delta ? _version!.Content!.Length : pages.RecordLength;

    public override void ReadRecord(int offset, Span<byte> into)
    {
        if (_current == Source.Delta)
        {
            _version!.Content.AsSpan(offset, into.Length).CopyTo(into);
            return;
        }

        pages.ReadRecord(offset, into);
    }

    public override bool MoveFirst()
    {
        Begin(forward: true);
        _onPages = pages.MoveFirst();
        Take(_overlaid ? _delta!.Map.First : null);
        return Settle();
    }

    public override bool MoveLast()
    {
        Begin(forward: false);
        _onPages = pages.MoveLast();
        Take(_overlaid ? _delta!.Map.Last : null);
        return Settle();
    }

    public override bool Seek(long rowid, SeekMode mode)
    {
        Begin(mode is SeekMode.GreaterOrEqual or SeekMode.Greater);
        _onPages = pages.Seek(rowid, mode);
        Take(_overlaid ? FindNode(rowid, mode) : null);
        return Settle();
    }

    public override bool SeekExact(long rowid)
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

        _onPages = pages.SeekExact(rowid);
        _current = _onPages ? Source.Pages : Source.None;
        _writes = _overlaid ? Unplaced : _writes;
        return _onPages;
    }

    public override bool MoveNext() => Move(forward: true);

    public override bool MovePrevious() => Move(forward: false);

    public override long Count()
    {
        Begin(forward: true);
        _current = Source.None;
        long count = pages.Count();
        if (!_overlaid)
        {
            return count;
        }

        long lastInPages = pages.MoveLast() ? pages.Rowid : long.MinValue;
        for (var node = _delta!.Map.First; node is not null; node = node.Next)
        {
            if (_view.Find(node.Newest) is not { } version)
            {
                continue;
            }

            bool inPages = node.Key <= lastInPages && pages.SeekExact(node.Key);
            count += (inPages, version.Deleted) switch
            {
                (false, false) => 1,
                (true, true) => -1,
                _ => 0,
            };
        }

        return count;
    }

    private void Begin(bool forward)
    {
        _writes = reader.WriteStamp;
        _view = reader.View;
        _delta ??= reader.Delta.FindTable(root);
        _overlaid = _delta is { Map.IsEmpty: false };
        _forward = forward;
    }

    private bool Move(bool forward)
    {
        if (!_overlaid && _writes == reader.WriteStamp)
        {
            _forward = forward;
            bool moved = _onPages && (forward ? pages.MoveNext() : pages.MovePrevious());
            _onPages = moved;
            _current = moved ? Source.Pages : Source.None;
            return moved;
        }

        if (_current == Source.None)
        {
            return false;
        }

        if (forward != _forward || _writes != reader.WriteStamp)
        {
            long rowid = Rowid;
            bool wasOnPages = _current == Source.Pages;
            bool turned = forward != _forward || _writes == Unplaced;
            Begin(forward);
            SeekMode mode = forward ? SeekMode.Greater : SeekMode.Less;
            Take(_overlaid ? FindNode(rowid, mode) : null);
            if (wasOnPages)
            {
                _onPages = forward ? pages.MoveNext() : pages.MovePrevious();
            }
            else if (turned)
            {
                _onPages = pages.Seek(rowid, mode);
            }

            return Settle();
        }

        if (_current == Source.Pages)
        {
            _onPages = forward ? pages.MoveNext() : pages.MovePrevious();
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
                long rowid = pages.Rowid;
                if (_forward ? rowid < _node.Key : rowid > _node.Key)
                {
                    _current = Source.Pages;
                    return true;
                }

                if (rowid == _node.Key)
                {
                    // The version hides the row of the pages.
                    _onPages = _forward ? pages.MoveNext() : pages.MovePrevious();
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
