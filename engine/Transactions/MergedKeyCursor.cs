using Sluice.Engine.BTree;
using Sluice.Engine.Format;

namespace Sluice.Engine.Transactions;

/// <summary>
/// An index as a transaction sees it; works as <see cref="MergedRowCursor"/>. A node of the delta hides every entry of the pages that
/// is equal to the node's key, which in a unique index leaves the rowid out.
/// </summary>
internal sealed class MergedKeyCursor(IDeltaReader reader, uint root, KeyOrder order, KeyCursor pages) : KeyCursor
{
    private enum Source
    {
        None,
        Pages,
        Delta,
    }

    private Viewpoint _view = reader.View;
    private readonly SqlValue[] _nodeColumns = new SqlValue[order.Count + 1];
    private RecordReader _nodeReader;
    private RecordReader _keyReader;
    private IndexDelta? _delta = reader.Delta.FindIndex(root);
    private long _writes = reader.WriteStamp;

    // The candidates in the direction of the last move: both at or behind the current entry.
    private DeltaMap<IndexKey, KeyRecordOrder>.Node? _node;
    private Version? _version;
    private int _nodeColumnCount;
    private bool _onPages;
    private bool _forward;
    private bool _overlaid;
    private Source _current;

    public override Payload Key =>
        _current == Source.Delta ? new Payload(_version!.Content!, 0, _version.Content!.Length) : pages.Key;

    public override long Rowid
    {
        get
        {
            if (_current != Source.Delta)
            {
                return pages.Rowid;
            }

            _keyReader.Reset(Key);
            return _keyReader.Get(order.Count).Integer;
        }
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

    public override bool MoveNext() => Move(forward: true);

    public override bool MovePrevious() => Move(forward: false);

    public override bool Seek(ReadOnlySpan<SqlValue> probe, SeekMode mode)
    {
        bool forward = mode is SeekMode.GreaterOrEqual or SeekMode.Greater;
        Begin(forward);
        if (_overlaid && order.Unique && probe.Length > order.Count)
        {
            return SeekWithRowid(probe, mode);
        }

        _onPages = pages.Seek(probe, mode);
        Take(_overlaid ? FindNode(probe, mode) : null);
        return Settle();
    }

    /// <summary>
    /// The nodes of a unique index know no rowid: seeks the columns, then steps over the few entries that the rowid puts on the other side.
    /// </summary>
    private bool SeekWithRowid(ReadOnlySpan<SqlValue> probe, SeekMode mode)
    {
        SeekMode wide = _forward ? SeekMode.GreaterOrEqual : SeekMode.LessOrEqual;
        ReadOnlySpan<SqlValue> columns = probe[..order.Count];
        _onPages = pages.Seek(columns, wide);
        Take(FindNode(columns, wide));
        for (bool any = Settle(); any; any = Move(_forward))
        {
            int compared = KeyComparer.Compare(Key, probe, order);
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

    private void Begin(bool forward)
    {
        _writes = reader.WriteStamp;
        _view = reader.View;
        _delta ??= reader.Delta.FindIndex(root);
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
            Rearrange(forward);
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

    /// <summary>Looks both candidates up anew, behind the current entry in the direction of the move.</summary>
    private void Rearrange(bool forward)
    {
        bool turned = forward != _forward;
        bool wasOnPages = _current == Source.Pages;

        // In a unique index a node's key is the columns alone, unless one of them is NULL.
        Payload place = wasOnPages ? pages.Key : new Payload(_node!.Key, 0, _node.Key.Length);
        Begin(forward);
        _keyReader.Reset(place);
        SqlValue[] columns = new SqlValue[_keyReader.ColumnCount];
        bool anyNull = false;
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = _keyReader.Get(i);
            anyNull |= columns[i].IsNull;
        }

        int count = order.Unique && !anyNull ? Math.Min(columns.Length, order.Count) : columns.Length;
        ReadOnlySpan<SqlValue> probe = columns.AsSpan(0, count);
        SeekMode mode = forward ? SeekMode.Greater : SeekMode.Less;
        Take(_overlaid ? FindNode(probe, mode) : null);
        if (wasOnPages)
        {
            _onPages = forward ? pages.MoveNext() : pages.MovePrevious();
        }
        else if (turned)
        {
            _onPages = pages.Seek(probe, mode);
        }
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
                int compared = KeyComparer.Compare(pages.Key, _nodeColumns.AsSpan(0, _nodeColumnCount), order);
                if (_forward ? compared < 0 : compared > 0)
                {
                    _current = Source.Pages;
                    return true;
                }

                if (compared == 0)
                {
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
        return _delta!.Map.Lower(new KeyProbe(_nodeColumns.AsSpan(0, _nodeColumnCount), order, false));
    }

    private void LoadColumns(DeltaMap<IndexKey, KeyRecordOrder>.Node node)
    {
        _nodeReader.Reset(new Payload(node.Key, 0, node.Key.Length));
        _nodeColumnCount = _nodeReader.ColumnCount;
        for (int i = 0; i < _nodeColumnCount; i++)
        {
            _nodeColumns[i] = _nodeReader.Get(i);
        }
    }

    private DeltaMap<IndexKey, KeyRecordOrder>.Node? FindNode(ReadOnlySpan<SqlValue> probe, SeekMode mode) => mode switch
    {
        SeekMode.GreaterOrEqual => _delta!.Map.Ceiling(new KeyProbe(probe, order, false)),
        SeekMode.Greater => _delta!.Map.Ceiling(new KeyProbe(probe, order, true)),
        SeekMode.LessOrEqual => _delta!.Map.Lower(new KeyProbe(probe, order, true)),
        _ => _delta!.Map.Lower(new KeyProbe(probe, order, false)),
    };
}
