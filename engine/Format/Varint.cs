namespace Sluice.Engine.Format;

/// <summary>
/// The variable-length integer of the file format ("SQLite file format", section 1.6, "varint"): one to nine bytes, seven
/// bits in each of the first eight with the high bit saying that more follow, all eight bits of the ninth; big-endian.
/// </summary>
public static class Varint
{
    /// <summary>The longest encoding.</summary>
    public const int MaxLength = 9;

    /// <summary>Reads a varint at the beginning of <paramref name="bytes"/>; returns its length, or 0 if the bytes end before it does.</summary>
    public static int Read(ReadOnlySpan<byte> bytes, out ulong value)
    {
        if (bytes.Length >= 2)
        {
            uint first = bytes[0];
            if (first < 0x80)
            {
                value = first;
                return 1;
            }

            uint second = bytes[1];
            if (second < 0x80)
            {
                value = ((first & 0x7f) << 7) | second;
                return 2;
            }
        }

        return ReadLong(bytes, out value);
    }

    /// <summary>Bytes that <see cref="Write"/> needs.</summary>
    public static int LengthOf(ulong value)
    {
        int length = 1;
        while (length < MaxLength && (value >>= 7) != 0)
        {
            length++;
        }

        return length;
    }

    /// <summary>Writes <paramref name="value"/> at the beginning of <paramref name="bytes"/> and returns the length.</summary>
    public static int Write(Span<byte> bytes, ulong value)
    {
        if (value < 0x80)
        {
            bytes[0] = (byte)value;
            return 1;
        }

        int length = LengthOf(value);
        int last = length - 1;
        if (length == MaxLength)
        {
            bytes[last--] = (byte)value;
            value >>= 8;
        }
        else
        {
            bytes[last--] = (byte)(value & 0x7f);
            value >>= 7;
        }

        for (; last >= 0; last--)
        {
            bytes[last] = (byte)(0x80 | (value & 0x7f));
            value >>= 7;
        }

        return length;
    }

    private static int ReadLong(ReadOnlySpan<byte> bytes, out ulong value)
    {
        ulong result = 0;
        for (int i = 0; i < bytes.Length && i < MaxLength; i++)
        {
            byte part = bytes[i];
            if (i == MaxLength - 1)
            {
                value = (result << 8) | part;
                return MaxLength;
            }

            result = (result << 7) | (uint)(part & 0x7f);
            if (part < 0x80)
            {
                value = result;
                return i + 1;
            }
        }

        value = 0;
        return 0;
    }
}
