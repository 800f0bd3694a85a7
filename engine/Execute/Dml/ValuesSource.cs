using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Dml;

/// <summary>A row that is about to be written, or a copy of one that was: what CHECK, RETURNING, triggers and excluded.* read.</summary>
internal sealed class ValuesSource(int columns) : RowSource
{
    private long _rowid;

    public SqlValue[] Values { get; } = new SqlValue[columns];

    public override long Rowid => _rowid;

    public override SqlValue Column(int index) => Values[index];

    public void SetRowid(long rowid) => _rowid = rowid;

    /// <summary>Becomes a copy of another row of the same table.</summary>
    public void Take(ValuesSource other)
    {
        other.Values.CopyTo(Values, 0);
        _rowid = other._rowid;
    }
}
