using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>
/// Reads a table B-tree. Moving within a leaf looks at two bytes; a cell is decoded when its rowid or record is asked for.
/// <para>Over a <see cref="PageTransaction"/> the cursor survives writes: a move after one seeks anew from the rowid it stood on, and
/// <see cref="Record"/> gives the row as it is now (<see cref="ResultCode.Abort"/> if it is gone).</para>
/// </summary>
public sealed class TableCursor : RowCursor
{
    private readonly IPageSource _source;
    private readonly PageTransaction? _transaction;
    private readonly TreePath _path;
    private long _stamp;

    // The leaf at the path's end, and the cell in it. A leaf without cells while the cursor stands nowhere.
    private BTreePage _leaf;
    private int _index;

    // The cell whose rowid was decoded last, or -1.
    private int _decoded = -1;
    private long _rowid;
    private byte[]? _scratch;

    // Where in a cell's overflow chain the last piece was read; the cell, or -1.
    private ChainPlace _place;
    private int _placed = -1;

    public TableCursor(IPageSource source, uint root)
    {
        _source = source;
        _transaction = source as PageTransaction;
        _path = new TreePath(source, root, isTable: true);
        _leaf = default;
    }

    public override long Rowid
    {
        get
        {
            if (_decoded != _index)
            {
                _rowid = _leaf.TableKey(_source, _index);
                _decoded = _index;
            }

            return _rowid;
        }
    }

    public override Payload Record
    {
        get
        {
            _path.KeepTop();
            if (_transaction is not null)
            {
                FollowRow();
            }

            return _leaf.TryRecord(_source, _index, out int offset, out int length) ? new Payload(_leaf.Image, offset, length) : Assemble();
        }
    }

    public override int RecordLength =>
        _leaf.TryRecord(_source, _index, out _, out int length) ? length : _leaf.Cell(_source, _index).PayloadLength;

    public override void Show(ref RecordReader reader)
    {
        if (_transaction is not null)
        {
            FollowRow();
        }

        if (_leaf.TryRecord(_source, _index, out int offset, out int length))
        {
            reader.Reset(_leaf.Image, offset, length);
        }
        else
        {
            reader.Reset(Assemble());
        }
    }

    public override void LendRecords(bool jumps = false) => _path.Reuse = jumps ? Reuse.Seldom : Reuse.Never;

    internal override bool Lend(ref LeafLoan loan)
    {
        if (_transaction is not null)
        {
            return false;
        }

        loan = new LeafLoan(_source, _leaf, _index);
        return true;
    }

    internal override void StandOn(int cell) => _index = cell;

    public override void KeepRecord() => _path.KeepTop();

    public override void ReadRecord(int offset, Span<byte> into)
    {
        if (_transaction is not null)
        {
            base.ReadRecord(offset, into);
            return;
        }

        if (_placed != _index)
        {
            _placed = _index;
            _place = default;
        }

        OverflowChain.Read(_source, _leaf, _index, _leaf.Cell(_source, _index), ref _place, offset, into);
    }

    private bool IsStale => _transaction is not null && _transaction.ChangeStamp != _stamp;

    public override bool MoveFirst()
    {
        Begin();
        _path.DescendFirst();
        return Stand(0);
    }

    public override bool MoveLast()
    {
        Begin();
        _path.DescendLast();
        return Stand(_path.Top.CellCount - 1);
    }

    public override bool MoveNext()
    {
        if (IsStale)
        {
            return _leaf.CellCount > 0 && Seek(Rowid, SeekMode.Greater);
        }

        if (++_index < _leaf.CellCount)
        {
            return true;
        }

        return ToNextLeaf();
    }

    public override bool MovePrevious()
    {
        if (IsStale)
        {
            return _leaf.CellCount > 0 && Seek(Rowid, SeekMode.Less);
        }

        if (--_index >= 0)
        {
            return true;
        }

        return ToPreviousLeaf();
    }

