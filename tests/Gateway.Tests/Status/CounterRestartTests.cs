using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Engine.Data;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Hosting;

namespace Sluice.Gateway.Tests.Status;

/// <summary>Totals of pulse counters over a restart of the gateway.</summary>
public sealed class CounterRestartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-counters-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>What is stored of a water meter is cubic metres, and seldom; what goes on is the number of its pulses.</summary>
    [Fact]
    public async Task Totals_go_on_whatever_becomes_of_the_readings()
    {
        string configuration = Path.Combine(_folder, "pulses.yaml");
        File.WriteAllText(configuration, $$"""
            gateway: { data: {{_folder}}/data }
            http: { listen: off }
            mqtt: { listen: [ "tcp://127.0.0.1:0" ] }
            sensors:
              - { kind: pulse-counter, bus: simulated, line: 3, device: plain, every: 100ms }
              - { kind: pulse-counter, bus: simulated, line: 4, device: meter, every: 100ms, calibration: { count: { gain: 0.01, offset: 1234, unit: m³ } }, deadband: 1000, filter: mean 5 }
            actuators: [ { name: pump, bus: simulated, line: 5 }, { name: drain, bus: simulated, line: 6, interlock: pump } ]
            """);
        GatewayOptions options = ConfigurationLoader.Load(configuration, []);
        long[] first = await RunAsync([0, 0], 500);
        long[] second = await RunAsync(first, 70);
        Assert.All(first, total => Assert.InRange(total, 500, 560));
        Assert.All(second.Zip(first), pair => Assert.InRange(pair.First - pair.Second, 70, 130));

        await using SluiceConnection connection = new($"Data Source={options.DatabasePath}");
        await connection.OpenAsync();
        await using SluiceCommand command = connection.CreateCommand();
        command.CommandText = "SELECT max(value) FROM telemetry WHERE device = 'meter' AND metric = 'count'";
        Assert.InRange((double)(await command.ExecuteScalarAsync())!, 1234 + (0.01 * first[1]), 1234 + (0.01 * second[1]));

        async Task<long[]> RunAsync(long[] before, int pulses)
        {
            GatewayService gateway = new(options, NullLoggerFactory.Instance, TimeProvider.System);
            await gateway.StartAsync(default);
            Sensors.Gpio.IRestorable[] drivers = [.. gateway.Sensors.Sampler.Sensors.Select(sensor => (Sensors.Gpio.IRestorable)sensor.Driver)];
            Assert.All(drivers.Zip(before), pair => Assert.InRange(pair.First.Total, pair.Second, pair.Second + 30));
            Assert.False(gateway.Sensors.Actuators.IsOn("pump"));
            for (int i = 0; i < pulses; i++)
            {
                foreach (int line in (int[])[3, 4])
                {
                    gateway.Sensors.Chip("simulated")!.Drive(line, true);
                    gateway.Sensors.Chip("simulated")!.Drive(line, false);
                }
            }

            await Programs.UntilAsync(() => drivers.Zip(before).All(pair => pair.First.Total >= pair.Second + pulses), "pulses");
            await gateway.DisposeAsync();
            return [.. drivers.Select(driver => driver.Total)];
        }
    }
}
