using System.Globalization;
using Sluice.Sensors.OneWire;

namespace Sluice.Sensors.Simulation;

/// <summary>
/// A folder that looks like sysfs to the drivers of 1-Wire, IIO, hwmon and thermal zones, and like /dev to a scan. Written
/// anew when a value is set.
/// </summary>
public sealed class SimulatedTree(string root)
{
    /// <summary>The folder that stands for /sys.</summary>
    public string Sysfs { get; } = Path.Combine(root, "sys");

    /// <summary>The folder that stands for /dev.</summary>
    public string Dev { get; } = Path.Combine(root, "dev");

    /// <summary>A 1-Wire thermometer with a temperature in °C, in the kernel's form: the scratchpad, its checksum, and thousandths.</summary>
    public void SetOneWire(string id, double celsius)
    {
        short raw = (short)Math.Round(celsius * 16);
        byte[] scratchpad = [(byte)raw, (byte)(raw >> 8), 0x4B, 0x46, 0x7F, 0xFF, (byte)(0x10 - (raw & 0x0F)), 0x10, 0];
        scratchpad[8] = Ds18b20Driver.Crc(scratchpad.AsSpan(0, 8));
        SetOneWire(id, scratchpad, isRight: true);
    }

    /// <summary>A 1-Wire thermometer with the bytes given, and whether the kernel found their checksum right.</summary>
    public void SetOneWire(string id, ReadOnlySpan<byte> scratchpad, bool isRight)
    {
        string bytes = string.Join(' ', Convert.ToHexStringLower(scratchpad).Chunk(2).Select(pair => new string(pair)));
        int thousandths = (short)(scratchpad[0] | (scratchpad[1] << 8)) * 1000 / 16;
        Write(
            $"bus/w1/devices/{id}/w1_slave",
            string.Create(CultureInfo.InvariantCulture, $"{bytes} : crc={scratchpad[8]:x2} {(isRight ? "YES" : "NO")}\n{bytes} t={thousandths}\n"));
    }

    /// <summary>A file of an IIO device, such as <c>in_temp_raw</c>.</summary>
    public void SetIio(int device, string file, string value) => Write($"bus/iio/devices/iio:device{device}/{file}", value + "\n");

    /// <summary>Samples that gather in an IIO device's buffer.</summary>
    public void AddSamples(int device, ReadOnlySpan<byte> records)
    {
        Directory.CreateDirectory(Dev);
        using FileStream file = new(Path.Combine(Dev, $"iio:device{device}"), FileMode.Append);
        file.Write(records);
    }

    /// <summary>A file of a hwmon chip, such as <c>temp1_input</c>.</summary>
    public void SetHwmon(int chip, string file, string value) => Write($"class/hwmon/hwmon{chip}/{file}", value + "\n");

    /// <summary>A thermal zone.</summary>
    public void SetThermal(int zone, string type, double celsius)
    {
        Write($"class/thermal/thermal_zone{zone}/type", type + "\n");
        Write($"class/thermal/thermal_zone{zone}/temp", string.Create(CultureInfo.InvariantCulture, $"{celsius * 1000:0}\n"));
    }

    /// <summary>An I2C bus, as a scan finds it.</summary>
    public void SetI2cBus(int number, string name) => Write($"class/i2c-dev/i2c-{number}/name", name + "\n");

    /// <summary>A device node, as a scan finds it.</summary>
    public void SetDevice(string name)
    {
        string path = Path.Combine(Dev, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
    }

    /// <summary>Takes a folder away, as a device that is pulled out.</summary>
    public void Remove(string folder) => Directory.Delete(Path.Combine(Sysfs, folder), recursive: true);

    private void Write(string file, string text)
    {
        string path = Path.Combine(Sysfs, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
