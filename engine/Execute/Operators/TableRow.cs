using Sluice.Engine.BTree;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Operators;

/// <summary>The current row of a table under a cursor. Decodes the record when a column of it is first asked for.</summary>
internal sealed class TableRow(TableShape shape, RowCursor cursor) : RowSource
{
    private RecordReader _reader;
    private bool _loaded;

    public RowCursor Cursor { get; } = cursor;

    public override long Rowid => Cursor.Rowid;

    /// <summary>Must be called whenever the cursor has moved.</summary>
    public void Moved() => _loaded = false;

    public override SqlValue Column(int index)
    {
        if (index == shape.RowidAlias)
        {
            return SqlValue.FromInteger(Cursor.Rowid);
        }

        if (!_loaded)
        {
            _reader.Reset(Cursor.Record);
            _loaded = true;
        }

        return _reader.Has(index) ? shape.FromStored(index, _reader.Get(index)) : shape.DefaultOf(index);
    }
}
