using System.Globalization;
using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Drivers;

/// <summary>What all drivers check their values by.</summary>
internal static class Checked
{
    /// <summary>A value that the device can measure.</summary>
    /// <exception cref="SensorException">It is outside: <see cref="FaultReason.Range"/>.</exception>
    public static double Range(double value, double least, double most, string what, string unit) =>
        value >= least && value <= most
            ? value
            : throw new SensorException(
                FaultReason.Range,
                string.Create(CultureInfo.InvariantCulture, $"{what} {value:0.###} {unit} is outside of what the device measures, {least} to {most}"));

    /// <summary>Sensirion's words: two bytes and their checksum each.</summary>
    /// <exception cref="SensorException">A checksum is wrong: <see cref="FaultReason.Crc"/>.</exception>
    public static ushort Word(ReadOnlySpan<byte> bytes, int index, I2cDevice device)
    {
        ReadOnlySpan<byte> word = bytes.Slice(index * 3, 3);
        byte crc = Crc8.Sensirion(word[..2]);
        return word[2] == crc
            ? (ushort)((word[0] << 8) | word[1])
            : throw new SensorException(FaultReason.Crc, $"{device}: word {index} has checksum 0x{word[2]:x2}, computed 0x{crc:x2}");
    }
}
