namespace Sluice.Sensors.I2c;

/// <summary>The CRC-8 that sensors use, in its variants; bitwise, for messages of a few bytes.</summary>
public static class Crc8
{
    /// <summary>SMBus packet error code: x^8+x^2+x+1, begins with 0 (SMBus 3.2, section 6.4).</summary>
    public static byte SmBus(ReadOnlySpan<byte> bytes) => Compute(bytes, 0x07, 0x00);

    /// <summary>Sensirion (SHT3x, SHT4x, SCD4x) and ASAIR (AHT20): x^8+x^5+x^4+1, begins with 0xFF. 0xBEEF gives 0x92.</summary>
    public static byte Sensirion(ReadOnlySpan<byte> bytes) => Compute(bytes, 0x31, 0xFF);

    /// <summary>HTU21D: x^8+x^5+x^4+1, begins with 0. 0xDC gives 0x79.</summary>
    public static byte Htu21d(ReadOnlySpan<byte> bytes) => Compute(bytes, 0x31, 0x00);

    private static byte Compute(ReadOnlySpan<byte> bytes, byte polynomial, byte begin)
    {
        byte crc = begin;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (byte)((crc << 1) ^ ((crc & 0x80) != 0 ? polynomial : 0));
            }
        }

        return crc;
    }
}
