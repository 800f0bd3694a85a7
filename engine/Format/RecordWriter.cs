namespace Sluice.Engine.Format;

/// <summary>
/// Encodes records ("SQLite file format", section 2.1) with the shortest serial type of each integer, the types 8 and 9 of
/// schema format 4 included.
/// </summary>
public static class RecordWriter
{
    public static byte[] Encode(ReadOnlySpan<SqlValue> values) => Encode(values, false, 0);

    /// <summary>An index key: the values, then <paramref name="rowid"/> as the last column.</summary>
    public static byte[] Encode(ReadOnlySpan<SqlValue> values, long rowid) => Encode(values, true, rowid);

    private static byte[] Encode(ReadOnlySpan<SqlValue> values, bool hasRowid, long rowid)
    {
        int types = 0;
        long body = 0;
        foreach (ref readonly SqlValue value in values)
        {
            ulong type = SerialType.For(value);
            types += Varint.LengthOf(type);
            body += SerialType.LengthOf(type);
        }

        ulong rowidType = (ulong)SerialType.ForInteger(rowid);
        if (hasRowid)
        {
            types++;
            body += SerialType.LengthOf(rowidType);
        }

        int headerSize = HeaderSize(types);
        if (headerSize + body > SerialType.MaxValueLength)
        {
            throw new SluiceException(ResultCode.TooBig, "string or blob too big");
        }

        byte[] record = GC.AllocateUninitializedArray<byte>(headerSize + (int)body);
        int header = Varint.Write(record, (ulong)headerSize);
        int at = headerSize;
        foreach (ref readonly SqlValue value in values)
        {
            ulong type = SerialType.For(value);
            header += Varint.Write(record.AsSpan(header), type);
            at += SerialType.Write(record.AsSpan(at), value, type);
        }

        if (hasRowid)
        {
            record[header] = (byte)rowidType;
            SerialType.Write(record.AsSpan(at), SqlValue.FromInteger(rowid), rowidType);
        }

        return record;
    }

    /// <summary>The header's size counts its own varint.</summary>
    private static int HeaderSize(int types)
    {
        int size = types + 1;
        while (size != types + Varint.LengthOf((ulong)size))
        {
            size = types + Varint.LengthOf((ulong)size);
        }

        return size;
    }
}
