using System.Buffers.Binary;

namespace Sluice.Sensors.Drivers.Bme280;

/// <summary>
/// The trimming values of one BME280 or BMP280, and the compensation with them in the integer arithmetic that the data sheet
/// gives (BST-BME280-DS002, section 4.2.3) and the kernel's driver uses, so both give the same digits.
/// </summary>
internal sealed class Bme280Calibration
{
    /// <summary>0x88 to 0xA1: T1 to P9, one byte unused, H1.</summary>
    public const int FirstBlock = 26;

    /// <summary>0xE1 to 0xE7: H2 to H6.</summary>
    public const int SecondBlock = 7;

    private readonly int _t1, _t2, _t3;
    private readonly long _p1, _p2, _p3, _p4, _p5, _p6, _p7, _p8, _p9;
    private readonly int _h1, _h2, _h3, _h4, _h5, _h6;

    /// <param name="first">Registers 0x88 to 0xA1.</param>
    /// <param name="second">Registers 0xE1 to 0xE7; empty for a BMP280.</param>
    public Bme280Calibration(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        _t1 = BinaryPrimitives.ReadUInt16LittleEndian(first);
        _t2 = Signed(first, 2);
        _t3 = Signed(first, 4);
        _p1 = BinaryPrimitives.ReadUInt16LittleEndian(first[6..]);
        _p2 = Signed(first, 8);
        _p3 = Signed(first, 10);
        _p4 = Signed(first, 12);
        _p5 = Signed(first, 14);
        _p6 = Signed(first, 16);
        _p7 = Signed(first, 18);
        _p8 = Signed(first, 20);
        _p9 = Signed(first, 22);
        if (second.IsEmpty)
        {
            return;
        }

        _h1 = first[25];
        _h2 = Signed(second, 0);
        _h3 = second[2];

        // Twelve bits each, of which 0xE5 holds four of both.
        _h4 = ((sbyte)second[3] << 4) | (second[4] & 0x0F);
        _h5 = ((sbyte)second[5] << 4) | (second[4] >> 4);
        _h6 = (sbyte)second[6];
    }

    /// <summary>The fine temperature that the other two compensations start from.</summary>
    public int Fine(int raw)
    {
        int linear = (((raw >> 3) - (_t1 << 1)) * _t2) >> 11;
        int off = (raw >> 4) - _t1;
        int square = (((off * off) >> 12) * _t3) >> 14;
        return linear + square;
    }

    /// <summary>In hundredths of a degree Celsius.</summary>
    public static int Temperature(int fine) => ((fine * 5) + 128) >> 8;

    /// <summary>In 1/256 Pa; null when the calibration leaves nothing to divide by.</summary>
    public long? Pressure(int raw, int fine)
    {
        long f = fine - 128000L;
        long offset = (f * f * _p6) + ((f * _p5) << 17) + (_p4 << 35);
        long slope = ((f * f * _p3) >> 8) + ((f * _p2) << 12);
        slope = (((1L << 47) + slope) * _p1) >> 33;
        if (slope == 0)
        {
            return null;
        }

        long p = ((((1048576L - raw) << 31) - offset) * 3125) / slope;
        long second = (_p9 * (p >> 13) * (p >> 13)) >> 25;
        long first = (_p8 * p) >> 19;
        return ((p + second + first) >> 8) + (_p7 << 4);
    }

    /// <summary>In 1/1024 % relative humidity, 0 to 102400.</summary>
    public int Humidity(int raw, int fine)
    {
        int f = fine - 76800;
        int signal = ((raw << 14) - (_h4 << 20) - (_h5 * f) + 16384) >> 15;
        int gain = (((((f * _h6) >> 10) * (((f * _h3) >> 11) + 32768)) >> 10) + 2097152) * _h2;
        int value = signal * ((gain + 8192) >> 14);
        value -= ((((value >> 15) * (value >> 15)) >> 7) * _h1) >> 4;
        return Math.Clamp(value, 0, 419430400) >> 12;
    }

    private static int Signed(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt16LittleEndian(bytes[at..]);
}
