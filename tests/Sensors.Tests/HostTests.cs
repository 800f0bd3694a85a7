using Sluice.Sensors.Configuration;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.I2c;
using Sluice.Sensors.Sampling;
using Sluice.Sensors.Simulation;
using Sluice.Sensors.Tests.Sampling;

namespace Sluice.Sensors.Tests;

/// <summary>Sensors made from definitions.</summary>
public sealed class HostTests
{
    private readonly Recorder _output = new();

    /// <summary>The kernel gives 64 lines at once; and line 0 to 5 can be had once.</summary>
    [Fact]
    public async Task More_inputs_than_the_kernel_gives_at_once_are_spread_over_requests()
    {
        await using SensorHost host = Make([.. Enumerable.Range(0, 70).Select(i => Define("gpio-input", $"i{i}", ("line", $"{i % 64}")))]);
        host.Start();
        host.Sampler.Trigger(host.Sampler.Sensors[0]);
        host.Sampler.Trigger(host.Sampler.Sensors[69]);
        Assert.Equal(SensorQuality.Good, host.Sampler.Sensors[0].Quality);
        Assert.Equal(FaultReason.Busy, host.Sampler.Sensors[69].Statistics.LastFault!.Reason);
    }

    [Theory]
    [InlineData("gpio-input", "line", "99")]
    [InlineData("pulse-counter", "line", "GPIO64")]
    [InlineData("hx711", "clock", "64")]
    [InlineData("hx711", "data", "1000")]
    public async Task A_line_that_a_simulated_chip_does_not_have_is_a_fault(string kind, string key, string line)
    {
        await using SensorHost host = Make(Define(kind, "s", (key, line)));
        host.Start();
        host.Sampler.Trigger(host.Sampler.Sensors[0]);
        Assert.Equal(FaultReason.Missing, host.Sampler.Sensors[0].Statistics.LastFault!.Reason);
        Assert.Contains($"{(kind == "hx711" ? line : $"\"{line}\"")}; it has 64", host.Sampler.Sensors[0].Statistics.LastFault!.Message, StringComparison.Ordinal);
    }

    /// <summary>0x38 may be a PCF8574A that switches relays: one byte written to it would set them.</summary>
    [Fact]
    public void A_scan_writes_nothing_to_what_may_have_outputs()
    {
        string folder = Directory.CreateTempSubdirectory("sluice-scan-").FullName;
        SimulatedTree tree = new(folder);
        tree.SetI2cBus(1, "bcm2835");
        SimulatedQuantities world = new(TimeProvider.System, 1) { ["pins"] = 0xFF };
        SimulatedI2cDevice expander = DriverCatalog.Find("pcf8574")!.SimulateI2c!(world);
        expander.Write([0xA5]);
        ScanFinding[] findings = [.. new SensorScan(
            tree.Sysfs, tree.Dev,
            path =>
            {
                SimulatedI2cBus bus = new(path);
                bus.Attach(0x38, expander);
                return bus;
            },
            path => new SimulatedGpioChip(path, 8)).Run()];
        Directory.Delete(folder, recursive: true);
        byte[] pins = new byte[1];
        expander.Read(pins);
        Assert.Equal(0xA5, pins[0]);
        Assert.Contains("0x38: perhaps aht20", findings[1].What, StringComparison.Ordinal);
        Assert.Contains(" or pcf8574", findings[1].What, StringComparison.Ordinal);
    }

    private SensorHost Make(params SensorDefinition[] sensors) =>
        new(new SensorConfiguration { Sensors = sensors }, _output, TimeProvider.System, _ => BusWorker.Inline());

    private static SensorDefinition Define(string kind, string name, params (string, string)[] settings) => new()
    {
        Name = name, Device = name, Kind = DriverCatalog.Find(kind)!, Bus = "simulated", Settings = new TestSettings(settings),
        Plan = new SamplingPlan { Schedule = Schedule.Aligned(TimeSpan.FromHours(1)), Retries = 0 },
    };
}
