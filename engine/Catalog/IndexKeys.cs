using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Catalog;

/// <summary>Index entries as they follow from rows.</summary>
public static class IndexKeys
{
    /// <summary>
    /// The key record of a row in an index: its columns, then the rowid. A stored NULL of the INTEGER PRIMARY KEY is the rowid; a column that
    /// the record does not store has its default (rows written before ALTER TABLE ADD COLUMN).
    /// </summary>
    public static byte[] Build(Table table, TableIndex index, in Payload record, long rowid)
    {
        var reader = default(RecordReader);
        reader.Reset(record);
        var values = new SqlValue[index.Columns.Count];
        for (int i = 0; i < values.Length; i++)
        {
            int ordinal = index.Columns[i];
            if (ordinal == table.RowidAlias)
            {
                values[i] = SqlValue.FromInteger(rowid);
            }
            else if (reader.Has(ordinal))
            {
                values[i] = reader.Get(ordinal);
            }
            else if (table.Columns[ordinal] is { Default: { } given } column)
            {
                values[i] = DefaultValue.Constant(given, column);
            }
        }

        return RecordWriter.Encode(values, rowid);
    }
}
