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
    private bool _loaded;

    public RowCursor Cursor { get; } = cursor;

    public override long Rowid => Cursor.Rowid;

    /// <summary>Must be called whenever the cursor has moved.</summary>
    public void Moved() => _loaded = false;

    public override SqlValue Column(int index)
    {
        int position = _places[index];
        if (position < 0)
        {
            return position == TableShape.RowidPlace ? SqlValue.FromInteger(Cursor.Rowid) : (_virtual ??= new VirtualColumns(shape.Table, this)).Column(index);
        }

        if (!_loaded)
        {
            Cursor.Show(ref _reader);
            _loaded = true;
        }

        int type = _reader.TypeOf(position);
        if (type < 0)
        {
            return shape.DefaultOf(index);
        }

        if (type >= SerialType.FirstBlob)
        {
            Cursor.KeepRecord();
        }
        else if (shape.IsReal(index))
        {
            return shape.FromStored(index, _reader.Get(position));
        }

        return _reader.Get(position);
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
