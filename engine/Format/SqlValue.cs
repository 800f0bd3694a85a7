using System.Text;

namespace Sluice.Engine.Format;

/// <summary>SQLite's storage classes ("Datatypes In SQLite", section 2), in their sort order.</summary>
public enum SqlType : byte
{
    Null = 0,
    Integer = 1,
    Real = 2,
    Text = 3,
    Blob = 4,
}

/// <summary>
/// A value of SQL, 24 bytes, no allocation of its own. Text is UTF-8, kept as bytes exactly as stored (it may be
/// invalid UTF-8). Text and blobs are slices of an array that nobody changes once a value refers to it: page
/// images are immutable, so a value taken from a row stays valid after its cursor moves on.
/// </summary>
public readonly struct SqlValue
{
    private readonly byte[]? _bytes;
    private readonly long _bits;
    /// <summary>The type in the lowest byte, the subtype in the next one, the length in the upper half: with three fields of one word the compiler keeps a value in registers.</summary>
    private readonly ulong _tail;

    private SqlValue(SqlType type, byte[]? bytes, long bits, int length, byte subtype = 0)
    {
        _bytes = bytes;
        _bits = bits;
        _tail = (ulong)type | ((ulong)subtype << 8) | ((ulong)(uint)length << 32);
    }

    public static SqlValue Null => default;

    public static SqlValue FromInteger(long value) => new(SqlType.Integer, null, value, 0);

    public static SqlValue FromBoolean(bool value) => new(SqlType.Integer, null, value ? 1 : 0, 0);

    /// <summary>A real; NaN becomes NULL, as in SQLite.</summary>
    public static SqlValue FromReal(double value) =>
        double.IsNaN(value) ? default : new(SqlType.Real, null, BitConverter.DoubleToInt64Bits(value), 0);

    public static SqlValue FromText(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        return new(SqlType.Text, bytes, 0, bytes.Length);
    }

    /// <summary>Text over a slice of <paramref name="utf8"/>, which must not change from now on.</summary>
    public static SqlValue FromText(byte[] utf8, int offset, int length) => new(SqlType.Text, utf8, offset, length);

    public static SqlValue FromText(byte[] utf8) => new(SqlType.Text, utf8, 0, utf8.Length);

    /// <summary>A blob over a slice of <paramref name="bytes"/>, which must not change from now on.</summary>
    public static SqlValue FromBlob(byte[] bytes, int offset, int length) => new(SqlType.Blob, bytes, offset, length);

    public static SqlValue FromBlob(byte[] bytes) => new(SqlType.Blob, bytes, 0, bytes.Length);

    public SqlType Type => (SqlType)(byte)_tail;

    public bool IsNull => Type == SqlType.Null;

    public bool IsNumeric => Type is SqlType.Integer or SqlType.Real;

    /// <summary>The integer; only for <see cref="SqlType.Integer"/>.</summary>
    public long Integer => _bits;

    /// <summary>The real; only for <see cref="SqlType.Real"/>.</summary>
    public double Real => BitConverter.Int64BitsToDouble(_bits);

    /// <summary>The UTF-8 bytes of a text or the bytes of a blob; empty for the others.</summary>
    public ReadOnlySpan<byte> Bytes => new(_bytes, _bytes is null ? 0 : (int)_bits, ByteLength);

    /// <summary>Length in bytes of a text or blob.</summary>
    public int ByteLength => (int)(_tail >> 32);

    /// <summary>A mark that functions pass among themselves (JSON's is 'J'); it is not stored and not compared.</summary>
    public byte Subtype => (byte)(_tail >> 8);

    public SqlValue WithSubtype(byte subtype) => new(Type, _bytes, _bits, ByteLength, subtype);

    /// <summary>Some of the bytes as text, over the same array.</summary>
    internal SqlValue TextSlice(int offset, int length) => new(SqlType.Text, _bytes ?? [], _bits + offset, length);

    /// <summary>The same bytes as text.</summary>
    public SqlValue BytesAsText() => new(SqlType.Text, _bytes ?? [], _bits, ByteLength);

    /// <summary>The same bytes as a blob.</summary>
    public SqlValue BytesAsBlob() => new(SqlType.Blob, _bytes ?? [], _bits, ByteLength);

    /// <summary>A text decoded; invalid UTF-8 becomes U+FFFD. Only for text and blobs.</summary>
    public string DecodeText() => Encoding.UTF8.GetString(Bytes);

    /// <summary>For debugging: type and value, not SQL's text form.</summary>
    public override string ToString() => Type switch
    {
        SqlType.Null => "NULL",
        SqlType.Integer => Integer.ToString(),
        SqlType.Real => Real.ToString("R"),
        SqlType.Text => $"'{DecodeText()}'",
        _ => $"x'{Convert.ToHexString(Bytes)}'",
    };
}
