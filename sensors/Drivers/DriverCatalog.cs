using Sluice.Sensors.Drivers.Ads1115;
using Sluice.Sensors.Drivers.Aht20;
using Sluice.Sensors.Drivers.Bh1750;
using Sluice.Sensors.Drivers.Bme280;
using Sluice.Sensors.Drivers.Htu21d;
using Sluice.Sensors.Drivers.Hx711;
using Sluice.Sensors.Drivers.Ina219;
using Sluice.Sensors.Drivers.Max31865;
using Sluice.Sensors.Drivers.Mcp23017;
using Sluice.Sensors.Drivers.Mcp3008;
using Sluice.Sensors.Drivers.Mcp9808;
using Sluice.Sensors.Drivers.Mlx90614;
using Sluice.Sensors.Drivers.Pcf8574;
using Sluice.Sensors.Drivers.Scd4x;
using Sluice.Sensors.Drivers.Sht3x;
using Sluice.Sensors.Drivers.Sht4x;
using Sluice.Sensors.Drivers.Vl53l0x;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.Hwmon;
using Sluice.Sensors.Iio;
using Sluice.Sensors.Modbus;
using Sluice.Sensors.OneWire;
using Sluice.Sensors.Serial;

namespace Sluice.Sensors.Drivers;

/// <summary>All kinds of sensors.</summary>
public static class DriverCatalog
{
    private static readonly List<DriverKind> Kinds =
    [
        Bme280Driver.Bme280, Bme280Driver.Bmp280, Sht3xDriver.Kind, Sht4xDriver.Kind, Aht20Driver.Kind, Htu21dDriver.Kind, Mcp9808Driver.Kind, Mlx90614Driver.Kind,
        Scd4xDriver.Kind, Bh1750Driver.Kind, Vl53l0xDriver.Kind, Ina219Driver.Kind, Ads1115Driver.Kind, Mcp3008Driver.Kind, Max31865Driver.Kind,
        Pcf8574Driver.Kind, Mcp23017Driver.Kind, Hx711Driver.Kind,
        GpioInputDriver.Kind, PulseCounterDriver.Kind, Ds18b20Driver.Kind, IioDriver.Kind, IioBufferDriver.Kind, HwmonDriver.Kind, ThermalDriver.Kind,
        ModbusDriver.Rtu, ModbusDriver.Tcp, SerialLineDriver.Kind,
    ];

    /// <summary>In the order in which messages list them.</summary>
    public static IReadOnlyList<DriverKind> All => Kinds;

    /// <summary>Adds a kind of another assembly; at the program's start.</summary>
    public static void Add(DriverKind kind) => Kinds.Add(kind);

    /// <summary>The kind of that name, or null.</summary>
    public static DriverKind? Find(string name) => Kinds.FirstOrDefault(kind => kind.Name == name);
}
