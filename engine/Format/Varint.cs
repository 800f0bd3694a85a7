using System.Buffers.Binary;
using System.Runtime.CompilerServices;

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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Read(ReadOnlySpan<byte> bytes, out ulong value)
    {
        if (!bytes.IsEmpty && bytes[0] < 0x80)
        {
            value = bytes[0];
            return 1;
        }

        return ReadMore(bytes, out value);
    }

    /// <summary>The length of the varint at the beginning of <paramref name="bytes"/>, or 0 if the bytes end before it does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Skip(ReadOnlySpan<byte> bytes)
    {
        int length = 0;
        while (length < bytes.Length)
        {
            if (bytes[length++] < 0x80 || length == MaxLength)
            {
                return length;
            }
        }

        return 0;
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

    /// <summary>Reads one of more than a byte: two to four bytes, as rowids mostly have, without a loop.</summary>
    private static int ReadMore(ReadOnlySpan<byte> bytes, out ulong value)
    {
        if (bytes.Length < 4)
        {
            return ReadLong(bytes, out value);
        }

        uint four = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if ((four & 0x80_0000) == 0)
        {
            value = ((four >> 17) & 0x3f80) | ((four >> 16) & 0x7f);
            return 2;
        }

        if ((four & 0x8000) == 0)
        {
            value = ((four >> 10) & 0x1f_c000) | ((four >> 9) & 0x3f80) | ((four >> 8) & 0x7f);
            return 3;
        }

        if ((four & 0x80) == 0)
        {
            value = ((four >> 3) & 0xfe0_0000) | ((four >> 2) & 0x1f_c000) | ((four >> 1) & 0x3f80) | (four & 0x7f);
            return 4;
        }

        return ReadLong(bytes, out value);
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
