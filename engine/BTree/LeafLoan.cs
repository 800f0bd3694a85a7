using System.Runtime.CompilerServices;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>
/// The rows of a table's leaf from the one on which a cursor stands, lent to the cursor's reader, who walks through them without a call of the cursor for
/// each. It ends with the leaf, with what the cursor has to show in between, or when the transaction has written: then the reader puts the cursor on the row that
/// it has come to (<see cref="RowCursor.StandOn"/>) and moves it on. The image is lent as by <see cref="RowCursor.Show"/>.
/// <para>A mutable structure: keep it in a field that is not readonly, and do not copy it.</para>
/// </summary>
internal struct LeafLoan
{
    private readonly IPageSource _source;
    private readonly BTreePage _leaf;
    private int _end;
    private WriteMark? _writes;
    private long _stamp;

    public LeafLoan(IPageSource source, in BTreePage leaf, int cell)
    {
        _source = source;
        _leaf = leaf;
        Cell = cell;
        _end = leaf.CellCount;
    }

    /// <summary>The cell of the current row.</summary>
    public int Cell { get; private set; }

    public readonly bool IsOpen => _end > 0;

    /// <summary>The current row's rowid.</summary>
    public readonly long Rowid => _leaf.TableKey(_source, Cell);

    /// <summary>Ends the loan before a rowid.</summary>
    public void EndBefore(long rowid) => _end = Math.Min(_end, _leaf.LowerBound(_source, rowid, out _));

    /// <summary>Ends the loan when the transaction writes.</summary>
    public void Watch(WriteMark writes)
    {
        _writes = writes;
        _stamp = writes.Stamp;
    }

    /// <summary>Moves to the next row; false when the cursor has to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        int next = Cell + 1;
        if (next >= _end || (_writes is { } writes && writes.Stamp != _stamp))
        {
            return false;
        }

        Cell = next;
        return true;
    }

    /// <summary>Turns a reader to the current row's record; false when it is not all on the page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool TryShow(ref RecordReader reader)
    {
        if (!_leaf.TryRecord(_source, Cell, out int offset, out int length))
        {
            return false;
        }

        reader.Reset(_leaf.Image, offset, length);
        return true;
    }
}

/// <summary>Moves with each write, and each write taken back, of a transaction.</summary>
internal sealed class WriteMark
{
    public long Stamp { get; set; }
}
