using Sluice.Engine.BTree;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Transactions;

/// <summary>
/// An index as a transaction sees it; works as <see cref="MergedRowCursor"/>. A node of the delta hides every entry of the pages that
/// is equal to the node's key, which in a unique index leaves the rowid out.
/// </summary>
internal sealed class MergedKeyCursor : KeyCursor
{
    private enum Source
    {
        None,
        Pages,
        Delta,
    }

    private readonly StoreTransaction _reader;
    private readonly uint _root;
    private readonly KeyOrder _order;
    private readonly SqlValue[] _nodeColumns;
    private IPageSource? _source;
    private IndexCursor _pages = null!;
    private Viewpoint _view;
    private RecordReader _nodeReader;
    private RecordReader _keyReader;
    private IndexDelta? _delta;
    private long _writes;

    // The candidates in the direction of the last move: both at or behind the current entry.
    private DeltaMap<IndexKey, KeyRecordOrder>.Node? _node;
    private Version? _version;
    private int _nodeColumnCount;
    private bool _onPages;
    private bool _forward;
    private bool _lends;
    private bool _overlaid;
    private Source _current;
    private SqlValue[] _placeBefore = [];

    public MergedKeyCursor(StoreTransaction reader, uint root, KeyOrder order)
    {
        _reader = reader;
        _root = root;
        _order = order;
        _nodeColumns = new SqlValue[order.Count + 1];
        _writes = _reader.WriteStamp;
        Enter();
        Exit();
    }

    public override Payload Key =>
        _current == Source.Delta ? _version!.Content : _pages.Key;

    public override long Rowid
    {
        get
        {
            if (_current != Source.Delta)
            {
                return _pages.Rowid;
            }

            _keyReader.Reset(Key);
            return _keyReader.Get(_order.Count).Integer;
        }
    }

    public override void LendKeys()
    {
        _lends = true;
        _pages.LendKeys();
    }

    public override void KeepKey() => _pages.KeepKey();

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

    public override bool MoveNext() => Move(forward: true);

    public override bool MovePrevious() => Move(forward: false);

    public override bool Seek(ReadOnlySpan<SqlValue> probe, SeekMode mode)
    {
        Enter();
        try
        {
            return Place(probe, mode);
        }
        finally
        {
            Exit();
        }
    }

    private bool Place(ReadOnlySpan<SqlValue> probe, SeekMode mode)
    {
        bool forward = mode is SeekMode.GreaterOrEqual or SeekMode.Greater;
        Begin(forward);
        if (_overlaid && _order.Unique && probe.Length > _order.Count)
        {
            return SeekWithRowid(probe, mode);
        }

        _onPages = _pages.Seek(probe, mode);
        Take(_overlaid ? FindNode(probe, mode) : null);
        return Settle();
    }

    /// <summary>
    /// The nodes of a unique index know no rowid: seeks the columns, then steps over the few entries that the rowid puts on the other side.
    /// </summary>
    private bool SeekWithRowid(ReadOnlySpan<SqlValue> probe, SeekMode mode)
    {
        SeekMode wide = _forward ? SeekMode.GreaterOrEqual : SeekMode.LessOrEqual;
        ReadOnlySpan<SqlValue> columns = probe[.._order.Count];
        _onPages = _pages.Seek(columns, wide);
        Take(FindNode(columns, wide));
        for (bool any = Settle(); any; any = MoveOverlaid(_forward))
        {
            int compared = KeyComparer.Compare(Key, probe, _order);
            if (mode switch
                {
                    SeekMode.GreaterOrEqual => compared >= 0,
                    SeekMode.Greater => compared > 0,
                    SeekMode.LessOrEqual => compared <= 0,
                    _ => compared < 0,
                })
            {
                return true;
            }
        }

        return false;
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
        _placeBefore = placed ? PlaceOfCurrent() : [];
        _source = source;
        _pages = new IndexCursor(source, _root, _order);
        if (_lends)
        {
            _pages.LendKeys();
        }

        return placed;
    }

    private void Exit() => _reader.ExitReading();

    private void Begin(bool forward)
    {
        _writes = _reader.WriteStamp;
        _view = _reader.View;
        _delta ??= _reader.Delta.FindIndex(_root);
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
            Rearrange(forward);
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

    /// <summary>Looks both candidates up anew, behind the current entry in the direction of the move.</summary>
    private void Rearrange(bool forward)
    {
        bool turned = forward != _forward;
        bool wasOnPages = _current == Source.Pages;
        SqlValue[] probe = PlaceOfCurrent();
        Begin(forward);
        SeekMode mode = forward ? SeekMode.Greater : SeekMode.Less;
        Take(_overlaid ? FindNode(probe, mode) : null);
        if (wasOnPages)
        {
            _onPages = forward ? _pages.MoveNext() : _pages.MovePrevious();
        }
        else if (turned)
        {
            _onPages = _pages.Seek(probe, mode);
        }
    }

    /// <summary>The columns that tell where the current entry is.</summary>
    private SqlValue[] PlaceOfCurrent()
    {
        // In a unique index a node's key is the columns alone, unless one of them is NULL.
        Payload place = _current == Source.Pages ? _pages.Key : _node!.Key.Record;
        _keyReader.Reset(place);
        SqlValue[] columns = new SqlValue[_keyReader.ColumnCount];
        bool anyNull = false;
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = _keyReader.Get(i);
            anyNull |= columns[i].IsNull;
        }

        return _order.Unique && !anyNull ? columns[..Math.Min(columns.Length, _order.Count)] : columns;
    }

    /// <summary>Makes the nearer candidate the current entry.</summary>
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
                int compared = KeyComparer.Compare(_pages.Key, _nodeColumns.AsSpan(0, _nodeColumnCount), _order);
                if (_forward ? compared < 0 : compared > 0)
                {
                    _current = Source.Pages;
                    return true;
                }

                if (compared == 0)
                {
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
    private void Take(DeltaMap<IndexKey, KeyRecordOrder>.Node? node)
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
        if (node is not null)
        {
            LoadColumns(node);
        }
    }

    private DeltaMap<IndexKey, KeyRecordOrder>.Node? After(DeltaMap<IndexKey, KeyRecordOrder>.Node node)
    {
        if (_forward)
        {
            return node.Next;
        }

        LoadColumns(node);
        return _delta!.Map.Lower(new KeyProbe(_nodeColumns.AsSpan(0, _nodeColumnCount), _order, false));
    }

    private void LoadColumns(DeltaMap<IndexKey, KeyRecordOrder>.Node node)
    {
        _nodeReader.Reset(node.Key.Record);
        _nodeColumnCount = _nodeReader.ColumnCount;
        for (int i = 0; i < _nodeColumnCount; i++)
        {
            _nodeColumns[i] = _nodeReader.Get(i);
        }
    }

    private DeltaMap<IndexKey, KeyRecordOrder>.Node? FindNode(ReadOnlySpan<SqlValue> probe, SeekMode mode) => mode switch
    {
        SeekMode.GreaterOrEqual => _delta!.Map.Ceiling(new KeyProbe(probe, _order, false)),
        SeekMode.Greater => _delta!.Map.Ceiling(new KeyProbe(probe, _order, true)),
        SeekMode.LessOrEqual => _delta!.Map.Lower(new KeyProbe(probe, _order, true)),
        _ => _delta!.Map.Lower(new KeyProbe(probe, _order, false)),
    };
}
