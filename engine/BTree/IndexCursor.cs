using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>
/// Reads an index B-tree, whose keys stand on interior pages too: the cursor is on the path's last page, at its index.
/// <para>Over a <see cref="PageTransaction"/> the cursor survives writes: a move after one seeks anew from the key it stood on.</para>
/// </summary>
public sealed class IndexCursor : KeyCursor
{
    private readonly IPageSource _source;
    private readonly PageTransaction? _transaction;
    private readonly KeyOrder _order;
    private readonly TreePath _path;
    private long _stamp;
    private Payload _key;
    private bool _hasKey;

    public IndexCursor(IPageSource source, uint root, KeyOrder order)
    {
        _source = source;
        _transaction = source as PageTransaction;
        _order = order;
        _path = new TreePath(source, root, isTable: false);
    }

    /// <inheritdoc/>
    public override Payload Key
    {
        get
        {
            if (!_hasKey)
            {
                ref readonly BTreePage page = ref _path.Top;
                int index = _path.TopIndex;
                if (!page.TryKey(_source, index, out _key))
                {
                    _key = OverflowChain.Assemble(_source, page, index, page.Cell(_source, index));
                }

                _hasKey = true;
            }

            return _key;
        }
    }

    public override long Rowid
    {
        get
        {
            try
            {
                return KeyRecord.Rowid(Key);
            }
            catch (CorruptRecordException error)
            {
                throw error.At(_source.Path, $"page {_path.Top.Number} cell {_path.TopIndex}");
            }
        }
    }

    private bool IsStale => _transaction is not null && _transaction.ChangeStamp != _stamp;

    public override void LendKeys() => _path.Reuse = Reuse.Seldom;

    public override void KeepKey() => _path.KeepTop();

    public override bool MoveFirst()
    {
        Begin();
        _path.DescendFirst();
        return Settle(_path.Top.CellCount > 0);
    }

    public override bool MoveLast()
    {
        Begin();
        _path.DescendLast();
        return Settle(_path.Top.CellCount > 0);
    }

    public override bool MoveNext()
    {
        if (IsStale)
        {
            return Seek(new WholeKeyProbe(RememberedKey(), _order), SeekMode.Greater);
        }

        _hasKey = false;
        if (!_path.Top.IsLeaf)
        {
            _path.PushChild(_path.TopIndex + 1);
            _path.DescendFirst();
            return Settle(true);
        }

        return ++_path.TopIndex < _path.Top.CellCount ? Settle(true) : UpToNext();
    }

    public override bool MovePrevious()
    {
        if (IsStale)
        {
            return Seek(new WholeKeyProbe(RememberedKey(), _order), SeekMode.Less);
        }

        _hasKey = false;
        if (!_path.Top.IsLeaf)
        {
            _path.PushChild(_path.TopIndex);
            _path.DescendLast();
            return Settle(true);
        }

        return --_path.TopIndex >= 0 ? Settle(true) : UpToPrevious();
    }

    public override bool Seek(ReadOnlySpan<SqlValue> probe, SeekMode mode) => Seek(new ValuesProbe(probe, _order), mode);

    private bool Seek<TProbe>(TProbe probe, SeekMode mode)
        where TProbe : IKeyProbe, allows ref struct
    {
        bool afterEqual = mode is SeekMode.Greater or SeekMode.LessOrEqual;
        Begin();
        while (true)
        {
            int index = KeySearch.LowerBound(_source, _path.Top, probe, afterEqual, out _);
            if (!_path.Top.IsLeaf)
            {
                _path.PushChild(index);
                continue;
            }

            if (mode is SeekMode.GreaterOrEqual or SeekMode.Greater)
            {
                _path.TopIndex = index;
                return index < _path.Top.CellCount ? Settle(true) : UpToNext();
            }

            _path.TopIndex = index - 1;
            return index > 0 ? Settle(true) : UpToPrevious();
        }
    }

    private void Begin()
    {
        _stamp = _transaction?.ChangeStamp ?? 0;
        _path.Begin();
    }

    /// <summary>From a leaf's end up to the first key after it.</summary>
    private bool UpToNext()
    {
        while (_path.Depth > 1)
        {
            _path.Pop();
            if (_path.TopIndex < _path.Top.CellCount)
            {
                return Settle(true);
            }
        }

        return Settle(false);
    }

    /// <summary>From a leaf's beginning up to the last key before it.</summary>
    private bool UpToPrevious()
    {
        while (_path.Depth > 1)
        {
            _path.Pop();
            if (_path.TopIndex > 0)
            {
                _path.TopIndex--;
                return Settle(true);
            }
        }

        return Settle(false);
    }

    /// <summary>
    /// Ends a move. In a page transaction the key is read at once if it overflows: after the next write its
    /// overflow pages may not be there any more, and the key is needed to seek anew.
    /// </summary>
    private bool Settle(bool found)
    {
        _hasKey = false;
        if (found && _transaction is not null)
        {
            _ = Key;
        }

        return found;
    }

    private Payload RememberedKey() =>
        _hasKey ? _key : throw new InvalidOperationException("The cursor stands nowhere.");
}
