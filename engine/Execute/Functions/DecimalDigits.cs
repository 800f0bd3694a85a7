using System.Buffers.Text;
using System.Globalization;

namespace Sluice.Engine.Execute.Functions;

/// <summary>
/// The decimal digits of a real, as printf's conversions show them: at most 16 significant ones, or, with the flag "!", as
/// many as fit into 64 bits. The digits are correctly rounded (half away from zero), without trailing zeros.
/// </summary>
internal ref struct DecimalDigits
{
    /// <summary>As many digits as an integer of 63 bits always, and sometimes, has.</summary>
    private const int Safe = 18;
    private const int Most = 19;

    private readonly Span<byte> _buffer;
    private int _count;

    /// <param name="value">Finite and not negative.</param>
    /// <param name="buffer">At least 32 bytes; belongs to this value for as long as it is used.</param>
    public DecimalDigits(double value, Span<byte> buffer)
    {
        _buffer = buffer;
        if (value == 0)
        {
            buffer[0] = (byte)'0';
            _count = 1;
            PointAt = 1;
            return;
        }

        Decode(value, Most);
        if (_buffer[..Most].SequenceCompareTo("9223372036854774784"u8) > 0)
        {
            Decode(value, Safe);
        }

        Trim();
    }

    private DecimalDigits(Span<byte> buffer, byte digit, int pointAt)
    {
        _buffer = buffer;
        _buffer[0] = digit;
        _count = 1;
        PointAt = pointAt;
    }

    /// <summary>What a conversion with zeros for padding shows for infinity: a 9 and 999 zeros.</summary>
    public static DecimalDigits Infinity(Span<byte> buffer) => new(buffer, (byte)'9', 1000);

    public readonly bool IsZero => _count == 1 && _buffer[0] == '0';

    /// <summary>The digits, the first one not zero unless the value is.</summary>
    public readonly ReadOnlySpan<byte> Digits => _buffer[.._count];

    /// <summary>How many of the digits (or, beyond them, zeros) stand before the decimal point; negative for zeros behind it.</summary>
    public int PointAt { get; private set; }

    /// <summary>Rounds to so many significant digits; none may be left, and then the value is 0 or carries into one.</summary>
    public void Round(int count)
    {
        if (count < 0 || (count == 0 && _buffer[0] < '5'))
        {
            _buffer[0] = (byte)'0';
            _count = 1;
            return;
        }

        if (count >= _count)
        {
            return;
        }

        bool up = _buffer[count] >= '5';
        _count = count;
        while (up && _count > 0)
        {
            ref byte last = ref _buffer[_count - 1];
            if (last < '9')
            {
                last++;
                return;
            }

            _count--;
        }

        if (_count == 0)
        {
            _buffer[0] = (byte)'1';
            _count = 1;
            PointAt++;
        }

        Trim();
    }

    private void Decode(double value, int count)
    {
        // "d.ddde+ddd"
        value.TryFormat(_buffer, out int length, count == Most ? "e18" : "e17", CultureInfo.InvariantCulture);
        Utf8Parser.TryParse(_buffer[(count + 2)..length], out int exponent, out _);
        _buffer.Slice(2, count - 1).CopyTo(_buffer[1..]);
        _count = count;
        PointAt = exponent + 1;
    }

    private void Trim()
    {
        while (_count > 1 && _buffer[_count - 1] == '0')
        {
            _count--;
        }
    }
}
