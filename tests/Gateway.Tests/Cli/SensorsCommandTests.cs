using Sluice.Gateway.Cli;
using Sluice.Gateway.Configuration;

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
