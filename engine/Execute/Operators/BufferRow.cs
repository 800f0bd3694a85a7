using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Operators;

/// <summary>A row that an operator has computed: of a sort, a group, a compound. The operator turns it to another array for each row or refills it.</summary>
internal sealed class BufferRow : RowSource
{
    private int _offset;
    private SqlValue[] _values = [];
    private long _rowid;

    public override long Rowid => _rowid;

    public override SqlValue Column(int index) => _values[_offset + index];

    /// <summary>Shows the columns from <paramref name="offset"/> on of <paramref name="values"/>, which is lent.</summary>
    public void Show(SqlValue[] values, int offset = 0, long rowid = 0)
    {
        _values = values;
        _offset = offset;
        _rowid = rowid;
    }
}
