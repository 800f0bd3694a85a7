using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Sluice.Engine.Format;

/// <summary>The serial types of a record's header ("SQLite file format", section 2.1, "Record Format").</summary>
internal static class SerialType
{
    public const int Null = 0;
    public const int Int8 = 1;
    public const int Int16 = 2;
    public const int Int24 = 3;
    public const int Int32 = 4;
    public const int Int48 = 5;
    public const int Int64 = 6;
    public const int Real = 7;

    /// <summary>The integer 0 without a byte; schema format 4 and higher.</summary>
    public const int Zero = 8;

    /// <summary>The integer 1 without a byte; schema format 4 and higher.</summary>
    public const int One = 9;

    /// <summary>Even numbers from here are blobs, odd ones texts, of (N - 12) / 2 bytes.</summary>
    public const int FirstBlob = 12;

    /// <summary>A string or blob of this many bytes is the longest that a record holds (SQLITE_MAX_LENGTH's upper limit).</summary>
    public const int MaxValueLength = 1_000_000_000;

    /// <summary>More than some values with types of one byte have together.</summary>
    public const int NoShortLength = 1 << 16;

    private static ReadOnlySpan<byte> Lengths => [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

    /// <summary>
    /// Bytes of a value by a type of one byte, <see cref="NoShortLength"/> for what is none: the beginning of a longer type, and the two that no record may have.
    /// </summary>
    public static readonly int[] ShortLengths = MakeShortLengths();

    /// <summary>Bytes of a value of this type, or -1 for a type that no record may have.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LengthOf(ulong type)
    {
        if (type <= One)
        {
            return Lengths[(int)type];
        }

        return type is >= FirstBlob and <= (2UL * MaxValueLength) + FirstBlob + 1 ? (int)((type - FirstBlob) >> 1) : -1;
    }

    private static int[] MakeShortLengths()
    {
        int[] lengths = new int[byte.MaxValue + 1];
        for (int type = 0; type < lengths.Length; type++)
        {
            int length = type < 0x80 ? LengthOf((ulong)type) : -1;
            lengths[type] = length < 0 ? NoShortLength : length;
        }

        return lengths;
    }

    public static bool IsInteger(ulong type) => type is >= Int8 and <= One and not Real;

    /// <summary>The shortest type for an integer.</summary>
    public static int ForInteger(long value)
    {
        if (value is 0 or 1)
        {
            return value == 0 ? Zero : One;
        }

        ulong magnitude = (ulong)(value < 0 ? ~value : value);
        return magnitude switch
        {
            <= 0x7f => Int8,
            <= 0x7fff => Int16,
            <= 0x7f_ffff => Int24,
            <= 0x7fff_ffff => Int32,
            <= 0x7fff_ffff_ffff => Int48,
            _ => Int64,
        };
    }

    /// <summary>The type of a value; texts and blobs longer than <see cref="MaxValueLength"/> are refused.</summary>
    public static ulong For(in SqlValue value)
    {
        switch (value.Type)
        {
            case SqlType.Null:
                return Null;
            case SqlType.Integer:
                return (ulong)ForInteger(value.Integer);
            case SqlType.Real:
                return Real;
            default:
                if (value.ByteLength > MaxValueLength)
                {
                    throw new SluiceException(ResultCode.TooBig, "string or blob too big");
                }

                return ((ulong)value.ByteLength * 2) + FirstBlob + (value.Type == SqlType.Text ? 1u : 0u);
        }
    }

    /// <summary>Decodes an integer; the bounds have been checked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ReadInteger(byte[] buffer, int offset, int type)
    {
        switch (type)
        {
            case Int8:
                return (sbyte)buffer[offset];
            case Int16:
                return BinaryPrimitives.ReadInt16BigEndian(buffer.AsSpan(offset));
            case Int24:
                return ((sbyte)buffer[offset] << 16) | (buffer[offset + 1] << 8) | buffer[offset + 2];
            case Int32:
                return BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(offset));
            case Int48:
                return ((long)BinaryPrimitives.ReadInt16BigEndian(buffer.AsSpan(offset)) << 32)
                    | BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(offset + 2));
            case Int64:
                return BinaryPrimitives.ReadInt64BigEndian(buffer.AsSpan(offset));
            default:
                return type - Zero;
        }
    }

    /// <summary>Decodes a value of a legal type; the bounds have been checked. Texts and blobs are slices of <paramref name="buffer"/>.</summary>
    public static SqlValue Read(byte[] buffer, int offset, int type)
    {
        if (type >= FirstBlob)
        {
            int length = (type - FirstBlob) >> 1;
            return (type & 1) != 0 ? SqlValue.FromText(buffer, offset, length) : SqlValue.FromBlob(buffer, offset, length);
        }

        return type switch
        {
            Null => SqlValue.Null,
            Real => SqlValue.FromReal(BinaryPrimitives.ReadDoubleBigEndian(buffer.AsSpan(offset))),
            _ => SqlValue.FromInteger(ReadInteger(buffer, offset, type)),
        };
    }

    /// <summary>Writes a value's body and returns its length.</summary>
    public static int Write(Span<byte> target, in SqlValue value, ulong type)
    {
        switch (type)
        {
            case Null or Zero or One:
                return 0;
            case Int8:
                target[0] = (byte)value.Integer;
                return 1;
            case Int16:
                BinaryPrimitives.WriteInt16BigEndian(target, (short)value.Integer);
                return 2;
            case Int24:
                target[0] = (byte)(value.Integer >> 16);
                BinaryPrimitives.WriteUInt16BigEndian(target[1..], (ushort)value.Integer);
                return 3;
            case Int32:
                BinaryPrimitives.WriteInt32BigEndian(target, (int)value.Integer);
                return 4;
            case Int48:
                BinaryPrimitives.WriteInt16BigEndian(target, (short)(value.Integer >> 32));
                BinaryPrimitives.WriteUInt32BigEndian(target[2..], (uint)value.Integer);
                return 6;
            case Int64:
                BinaryPrimitives.WriteInt64BigEndian(target, value.Integer);
                return 8;
            case Real:
                BinaryPrimitives.WriteDoubleBigEndian(target, value.Real);
                return 8;
            default:
                value.Bytes.CopyTo(target);
                return value.ByteLength;
        }
    }
}
