using System.Globalization;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Sysfs;

namespace Sluice.Sensors.OneWire;

/// <summary>
/// Maxim DS18B20 (and DS18S20, DS1822) by the kernel's w1_therm: a read of <c>w1_slave</c> converts, which takes up to 750 ms and
/// holds its bus, and gives the nine bytes of the scratchpad. The checksum is verified here as well, and the value that the
/// registers have after power-on, 85.0 °C, is told from a real one: its byte 6 is 0x0C and not 0x10, and where a clone has other
/// bytes there, by the jump (data sheet DS18B20, figure 9 and table 1).
/// </summary>
public sealed class Ds18b20Driver(DriverSetup setup) : SensorDriver
{
    private const int PowerOnValue = 0x0550;

    /// <summary>What water in a pipe does not do between two turns.</summary>
    private const double Jump = 10;

    private readonly string _path = Path.Combine(setup.Sysfs, "bus/w1/devices", setup.Settings.Required("id", "28-0316a2794d1f"), "w1_slave");
    private double? _last;

    public static DriverKind Kind { get; } = new()
    {
        Name = "ds18b20",
        Summary = "temperature over 1-Wire (Maxim DS18B20, DS18S20, DS1822)",
        Bus = BusKind.Sysfs,
        Fastest = TimeSpan.FromSeconds(1),
        Create = setup => new Ds18b20Driver(setup),
    };

    public override IReadOnlyList<string> Metrics => ["temperature"];

    public override void Read(ICollection<Measurement> into)
    {
        string text = SysfsFile.Read(_path);
        if (text.Length == 0)
        {
            throw new SensorException(FaultReason.Missing, $"{_path} is empty: the device does not answer");
        }

        byte[] scratchpad = Scratchpad(text);
        if (!text.Contains("YES", StringComparison.Ordinal) || Crc(scratchpad.AsSpan(0, 8)) != scratchpad[8])
        {
            throw new SensorException(FaultReason.Crc, $"{_path}: checksum wrong");
        }

        if (scratchpad.All(value => value == 0))
        {
            // Zeros have a right checksum: the line is held low.
            throw new SensorException(FaultReason.Stuck, $"{_path}: all bytes are zero: the line is held low");
        }

        short raw = (short)(scratchpad[0] | (scratchpad[1] << 8));
        int thousandths = Value(text) ?? throw new SensorException(FaultReason.Io, $"{_path}: holds no value t=");
        double temperature = thousandths / 1000.0;
        if (raw == PowerOnValue && (scratchpad[6] == 0x0C || _last is not { } last || Math.Abs(last - temperature) > Jump))
        {
            throw new SensorException(FaultReason.PowerOn, $"{_path}: 85.0 °C is the value after power-on, nothing was converted: too little current on the line?");
        }

        into.Add(new Measurement("temperature", "°C", Checked.Range(temperature, -55, 125, "temperature", "°C")));
        _last = temperature;
    }

    /// <summary>Dallas/Maxim CRC-8: x^8+x^5+x^4+1, the lowest bit first, begins with 0.</summary>
    internal static byte Crc(ReadOnlySpan<byte> bytes)
    {
        byte crc = 0;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (byte)((crc >> 1) ^ ((crc & 1) != 0 ? 0x8C : 0));
            }
        }

        return crc;
    }

    private byte[] Scratchpad(string text)
    {
        string[] words = text.Split(' ', 10);
        byte[] bytes = new byte[9];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (words.Length < 10 || !byte.TryParse(words[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[i]))
            {
                throw new SensorException(FaultReason.Io, $"{_path} does not hold nine bytes");
            }
        }

        return bytes;
    }

    private static int? Value(string text)
    {
        int at = text.LastIndexOf("t=", StringComparison.Ordinal);
        return at >= 0 && int.TryParse(text.AsSpan(at + 2).Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : null;
    }
}
