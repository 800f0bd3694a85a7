using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Data;

/// <summary>A text or blob of a row as it is committed at one moment, read in pieces from where it is stored. Holds a snapshot until it is disposed.</summary>
internal sealed class StoredValue : IDisposable
{
    private readonly Transaction _snapshot;
    private readonly RowCursor _row;
    private readonly int _start;

    private StoredValue(Transaction snapshot, RowCursor row, int start, int length, bool isText)
    {
        _snapshot = snapshot;
        _row = row;
        _start = start;
        Length = length;
        IsText = isText;
    }

    public int Length { get; }

    public bool IsText { get; }

    /// <summary>Null where the value is not stored in the row as it is: a computed column, a table without rowids, no such row, a number.</summary>
    public static StoredValue? TryOpen(Session session, string table, string column, long rowid)
    {
        Transaction snapshot = session.Database.Store.Begin(TransactionKind.Deferred, session.BusyTimeout);
        try
        {
            if (snapshot.Schema.TryGetTable(table, out Table? found) && found is { KeyColumns: null, UnsupportedReason: null }
                && found.OrdinalOf(column) is >= 0 and var ordinal && found.Positions[ordinal] is >= 0 and var position)
            {
                RowCursor row = snapshot.OpenRows(found.RootPage);
                if (row.SeekExact(rowid) && TryLocate(row, position, out int start, out int length, out bool isText))
                {
                    StoredValue value = new(snapshot, row, start, length, isText);
                    snapshot = null!;
                    return value;
                }
            }

            return null;
        }
        finally
        {
            snapshot?.Dispose();
        }
    }

    /// <summary>Copies bytes of the value; the part must be within it.</summary>
    public void Read(int offset, Span<byte> into) => _row.ReadRecord(_start + offset, into);

    public void Dispose() => _snapshot.Dispose();

    /// <summary>Finds a text or blob by the record's header alone ("SQLite file format", section 2.1).</summary>
    private static bool TryLocate(RowCursor row, int position, out int start, out int length, out bool isText)
    {
        start = 0;
        length = 0;
        isText = false;
        byte[] header = new byte[Math.Min(row.RecordLength, Varint.MaxLength)];
        row.ReadRecord(0, header);
        int at = Varint.Read(header, out ulong headerLength);
        if (at == 0 || headerLength > (ulong)row.RecordLength)
        {
            return false;
        }

        header = new byte[(int)headerLength];
        row.ReadRecord(0, header);
        long body = header.Length;
        for (int i = 0; at < header.Length; i++)
        {
            int width = Varint.Read(header.AsSpan(at), out ulong type);
            int size = width == 0 ? -1 : SerialType.LengthOf(type);
            if (size < 0 || body + size > row.RecordLength)
            {
                return false;
            }

            if (i == position)
            {
                start = (int)body;
                length = size;
                isText = (type & 1) != 0;
                return type >= SerialType.FirstBlob;
            }

            at += width;
            body += size;
        }

        return false;
    }
}
