using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Dml;

/// <summary>A row that is about to be written, or a copy of one that was: what CHECK, RETURNING and excluded.* read.</summary>
internal sealed class ValuesSource(int columns) : RowSource
{
    private long _rowid;

    public SqlValue[] Values { get; } = new SqlValue[columns];

    public override long Rowid => _rowid;

    public override SqlValue Column(int index) => Values[index];

    public void SetRowid(long rowid) => _rowid = rowid;
}