    public override bool Seek(long rowid, SeekMode mode)
    {
        FindLeaf(rowid);
        int index = _leaf.LowerBound(_source, rowid, out bool exact);
        Forget();
        if (mode is SeekMode.GreaterOrEqual or SeekMode.Greater)
        {
            _index = mode == SeekMode.Greater && exact ? index + 1 : index;
            return _index < _leaf.CellCount || ToNextLeaf();
        }

        _index = mode == SeekMode.LessOrEqual && exact ? index : index - 1;
        return _index >= 0 || ToPreviousLeaf();
    }

    public override bool SeekExact(long rowid)
    {
        FindLeaf(rowid);
        _index = _leaf.LowerBound(_source, rowid, out bool exact);
        Forget();
        return exact;
    }

    /// <summary>Adds up the cells of the leafs without looking into them.</summary>
    public override long Count()
    {
        long count = 0;
        Begin();
        _path.DescendFirst();
        do
        {
            count += _path.Depth == 1 ? _path.Top.CellCount : CountBeside();
        }
        while (_path.NextLeaf());

        _leaf = default;
        return count;
    }

    /// <summary>Adds up the cells of the leafs that have their parent in common, and leaves the path at the last of them. They are not kept in the cache.</summary>
    private long CountBeside()
    {
        _scratch ??= new byte[_source.PageSize];
        _path.Pop();
        long count = 0;
        for (int i = 0; i <= _path.Top.CellCount; i++)
        {
            uint child = _path.Top.Child(_source, i);
            BTreePage leaf = BTreePage.Parse(_source, child, _source.ReadOnce(child, _scratch));
            if (leaf.Kind != PageKind.TableLeaf || leaf.CellCount == 0)
            {
                throw CorruptPage.At(_source, child, $"a page of kind {leaf.Kind} with {leaf.CellCount} cells among the leafs of a table");
            }

            count += leaf.CellCount;
        }

        _path.PushChild(_path.Top.CellCount);
        return count;
    }

    private void Begin()
    {
        _stamp = _transaction?.ChangeStamp ?? 0;
        _path.Begin();
    }

    /// <summary>Goes to the leaf where a rowid is or would be; a seek near the last one finds it there.</summary>
    private void FindLeaf(long rowid)
    {
        if (_leaf.CellCount > 0 && !IsStale
            && _leaf.TableKey(_source, 0) <= rowid && rowid <= _leaf.TableKey(_source, _leaf.CellCount - 1))
        {
            return;
        }

        Rise(rowid);
        while (!_path.Top.IsLeaf)
        {
            _path.PushChild(_path.Top.LowerBound(_source, rowid, out _));
        }

        _leaf = _path.Top;
    }

    /// <summary>Goes up to the lowest page of the path between whose dividers a rowid lies, for one that is looked up is often near the one before.</summary>
    private void Rise(long rowid)
    {
        if (_transaction is not null || _path.Depth == 0)
        {
            Begin();
            return;
        }

        _path.GoOn();
        while (_path.Depth > 1 && !IsWithin(_path.Top, rowid))
        {
            _path.Pop();
        }
    }

    private bool IsWithin(in BTreePage page, long rowid) =>
        !page.IsLeaf && page.CellCount > 0 && page.TableKey(_source, 0) < rowid && rowid <= page.TableKey(_source, page.CellCount - 1);

    private bool ToNextLeaf()
    {
        if (_path.NextLeaf())
        {
            return Stand(0);
        }

        _leaf = default;
        return false;
    }

    private bool ToPreviousLeaf()
    {
        if (_path.PreviousLeaf())
        {
            return Stand(_path.Top.CellCount - 1);
        }

        _leaf = default;
        return false;
    }

    private bool Stand(int index)
    {
        _leaf = _path.Top;
        _index = index;
        Forget();
        return (uint)index < (uint)_leaf.CellCount;
    }

    private Payload Assemble() => OverflowChain.Assemble(_source, _leaf, _index, _leaf.Cell(_source, _index));

    private void Forget()
    {
        _decoded = -1;
        _placed = -1;
    }

    /// <summary>Finds the row anew if the transaction has written since the cursor came to it.</summary>
    private void FollowRow()
    {
        long rowid = Rowid;
        if (IsStale && !SeekExact(rowid))
        {
            throw new SluiceException(ResultCode.Abort, $"row {rowid} was deleted under the cursor that stands on it");
        }
    }
}
