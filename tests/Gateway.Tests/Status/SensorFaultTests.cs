using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Engine.Data;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Hosting;
using Sluice.Gateway.Status;
using Sluice.Sensors.Simulation;
using Xunit.Abstractions;

namespace Sluice.Gateway.Tests.Status;

/// <summary>The whole gateway with simulated devices: what a fault stores, what page and log say of it, and how it recovers.</summary>
public sealed class SensorFaultTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-faults-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_fault_is_stored_shown_and_logged_and_the_sensor_recovers()
    {
        SimulatedTree tree = new(_folder);
        byte[] powerOn = [0x50, 0x05, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10, 0x1C];
        tree.SetOneWire("28-1", 20.5);
        tree.SetThermal(0, "cpu-thermal", 47.2);
        (string Sensor, string Words, Action<GatewayService> Break, Action<GatewayService> Mend)[] faults =
        [
            ("nack", "nack", g => Faults(g, "nack").Always(SimulatedFault.Nack), g => Faults(g, "nack").Always(null)),
            ("crc", "crc", g => Faults(g, "crc").Always(SimulatedFault.Corrupt), g => Faults(g, "crc").Always(null)),
            ("hang", "timeout", g => Faults(g, "hang").Next(SimulatedFault.Hang, 2), _ => { }),
            ("high", "stuck", g => Faults(g, "high").Always(SimulatedFault.StuckHigh), g => Faults(g, "high").Always(null)),
            ("low", "stuck", g => Faults(g, "low").Always(SimulatedFault.StuckLow), g => Faults(g, "low").Always(null)),
            ("spi", "stuck", g => Faults(g, "spi").Always(SimulatedFault.StuckHigh), g => Faults(g, "spi").Always(null)),
            ("w1", "power_on", _ => tree.SetOneWire("28-1", powerOn, isRight: true), _ => tree.SetOneWire("28-1", 20.5)),
            ("zone", "missing", _ => tree.Remove("class/thermal/thermal_zone0"), _ => tree.SetThermal(0, "cpu-thermal", 47.2)),
        ];
        string configuration = Path.Combine(_folder, "faults.yaml");
        File.WriteAllText(configuration, $$"""
            gateway: { data: {{_folder}}/data }
            http: { listen: off }
            mqtt: { listen: [ "tcp://127.0.0.1:0" ] }
            hardware: { sysfs: {{tree.Sysfs}} }
            sensors:
              - { name: nack, kind: mcp9808, bus: simulated, address: 0x18, device: d-nack, every: 250ms, retries: 1, max_backoff: 1s }
              - { name: crc, kind: sht4x, bus: simulated, address: 0x44, device: d-crc, every: 250ms, retries: 1, max_backoff: 1s }
              - { name: hang, kind: mcp9808, bus: simulated, address: 0x19, device: d-hang, every: 250ms, retries: 1, max_backoff: 1s }
              - { name: high, kind: bme280, bus: simulated, address: 0x76, device: d-high, every: 250ms, retries: 1, max_backoff: 1s }
              - { name: low, kind: bme280, bus: simulated, address: 0x77, device: d-low, every: 250ms, retries: 1, max_backoff: 1s }
              - { name: spi, kind: mcp3008, bus: simulated, device: d-spi, every: 250ms, retries: 1, max_backoff: 1s }
              - { name: w1, kind: ds18b20, id: 28-1, device: d-w1, every: 1s, retries: 1, max_backoff: 1s }
              - { name: zone, kind: thermal, zone: cpu-thermal, device: d-zone, every: 250ms, retries: 1, max_backoff: 1s }
            """);
        GatewayOptions options = ConfigurationLoader.Load(configuration, []);
        Lines log = new();
        using (ILoggerFactory loggers = LoggerFactory.Create(builder => builder.AddProvider(log)))
        {
            await using GatewayService gateway = new(options, loggers, TimeProvider.System);
            await gateway.StartAsync(default);
            await Programs.UntilAsync(() => States(gateway).All(state => state.Quality == "good"), "good sensors");
            Assert.Equal("ok", gateway.Status.Health().Status);
            foreach ((string _, string _, Action<GatewayService> breaking, Action<GatewayService> _) in faults)
            {
                breaking(gateway);
            }

            foreach ((string sensor, string words, Action<GatewayService> _, Action<GatewayService> _) in faults)
            {
                await Programs.UntilAsync(() => States(gateway).Single(state => state.Name == sensor).Faults.Contains($"{words} ", StringComparison.Ordinal), $"a fault of {sensor}");
                await Programs.UntilAsync(() => log.All.Any(line => line.StartsWith($"sensor {sensor}: cannot be read: ", StringComparison.Ordinal)), $"a line of {sensor}");
            }

            string metrics = gateway.Status.Metrics();
            foreach ((string sensor, string words, Action<GatewayService> _, Action<GatewayService> mending) in faults)
            {
                Assert.Contains($"sluice_sensor_faults_total{{sensor=\"{sensor}\",reason=\"{words}\"}} ", metrics, StringComparison.Ordinal);
                mending(gateway);
            }

            await Programs.UntilAsync(() => States(gateway).All(state => state.Quality == "good"), "good sensors again");
            Assert.Equal("ok", gateway.Status.Health().Status);
            foreach ((string sensor, string _, Action<GatewayService> _, Action<GatewayService> _) in faults)
            {
                SensorState state = States(gateway).Single(state => state.Name == sensor);
                output.WriteLine($"{sensor,-5} page: {state.Quality}, {state.Good} good, {state.Failed} failed, {state.Faults}: {state.LastFault}");
                output.WriteLine($"      log:  {log.All.First(line => line.StartsWith($"sensor {sensor}: cannot", StringComparison.Ordinal))}");
                output.WriteLine($"      log:  {log.All.First(line => line.StartsWith($"sensor {sensor}: is read again", StringComparison.Ordinal))}");
            }
        }

        await using SluiceConnection connection = new($"Data Source={options.DatabasePath}");
        await connection.OpenAsync();
        foreach ((string sensor, string words, Action<GatewayService> _, Action<GatewayService> _) in faults)
        {
            string[] stored = await ReadAsync(connection, $"SELECT value FROM telemetry WHERE device = 'd-{sensor}' AND metric = '{sensor}.quality' ORDER BY ts");
            Assert.Equal([$"fault: {words}", "good"], stored);
            output.WriteLine($"{sensor,-5} stored: {sensor}.quality = {string.Join(", ", stored)}");
        }

        // Never a made-up value: no 85.0 °C, nothing beyond what the devices measure.
        Assert.Equal(["0"], await ReadAsync(connection, "SELECT count(*) FROM telemetry WHERE metric = 'temperature' AND NOT value BETWEEN -40 AND 84.9"));
    }

    [Fact]
    public async Task Pulse_counts_go_on_after_a_restart_and_outputs_follow_commands()
    {
        string configuration = Path.Combine(_folder, "pulses.yaml");
        File.WriteAllText(configuration, $$"""
            gateway: { data: {{_folder}}/data }
            http: { listen: off }
            mqtt: { listen: [ "tcp://127.0.0.1:0" ] }
            sensors: [ { kind: pulse-counter, bus: simulated, line: 3, device: meter, every: 100ms } ]
            actuators: [ { name: pump, bus: simulated, line: 4 }, { name: drain, bus: simulated, line: 5, interlock: pump } ]
            """);
        GatewayOptions options = ConfigurationLoader.Load(configuration, []);
        double first = await RunAsync(0);
        double second = await RunAsync(first);
        Assert.True(second > first, $"{second} after {first}");

        async Task<double> RunAsync(double before)
        {
            await using (GatewayService gateway = new(options, NullLoggerFactory.Instance, TimeProvider.System))
            {
                await gateway.StartAsync(default);
                await Programs.UntilAsync(() => Count(gateway) > before, "pulses");
                Assert.True(gateway.Sensors.Actuators.IsOn("pump") is false);
            }

            await using SluiceConnection connection = new($"Data Source={options.DatabasePath}");
            await connection.OpenAsync();
            return double.Parse((await ReadAsync(connection, "SELECT max(value) FROM telemetry WHERE metric = 'count'"))[0]);
        }

        static double Count(GatewayService gateway) =>
            double.Parse(gateway.Status.Snapshot().Latest.FirstOrDefault(reading => reading.Metric == "count")?.Value ?? "0");
    }

    private static SimulatedFaults Faults(GatewayService gateway, string sensor) => gateway.Sensors.Faults(sensor)!;

    private static IReadOnlyList<SensorState> States(GatewayService gateway) => gateway.Status.Snapshot().Sensors.List;

    private static async Task<string[]> ReadAsync(SluiceConnection connection, string sql)
    {
        await using SluiceCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await using System.Data.Common.DbDataReader reader = await command.ExecuteReaderAsync();
        List<string> values = [];
        while (await reader.ReadAsync())
        {
            values.Add(reader.GetValue(0).ToString()!);
        }

        return [.. values];
    }

    /// <summary>Keeps the log's lines.</summary>
    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
