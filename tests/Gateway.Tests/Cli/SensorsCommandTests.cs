using Sluice.Gateway.Cli;
using Sluice.Gateway.Configuration;
using Sluice.Sensors.Configuration;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Simulation;

namespace Sluice.Gateway.Tests.Cli;

public sealed class SensorsCommandTests
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    [Fact]
    public async Task What_a_scan_proposes_is_a_right_configuration()
    {
        Assert.Equal(0, await RunAsync("sensors", "scan", "--simulated"));
        string text = _output.ToString();
        Assert.Contains("0x76: temperature, humidity and pressure (Bosch)", text, StringComparison.Ordinal);
        Assert.Contains("28-0316a2794d1f: thermometer", text, StringComparison.Ordinal);
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text[text.IndexOf("sensors:", StringComparison.Ordinal)..]);
            Assert.Equal(9, ConfigurationLoader.Load(file, []).Sensors.Sensors.Count);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Two of a kind at one bus, chips and zones of the same name, and names that YAML would take for something else.</summary>
    [Fact]
    public void Several_of_a_kind_are_proposed_so_that_each_is_read()
    {
        string folder = Directory.CreateTempSubdirectory("sluice-scan-").FullName;
        SimulatedTree tree = new(folder);
        tree.SetI2cBus(1, "bcm2835");
        string[] names = ["nvme", "nvme", "it's: #1"];
        foreach ((int number, string name) in names.Index())
        {
            tree.SetHwmon(number, "name", name);
            tree.SetHwmon(number, "temp1_input", "40000");
            tree.SetThermal(number, name, 40);
            tree.SetIio(number, "name", name);
            tree.SetIio(number, "in_temp_input", "40000");
        }

        DriverKind mcp = DriverCatalog.Find("mcp9808")!;
        SensorScan scan = new(tree.Sysfs, tree.Dev, path =>
        {
            SimulatedI2cBus bus = new(path);
            bus.Attach(0x18, mcp.SimulateI2c!(new SimulatedQuantities(TimeProvider.System, 1)));
            bus.Attach(0x19, mcp.SimulateI2c!(new SimulatedQuantities(TimeProvider.System, 2)));
            return bus;
        }, path => new SimulatedGpioChip(path, 4));
        string file = Path.Combine(folder, "proposed.yaml");
        File.WriteAllText(file, $"sensors:\n{string.Concat(scan.Run().Where(finding => finding.Proposal is not null).Select(finding => $"  - {finding.Proposal}\n"))}");
        IReadOnlyList<SensorDefinition> sensors = ConfigurationLoader.Load(file, []).Sensors.Sensors;
        Directory.Delete(folder, recursive: true);
        Assert.Equal(11, sensors.Count);
        Assert.Equal(["mcp9808-1", "mcp9808-2"], sensors.Take(2).Select(sensor => sensor.Device));
        Assert.Equal(["hwmon0", "hwmon1", "it's: #1"], sensors.Where(sensor => sensor.Kind.Name == "hwmon").Select(sensor => sensor.Settings.Text("chip")));
        Assert.Equal(["thermal_zone0", "thermal_zone1", "it's: #1"], sensors.Where(sensor => sensor.Kind.Name == "thermal").Select(sensor => sensor.Settings.Text("zone")));
        Assert.Equal(["iio:device0", "iio:device1", "it's: #1"], sensors.Where(sensor => sensor.Kind.Name == "iio").Select(sensor => sensor.Settings.Text("chip")));
    }

    [Fact]
    public async Task A_scan_of_a_machine_without_sensors_says_so()
    {
        string folder = Directory.CreateTempSubdirectory("sluice-scan-").FullName;
        Assert.Equal(0, await RunAsync("sensors", "scan", "--sysfs", folder));
        Directory.Delete(folder);
        Assert.DoesNotContain("IIO", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configured_sensor_is_shown_live()
    {
        Assert.Equal(0, await RunAsync("sensors", "read", "demo-1/bme280", "-n", "3", "--set", "sensors.0.every=50ms"));
        string[] lines = _output.ToString().TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3}  temperature +[0-9.]+ °C$", lines[0].TrimEnd());
    }

    [Fact]
    public async Task Reading_so_many_times_ends_when_the_sensor_fails()
    {
        Task<int> reading = RunAsync("sensors", "read", "demo-1/bme280", "-n", "1", "--set", "sensors.0.bus=/dev/i2c-99", "--set", "sensors.0.every=1h");
        Assert.Equal(1, await reading.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("fault: missing: /dev/i2c-99", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sensor_that_is_not_configured_is_told_with_those_that_are()
    {
        Assert.Equal(1, await RunAsync("sensors", "read", "demo-1/bmw280"));
        Assert.Contains("has no sensor demo-1/bmw280; it has demo-1/bme280, demo-1/bh1750, ", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_kinds_are_listed()
    {
        Assert.Equal(0, await RunAsync("sensors", "kinds"));
        Assert.Contains("bme280         i2c      temperature, humidity and pressure (Bosch)  address 0x76, 0x77", _output.ToString(), StringComparison.Ordinal);
    }

    private Task<int> RunAsync(params string[] arguments) => CommandLine.InvokeAsync(arguments, _output, _error);
}
