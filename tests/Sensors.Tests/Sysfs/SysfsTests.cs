using Sluice.Sensors.Configuration;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Hwmon;
using Sluice.Sensors.Iio;
using Sluice.Sensors.OneWire;
using Sluice.Sensors.Simulation;
using Sluice.Sensors.Tests.Drivers;

namespace Sluice.Sensors.Tests.Sysfs;

public sealed class SysfsTests : IDisposable
{
    private const string Id = "28-0316a2794d1f";

    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-sysfs-").FullName;
    private readonly SimulatedTree _tree;

    public SysfsTests() => _tree = new SimulatedTree(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>DS18B20 data sheet, table 1: raw values and temperatures; 0x0191 is +25.0625, 0xFF5E is -10.125, 0xFC90 is -55.</summary>
    [Theory]
    [InlineData(0x07D0, 125)]
    [InlineData(0x0191, 25.0625)]
    [InlineData(0x0008, 0.5)]
    [InlineData(0xFF5E, -10.125)]
    [InlineData(0xFC90, -55)]
    public void Ds18b20_by_the_table_of_its_data_sheet(int raw, double celsius)
    {
        byte[] scratchpad = [(byte)raw, (byte)(raw >> 8), 0x4B, 0x46, 0x7F, 0xFF, 0x0F, 0x10, 0];
        scratchpad[8] = Ds18b20Driver.Crc(scratchpad.AsSpan(0, 8));
        _tree.SetOneWire(Id, scratchpad, isRight: true);
        Assert.Equal(celsius, Bench.Measure(OneWire())["temperature"], 0.0006);
    }

    /// <summary>Maxim application note 27: the ROM 02 1C B8 01 00 00 00 has the CRC A2.</summary>
    [Fact]
    public void The_checksum_of_1_wire_by_maxims_example() => Assert.Equal(0xA2, Ds18b20Driver.Crc([0x02, 0x1C, 0xB8, 0x01, 0x00, 0x00, 0x00]));

    [Fact]
    public void The_value_after_power_on_is_never_taken_for_a_temperature()
    {
        SensorDriver driver = OneWire();

        // The scratchpad after power-on (data sheet, figure 9): 85.0 °C.
        byte[] powerOn = [0x50, 0x05, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10, 0x1C];
        Assert.Equal(0x1C, Ds18b20Driver.Crc(powerOn.AsSpan(0, 8)));
        _tree.SetOneWire(Id, powerOn, isRight: true);
        Assert.Equal(FaultReason.PowerOn, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);

        // Really 85 °C: reached step by step.
        _tree.SetOneWire(Id, 84.5);
        Assert.Equal(84.5, Bench.Measure(driver)["temperature"]);
        _tree.SetOneWire(Id, 85);
        Assert.Equal(85, Bench.Measure(driver)["temperature"]);
        _tree.SetOneWire(Id, powerOn, isRight: true);
        Assert.Equal(FaultReason.PowerOn, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
    }

    [Fact]
    public void Faults_of_1_wire()
    {
        SensorDriver driver = OneWire();
        Assert.Equal(FaultReason.Missing, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        _tree.SetOneWire(Id, [0x91, 0x01, 0x4B, 0x46, 0x7F, 0xFF, 0x0F, 0x10, 0x00], isRight: false);
        Assert.Equal(FaultReason.Crc, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        _tree.SetOneWire(Id, [0x91, 0x01, 0x4B, 0x46, 0x7F, 0xFF, 0x0F, 0x10, 0x00], isRight: true);
        Assert.Equal(FaultReason.Crc, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        _tree.SetOneWire(Id, new byte[9], isRight: true);
        Assert.Equal(FaultReason.Stuck, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        File.WriteAllText(Path.Combine(_tree.Sysfs, "bus/w1/devices", Id, "w1_slave"), "");
        Assert.Equal(FaultReason.Missing, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        _tree.SetOneWire(Id, 20);
        Assert.Equal(20, Bench.Measure(driver)["temperature"]);
    }

    /// <summary>
    /// Documentation/ABI/testing/sysfs-bus-iio: temperatures in thousandths of °C, pressure in kPa, humidity in thousandths of %,
    /// voltage in mV after (raw + offset) * scale, with the scale of the channel or of its type.
    /// </summary>
    [Fact]
    public void Iio_by_the_kernels_rules()
    {
        _tree.SetIio(0, "name", "bme280");
        _tree.SetIio(0, "in_temp_input", "25080");
        _tree.SetIio(0, "in_pressure_input", "100.653");
        _tree.SetIio(0, "in_humidityrelative_input", "45366");
        Assert.Equal(
            [("humidity", 45.366), ("pressure", 1006.53), ("temperature", 25.08)],
            Bench.Measure(Make(IioDriver.Kind, ("chip", "bme280"))).Select(pair => (pair.Key, Math.Round(pair.Value, 6))));

        _tree.SetIio(1, "name", "ads1015");
        _tree.SetIio(1, "in_voltage0_raw", "1000");
        _tree.SetIio(1, "in_voltage1_raw", "-500");
        _tree.SetIio(1, "in_voltage1_offset", "100");
        _tree.SetIio(1, "in_voltage1_scale", "3");
        _tree.SetIio(1, "in_voltage_scale", "2");
        _tree.SetIio(1, "in_accel_x_raw", "256");
        _tree.SetIio(1, "in_accel_scale", "0.0383");
        Dictionary<string, double> values = Bench.Measure(Make(IioDriver.Kind, ("chip", "iio:device1")));
        Assert.Equal(2, values["voltage0"], 1e-9);
        Assert.Equal(-1.2, values["voltage1"], 1e-9);
        Assert.Equal(9.8048, values["acceleration-x"], 1e-9);
        Assert.Equal(["voltage1"], Bench.Measure(Make(IioDriver.Kind, ("chip", "ads1015"), ("channels", "voltage1"))).Keys);

        _tree.SetIio(1, "in_voltage1_raw", "garbage");
        Assert.Equal(FaultReason.Io, Assert.Throws<SensorException>(() => Bench.Measure(Make(IioDriver.Kind, ("chip", "ads1015")))).Reason);
        Assert.Equal(FaultReason.Missing, Assert.Throws<SensorException>(() => Bench.Measure(Make(IioDriver.Kind, ("chip", "nobody")))).Reason);
    }

    /// <summary>
    /// Documentation/ABI/testing/sysfs-bus-iio, scan_elements: <c>le:s12/16>>4</c> is a signed number of 12 bits in the upper ones of 16; each
    /// channel is aligned to its size, so the 64-bit time stamp after three of 16 bits begins at 8.
    /// </summary>
    [Fact]
    public void Iio_buffers_by_the_kernels_layout()
    {
        foreach ((string name, int index, string type) in new[] { ("accel_x", 0, "le:s12/16>>4"), ("accel_y", 1, "be:u14/16>>2"), ("accel_z", 2, "le:s16/16"), ("timestamp", 3, "le:s64/64") })
        {
            _tree.SetIio(3, $"scan_elements/in_{name}_en", "0");
            _tree.SetIio(3, $"scan_elements/in_{name}_index", $"{index}");
            _tree.SetIio(3, $"scan_elements/in_{name}_type", type);
        }

        _tree.SetIio(3, "name", "adxl345");
        _tree.SetIio(3, "in_accel_scale", "0.5");
        _tree.SetIio(3, "buffer/enable", "0");
        _tree.SetIio(3, "buffer/length", "2");
        _tree.AddSamples(3, []);

        // x = -1, y = 1, z = 2 at one second after 1970, and x = 3, y = 2, z = -2 at two.
        byte[] first = Convert.FromHexString("f0ff" + "0004" + "0200" + "0000" + "00ca9a3b00000000");
        byte[] second = Convert.FromHexString("3000" + "0008" + "feff" + "0000" + "0094357700000000");
        SensorDriver all = Make(IioBufferDriver.Kind, ("chip", "adxl345"), ("give", "all"), ("dev", _tree.Dev));
        all.Initialize();
        _tree.AddSamples(3, [.. first, .. second.AsSpan(0, 5)]);
        List<Measurement> measured = [];
        all.Read(measured);
        Assert.Equal([("acceleration-x", -0.5), ("acceleration-y", 0.5), ("acceleration-z", 1)], measured.Select(item => (item.Metric, item.Value)));
        Assert.All(measured, item => Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(1), item.At));
        _tree.AddSamples(3, second.AsSpan(5));
        measured.Clear();
        all.Read(measured);
        Assert.Equal([1.5, 1, -1], measured.Select(item => item.Value));
        Assert.Equal(FaultReason.NotReady, Assert.Throws<SensorException>(() => all.Read([])).Reason);
        Assert.Equal("1", File.ReadAllText(Path.Combine(_tree.Sysfs, "bus/iio/devices/iio:device3/buffer/enable")));

        // Without the time stamp a record of x and z alone has four bytes: root mean square about the mean.
        File.Delete(Path.Combine(_tree.Dev, "iio:device3"));
        _tree.AddSamples(3, Convert.FromHexString("30000000" + "d0ff0000"));
        SensorDriver rms = Make(IioBufferDriver.Kind, ("chip", "adxl345"), ("channels", "accel_x, accel_z"), ("dev", _tree.Dev));
        Assert.Equal([("acceleration-x", 1.5), ("acceleration-z", 0)], Bench.Measure(rms).Select(pair => (pair.Key, pair.Value)));
    }

    /// <summary>Documentation/hwmon/sysfs-interface: thousandths of °C and V, millionths of W, revolutions a minute; faultN means no value.</summary>
    [Fact]
    public void Hwmon_by_the_kernels_rules()
    {
        _tree.SetHwmon(2, "name", "nct6775");
        _tree.SetHwmon(2, "temp1_input", "41500");
        _tree.SetHwmon(2, "temp1_label", "Core 0");
        _tree.SetHwmon(2, "in0_input", "1080");
        _tree.SetHwmon(2, "fan1_input", "1234");
        _tree.SetHwmon(2, "power1_input", "2500000");
        SensorDriver driver = Make(HwmonDriver.Kind, ("chip", "nct6775"));
        Assert.Equal(
            [("core-0", 41.5), ("fan1", 1234), ("in0", 1.08), ("power1", 2.5)],
            Bench.Measure(driver).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, Math.Round(pair.Value, 9))));
        _tree.SetHwmon(2, "temp1_fault", "1");
        Assert.Equal(FaultReason.Device, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        _tree.Remove("class/hwmon/hwmon2");
        Assert.Equal(FaultReason.Missing, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
    }

    [Fact]
    public void Thermal_zones()
    {
        _tree.SetThermal(0, "gpu-thermal", 50);
        _tree.SetThermal(1, "cpu-thermal", 47.2);
        Assert.Equal(47.2, Bench.Measure(Make(ThermalDriver.Kind, ("zone", "cpu-thermal")))["temperature"], 1e-9);
    }

    [Fact]
    public void A_scan_lists_everything_and_proposes_what_is_known()
    {
        _tree.SetI2cBus(1, "bcm2835 (i2c@7e804000)");
        _tree.SetDevice("gpiochip0");
        _tree.SetDevice("spidev0.0");
        _tree.SetOneWire(Id, 20);
        _tree.SetIio(0, "name", "hdc2010");
        _tree.SetIio(0, "in_temp_raw", "1");
        _tree.SetHwmon(0, "name", "rpi_volt");
        _tree.SetHwmon(0, "in0_input", "5080");
        _tree.SetThermal(0, "cpu-thermal", 47);
        SimulatedQuantities world = new(TimeProvider.System, 1);
        SensorScan scan = new(_tree.Sysfs, _tree.Dev, path =>
        {
            SimulatedI2cBus bus = new(path);
            bus.Attach(0x76, DriverCatalog.Find("bmp280")!.SimulateI2c!(world));
            bus.Attach(0x44, DriverCatalog.Find("sht3x")!.SimulateI2c!(world));
            bus.Attach(0x23, DriverCatalog.Find("bh1750")!.SimulateI2c!(world));
            return bus;
        }, path => new SimulatedGpioChip(path, 4));
        string[] proposals = [.. scan.Run().Select(finding => finding.Proposal).OfType<string>()];
        Assert.Equal(8, proposals.Length);
        Assert.StartsWith("{ kind: bh1750, bus: ", proposals[0], StringComparison.Ordinal);
        Assert.Contains("i2c-1, address: 0x44, ", proposals[1], StringComparison.Ordinal);
        Assert.StartsWith("{ kind: sht3x, ", proposals[1], StringComparison.Ordinal);
        Assert.StartsWith("{ kind: bmp280, ", proposals[2], StringComparison.Ordinal);
        Assert.StartsWith("{ kind: gpio-input, ", proposals[3], StringComparison.Ordinal);
        Assert.Equal($"{{ kind: ds18b20, id: {Id}, device: ds18b20-1, every: 10s }}", proposals[4]);
        Assert.Equal("{ kind: iio, chip: hdc2010, device: iio-1, every: 10s }", proposals[5]);
    }

    private SensorDriver OneWire() => Make(Ds18b20Driver.Kind, ("id", Id));

    private SensorDriver Make(DriverKind kind, params (string, string)[] settings) =>
        kind.Create(new DriverSetup { Settings = new TestSettings(settings), Sysfs = _tree.Sysfs });
}
