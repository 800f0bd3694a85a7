using System.Diagnostics.CodeAnalysis;

namespace Sluice.Engine.Format;

/// <summary>
/// Encodes records ("SQLite file format", section 2.1) with the shortest serial type of each integer, the types 8 and 9 of
/// schema format 4 included.
/// </summary>
public static class RecordWriter
{
    private const int SmallestBuffer = 128;

    /// <summary>A larger buffer is not kept for the next record.</summary>
    private const int KeptBytes = 64 << 10;

    public static byte[] Encode(ReadOnlySpan<SqlValue> values)
    {
        byte[]? record = null;
        _ = Encode(values, null, ref record, exactly: true);
        return record;
    }

    /// <summary>An index key: the values, then <paramref name="rowid"/> as the last column.</summary>
    public static byte[] Encode(ReadOnlySpan<SqlValue> values, long rowid)
    {
        byte[]? record = null;
        _ = Encode(values, rowid, ref record, exactly: true);
        return record;
    }

    /// <summary>A record, or with <paramref name="rowid"/> an index key, in a buffer of the caller's that is made larger where needed.</summary>
    internal static ReadOnlySpan<byte> Encode(ReadOnlySpan<SqlValue> values, long? rowid, ref byte[]? buffer)
    {
        byte[]? used = buffer;
        int length = Encode(values, rowid, ref used, exactly: false);
        if (used.Length <= KeptBytes)
        {
            buffer = used;
        }

        return used.AsSpan(0, length);
    }

    private static int Encode(ReadOnlySpan<SqlValue> values, long? rowid, [NotNull] ref byte[]? buffer, bool exactly)
    {
        int types = 0;
        long body = 0;
        foreach (ref readonly SqlValue value in values)
        {
            ulong type = SerialType.For(value);
            types += Varint.LengthOf(type);
            body += SerialType.LengthOf(type);
        }

        ulong rowidType = (ulong)SerialType.ForInteger(rowid.GetValueOrDefault());
        if (rowid is not null)
        {
            types++;
            body += SerialType.LengthOf(rowidType);
        }

        int headerSize = HeaderSize(types);
        if (headerSize + body > SerialType.MaxValueLength)
        {
            throw new SluiceException(ResultCode.TooBig, "string or blob too big");
        }

        int length = headerSize + (int)body;
        if (buffer is null || buffer.Length < length)
        {
            buffer = GC.AllocateUninitializedArray<byte>(exactly || length > KeptBytes / 2 ? length : Math.Max(length * 2, SmallestBuffer));
        }

        Span<byte> record = buffer.AsSpan(0, length);
        int header = Varint.Write(record, (ulong)headerSize);
        int at = headerSize;
        foreach (ref readonly SqlValue value in values)
        {
            ulong type = SerialType.For(value);
            header += Varint.Write(record[header..], type);
            at += SerialType.Write(record[at..], value, type);
        }

        if (rowid is { } last)
        {
            record[header] = (byte)rowidType;
            SerialType.Write(record[at..], SqlValue.FromInteger(last), rowidType);
        }

        return length;
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
