using System.Runtime.CompilerServices;
using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// The current row of a table under a cursor. Decodes the record when a column of it is first asked for. Where the cursor lends its records, those are
/// kept of which a text or a blob is given away.
/// </summary>
internal sealed class TableRow(TableShape shape, RowCursor cursor) : RowSource
{
    private readonly int[] _places = shape.Places;
    private RecordReader _reader;
    private VirtualColumns? _virtual;
    private LeafLoan _loan;
    private bool _loaded;

    public override long Rowid => _loan.IsOpen ? _loan.Rowid : cursor.Rowid;

    public void LendRecords(bool jumps = false) => cursor.LendRecords(jumps);

    public void Limit(long last) => cursor.Limit(last);

    public bool MoveFirst()
    {
        Leave();
        return cursor.MoveFirst() && Borrow();
    }

    public bool MoveLast()
    {
        Leave();
        return cursor.MoveLast();
    }

    public bool MoveNext()
    {
        if (_loan.MoveNext())
        {
            _loaded = false;
            return true;
        }

        return MoveCursor();
    }

    public bool MovePrevious()
    {
        Leave();
        return cursor.MovePrevious();
    }

    public bool Seek(long rowid, SeekMode mode)
    {
        Leave();
        return cursor.Seek(rowid, mode) && Borrow();
    }

    public bool SeekExact(long rowid)
    {
        Leave();
        return cursor.SeekExact(rowid);
    }

    /// <summary>Not inlined: its callers are generic over rows, and would spend on it what the compiler grants a method.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public override SqlValue Column(int index)
    {
        int position = _places[index];
        if (position < 0)
        {
            return position == TableShape.RowidPlace ? SqlValue.FromInteger(Rowid) : (_virtual ??= new VirtualColumns(shape.Table, this)).Column(index);
        }

        if (!_loaded)
        {
            Load();
        }

        int type = _reader.Locate(position, out int offset);
        if (type < 0)
        {
            return shape.DefaultOf(index);
        }

        if (type >= SerialType.FirstBlob)
        {
            cursor.KeepRecord();
        }
        else if (shape.IsReal(index))
        {
            return _reader.ReadReal(type, offset);
        }

        return _reader.Read(type, offset);
    }

    private void Load()
    {
        if (!_loan.IsOpen || !_loan.TryShow(ref _reader))
        {
            if (_loan.IsOpen)
            {
                cursor.StandOn(_loan.Cell);
            }

            cursor.Show(ref _reader);
        }

        _loaded = true;
    }

    private bool MoveCursor()
    {
        if (_loan.IsOpen)
        {
            cursor.StandOn(_loan.Cell);
        }

        Leave();
        return cursor.MoveNext() && Borrow();
    }

    /// <summary>The cursor moves: what it has lent is at an end.</summary>
    private void Leave()
    {
        _loan = default;
        _loaded = false;
    }

    private bool Borrow()
    {
        _ = cursor.Lend(ref _loan);
        return true;
    }
}

/// <summary>A row of a table given as its record.</summary>
internal sealed class StoredRow(TableShape shape) : RowSource
{
    private RecordReader _reader;
    private VirtualColumns? _virtual;
    private long _rowid;

    public override long Rowid => _rowid;

    /// <summary>Whether the record has the column; one that came later has its default.</summary>
    public bool Has(int index) => shape.Positions[index] is >= 0 and var position && _reader.Has(position);

    public void Show(in Payload record, long rowid)
    {
        _reader.Reset(record);
        _rowid = rowid;
    }

    public override SqlValue Column(int index)
    {
        int position = shape.Positions[index];
        return index == shape.RowidAlias ? SqlValue.FromInteger(_rowid)
            : position < 0 ? (_virtual ??= new VirtualColumns(shape.Table, this)).Column(index)
            : _reader.Has(position) ? shape.FromStored(index, _reader.Get(position))
            : shape.DefaultOf(index);
    }
}

/// <summary>Computes the virtual columns of a row source's current row.</summary>
internal sealed class VirtualColumns
{
    private readonly Table _table;
    private readonly Frame _frame;

    public VirtualColumns(Table table, RowSource row)
    {
        _table = table;
        _frame = table.Expressions.NewFrame();
        _frame.Sources[0] = row;
    }

    public SqlValue Column(int index) => _table.Expressions.Generated(index).Evaluate(_frame);
}
