namespace Sluice.Engine.Format;

/// <summary>Reads the end of index keys.</summary>
public static class KeyRecord
{
    /// <summary>The rowid, the last column of a key. Bytes that cannot be a key throw <see cref="CorruptRecordException"/>.</summary>
    public static long Rowid(in Payload key)
    {
        ReadOnlySpan<byte> bytes = key.Span;
        int at = Varint.Read(bytes, out ulong headerSize);
        if (at == 0 || headerSize <= (ulong)at || headerSize > (ulong)bytes.Length)
        {
            throw new CorruptRecordException($"a header of {headerSize} bytes in {bytes.Length}");
        }

        ReadOnlySpan<byte> header = bytes[..(int)headerSize];
        long end = header.Length;
        ulong type = 0;
        int size = 0;
        while (at < header.Length)
        {
            int length = Varint.Read(header[at..], out type);
            size = SerialType.LengthOf(type);
            if (length == 0 || size < 0)
            {
                throw new CorruptRecordException($"serial type {type}");
            }

            at += length;
            end += size;
        }

        if (end > bytes.Length || !SerialType.IsInteger(type))
        {
            throw new CorruptRecordException($"values of {end - header.Length} bytes, the last of serial type {type}, in {bytes.Length} bytes, instead of a key that ends with a rowid");
        }

        return SerialType.ReadInteger(key.Buffer, key.Offset + (int)end - size, (int)type);
    }
}
