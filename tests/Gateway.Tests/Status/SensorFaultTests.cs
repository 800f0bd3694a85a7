using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Sluice.Engine.Data;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Hosting;
using Sluice.Gateway.Status;
using Sluice.Sensors.Simulation;
using Xunit.Abstractions;

namespace Sluice.Gateway.Tests.Status;

/// <summary>The whole gateway with simulated devices: what a fault stores, what page, health and log say of it, and how it recovers. Prints a table.</summary>
public sealed class SensorFaultTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-faults-").FullName;
    private readonly Lines _log = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_fault_is_stored_shown_and_logged_and_the_sensor_recovers()
    {
        SimulatedTree tree = new(_folder);
        tree.SetOneWire("28-1", 20.5);
        tree.SetThermal(0, "cpu-thermal", 47.2);
        Fault[] faults = Faults(tree);
        string configuration = Path.Combine(_folder, "faults.yaml");
        File.WriteAllText(configuration, $$"""
            gateway: { data: {{_folder}}/data }
            http: { listen: off }
            mqtt: { listen: [ "tcp://127.0.0.1:0" ] }
            hardware: { sysfs: {{tree.Sysfs}} }
            sensors:
              - { name: nack, kind: mcp9808, bus: simulated, address: 0x18, device: d-nack, every: 250ms, retries: 1, max_backoff: 1s, stale: 30s }
              - { name: crc, kind: sht4x, bus: simulated, address: 0x44, device: d-crc, every: 250ms, retries: 1, max_backoff: 1s, stale: 30s }
              - { name: pec, kind: mlx90614, bus: simulated, device: d-pec, every: 250ms, retries: 1, max_backoff: 1s, stale: 30s }
              - { name: stretch, kind: mcp9808, bus: simulated, address: 0x19, device: d-stretch, every: 250ms, retries: 1, max_backoff: 1s, stale: 30s }
              - { name: stuck-bus, kind: mcp9808, bus: simulated-2, device: d-stuck-bus, every: 250ms, retries: 2, max_backoff: 1s, stale: 30s }
              - { name: slow, kind: mcp9808, bus: simulated-3, device: d-slow, every: 250ms, retries: 1, stale: 2s }
              - { name: high, kind: bme280, bus: simulated, address: 0x76, device: d-high, every: 250ms, retries: 1, max_backoff: 1s, stale: 30s }
              - { name: low, kind: bme280, bus: simulated, address: 0x77, device: d-low, every: 250ms, retries: 1, max_backoff: 1s, stale: 30s }
              - { name: spi, kind: mcp3008, bus: simulated, device: d-spi, every: 250ms, retries: 1, max_backoff: 1s, stale: 30s }
              - { name: power, kind: ina219, bus: simulated, address: 0x40, device: d-power, every: 250ms, retries: 0, max_backoff: 1s, stale: 30s }
              - { name: w1, kind: ds18b20, id: 28-1, device: d-w1, every: 1s, retries: 1, max_backoff: 1s, stale: 30s }
              - { name: zone, kind: thermal, zone: cpu-thermal, device: d-zone, every: 250ms, retries: 1, max_backoff: 1s, stale: 30s }
              - { name: unplug, kind: gpio-input, bus: simulated-4, line: 1, device: d-unplug, every: 250ms, retries: 1, max_backoff: 1s, stale: 30s }
            actuators: [ { name: relay, bus: simulated-4, line: 2 } ]
            """);
        GatewayOptions options = ConfigurationLoader.Load(configuration, []);
        using (ILoggerFactory loggers = LoggerFactory.Create(builder => builder.AddProvider(_log)))
        {
            await using GatewayService gateway = new(options, loggers, TimeProvider.System);
            await gateway.StartAsync(default);
            await Programs.UntilAsync(() => States(gateway).All(state => state.Quality == "good"), "good sensors");
            Assert.Equal("ok", gateway.Status.Health().Status);
            Assert.True(gateway.Sensors.Actuators.Set("relay", true, out _) == Sensors.Gpio.ActuatorResult.Done);
            foreach (Fault fault in faults)
            {
                fault.Break(gateway);
            }

            foreach (Fault fault in faults)
            {
                await Programs.UntilAsync(() => Logged(fault.Sensor, "cannot be read: ", "its reads do not end") is not null, $"a line of {fault.Sensor}");
                if (fault.Mend is not null)
                {
                    await Programs.UntilAsync(() => State(gateway, fault.Sensor).Quality == "fault", $"{fault.Sensor} on the page");
                    fault.Page = State(gateway, fault.Sensor).Quality;
                    fault.Health = gateway.Status.Health().Problems.Single(problem => problem.Part == $"sensor {fault.Sensor}").Reason;
                }
            }

            await Programs.UntilAsync(() => gateway.Status.Health().Problems.Any(problem => problem.Part == "actuator relay"), "the relay's problem");
            Assert.Null(gateway.Status.Snapshot().Sensors.Actuators.Single().IsOn);
            HealthProblem relay = gateway.Status.Health().Problems.Single(problem => problem.Part == "actuator relay");
            string metrics = gateway.Status.Metrics();
            Assert.DoesNotContain("sluice_actuator_on{", metrics, StringComparison.Ordinal);
            Assert.Contains("sluice_actuator_settable{actuator=\"relay\"} 0\n", metrics, StringComparison.Ordinal);
            foreach (Fault fault in faults)
            {
                fault.Mend?.Invoke(gateway);
            }

            await Programs.UntilAsync(() => States(gateway).All(state => state.Quality == "good") && gateway.Sensors.Actuators.IsOn("relay") is false, "all well again");
            await Programs.UntilAsync(() => gateway.Status.Health().Status == "ok", "health");
            metrics = gateway.Status.Metrics();
            Assert.Contains("sluice_i2c_recoveries_total{bus=\"simulated-2\"} 1\n", metrics, StringComparison.Ordinal);
            foreach (Fault fault in faults)
            {
                fault.After = State(gateway, fault.Sensor);
                if (fault.Reason is { } reason)
                {
                    Assert.Contains($"sluice_sensor_faults_total{{sensor=\"{fault.Sensor}\",reason=\"{reason}\"}} ", metrics, StringComparison.Ordinal);
                    Assert.Contains($"{reason} ", fault.After.Faults, StringComparison.Ordinal);
                }
            }

            output.WriteLine($"relay      health: {relay.Reason}");
            output.WriteLine($"           log:    {_log.All.Last(line => line.StartsWith("actuator relay: ", StringComparison.Ordinal))}");
        }

        await using SluiceConnection connection = new($"Data Source={options.DatabasePath}");
        await connection.OpenAsync();
        foreach (Fault fault in faults)
        {
            string[] stored = await ReadAsync(connection, $"SELECT value FROM telemetry WHERE device = 'd-{fault.Sensor}' AND metric = '{fault.Sensor}.quality' ORDER BY ts");
            Assert.Equal([fault.Reason is null ? "stale" : $"fault: {fault.Reason}", "good"], stored);
            output.WriteLine($"{fault.Sensor,-10} fault:  {fault.What}");
            output.WriteLine($"           stored: {fault.Sensor}.quality = {string.Join(", then ", stored)}; {(await ReadAsync(connection, $"SELECT count(*) FROM telemetry WHERE device = 'd-{fault.Sensor}' AND metric NOT LIKE '%.quality'"))[0]} values, none of them from the fault");
            output.WriteLine($"           page:   {fault.Page ?? "(over before one looks)"}, afterwards {fault.After!.Quality}, {fault.After.Good} good, {fault.After.Failed} failed, {fault.After.Missed} missed; {fault.After.Faults}");
            output.WriteLine($"           health: {fault.Health ?? "(over before one looks)"}");
            output.WriteLine($"           log:    {Logged(fault.Sensor, "cannot be read: ", "its reads do not end")}");
            output.WriteLine($"           log:    {Logged(fault.Sensor, "is read again")}");
            output.WriteLine($"           back:   {fault.Back}");
        }

        // Never a made-up value: no 85.0 °C, no zeros of a device without power, nothing beyond what the devices measure.
        Assert.Equal(["0"], await ReadAsync(connection, "SELECT count(*) FROM telemetry WHERE metric = 'temperature' AND NOT value BETWEEN 1 AND 84.9"));
        Assert.Equal(["0"], await ReadAsync(connection, "SELECT count(*) FROM telemetry WHERE device = 'd-power' AND metric IN ('voltage', 'current') AND NOT value > 0.1"));
    }

    /// <summary>Faults that do not make a sensor fail: impulses on a line, with and without debounce, and edges that come faster than they are read.</summary>
    [Fact]
    public async Task Glitches_and_overflows_are_told_and_counted()
    {
        string configuration = Path.Combine(_folder, "edges.yaml");
        File.WriteAllText(configuration, $$"""
            gateway: { data: {{_folder}}/data }
            http: { listen: off }
            mqtt: { listen: [ "tcp://127.0.0.1:0" ] }
            sensors:
              - { name: twin, kind: pulse-counter, bus: simulated, line: 1, device: twin, seed: 1, every: 100ms }
              - { name: debounced, kind: pulse-counter, bus: simulated, line: 2, debounce_ms: 1, device: debounced, seed: 1, every: 100ms, faults: { glitch: 1 } }
              - { name: bare, kind: pulse-counter, bus: simulated, line: 3, device: bare, seed: 1, every: 100ms, faults: { glitch: 1 } }
              - { name: flood, kind: pulse-counter, bus: simulated-2, line: 4, device: flood, seed: 1, every: 100ms }
            """);
        GatewayOptions options = ConfigurationLoader.Load(configuration, []);
        long driven = 0;
        await using (GatewayService gateway = new(options, LoggerFactory.Create(builder => builder.AddProvider(_log)), TimeProvider.System))
        {
            await gateway.StartAsync(default);
            await Programs.UntilAsync(() => Total(gateway, "twin") >= 1, "a pulse");
            await Programs.UntilAsync(
                () =>
                {
                    for (int i = 0; i < 5000; i++, driven++)
                    {
                        gateway.Sensors.Chip("simulated-2")!.Drive(4, true);
                        gateway.Sensors.Chip("simulated-2")!.Drive(4, false);
                    }

                    return State(gateway, "flood").Faults.StartsWith("overflow ", StringComparison.Ordinal);
                },
                "an overflow");
            await Programs.UntilAsync(() => gateway.Sensors.Faults("bare")!.Made(SimulatedFault.Glitch) >= 4, "glitches");

            // The same meter at all of them: glitches are counted without debounce and not with it; lost edges are in the count.
            await Programs.UntilAsync(
                () => Total(gateway, "twin") is var pulses && Total(gateway, "debounced") == pulses && Total(gateway, "flood") == pulses + driven
                    && Total(gateway, "bare") >= pulses + 4,
                "counts");
            Assert.All(States(gateway), state => Assert.Equal("good", state.Quality));
            Assert.Matches("sluice_gpio_edges_lost_total{chip=\"simulated-2\"} [1-9]", gateway.Status.Metrics());
            output.WriteLine($"glitches   {gateway.Sensors.Faults("debounced")!.Made(SimulatedFault.Glitch)} impulses of 50 us: with debounce_ms: 1 {Total(gateway, "debounced")} pulses, as its twin without glitches ({Total(gateway, "twin")}); without debounce {Total(gateway, "bare")}");
            output.WriteLine($"overflow   {driven} pulses at once: page good, {State(gateway, "flood").Faults}: {State(gateway, "flood").LastFault}; all of them counted");
        }

        await using SluiceConnection connection = new($"Data Source={options.DatabasePath}");
        await connection.OpenAsync();
        Assert.Equal(["0"], await ReadAsync(connection, "SELECT count(*) FROM telemetry WHERE metric LIKE '%.quality'"));
        output.WriteLine($"stored     flood: count = {(await ReadAsync(connection, "SELECT max(value) FROM telemetry WHERE device = 'flood' AND metric = 'count'"))[0]}; no quality: values were good all the time");
    }

    private static Fault[] Faults(SimulatedTree tree)
    {
        byte[] powerOn = [0x50, 0x05, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10, 0x1C];
        return
        [
            Lasting("nack", "nack", "no acknowledgement", SimulatedFault.Nack),
            Lasting("crc", "crc", "a flipped bit in every answer", SimulatedFault.Corrupt),
            Lasting("pec", "crc", "a flipped bit under a packet error code", SimulatedFault.Corrupt),
            new("stretch", "timeout", "two transfers with the clock stretched too long", g => Made(g, "stretch").Next(SimulatedFault.Hang, 2), null, "with the next turn"),
            new("stuck-bus", "timeout", "a line held low for good", g => Made(g, "stuck-bus").Always(SimulatedFault.Hang), null, "after three time-outs the bus is recovered"),
            new("slow", null, "a transfer that takes 4 s", g => { Made(g, "slow").Slowness = TimeSpan.FromSeconds(4); Made(g, "slow").Next(SimulatedFault.Slow); }, null, "when it ends; other buses go on meanwhile"),
            Lasting("high", "stuck", "all ones", SimulatedFault.StuckHigh),
            Lasting("low", "stuck", "all zeros", SimulatedFault.StuckLow),
            Lasting("spi", "stuck", "SPI, all ones", SimulatedFault.StuckHigh),
            new("power", "power_on", "a loss of power for a moment", g => Made(g, "power").Next(SimulatedFault.PowerLoss), null, "with the next turn, which sets it up anew"),
            new("w1", "power_on", "85.0 °C, the value after power-on", _ => tree.SetOneWire("28-1", powerOn, isRight: true), _ => tree.SetOneWire("28-1", 20.5), "when it measures"),
            new("zone", "missing", "its file is gone", _ => tree.Remove("class/thermal/thermal_zone0"), _ => tree.SetThermal(0, "cpu-thermal", 47.2), "when it is there again"),
            new("unplug", "missing", "the GPIO chip is pulled out", g => g.Sensors.Chip("simulated-4")!.Plug(false), g => g.Sensors.Chip("simulated-4")!.Plug(true), "when it is plugged in; its output is then in its safe state"),
        ];

        static Fault Lasting(string sensor, string reason, string what, SimulatedFault fault) =>
            new(sensor, reason, what, g => Made(g, sensor).Always(fault), g => Made(g, sensor).Always(null), "with the first turn that is right, at most max_backoff later");
    }

    private static SimulatedFaults Made(GatewayService gateway, string sensor) => gateway.Sensors.Faults(sensor)!;

    private static IReadOnlyList<SensorState> States(GatewayService gateway) => gateway.Status.Snapshot().Sensors.List;

    private static SensorState State(GatewayService gateway, string sensor) => States(gateway).Single(state => state.Name == sensor);

    private static long Total(GatewayService gateway, string sensor) =>
        ((Sensors.Gpio.IRestorable)gateway.Sensors.Sampler.Sensors.Single(one => one.Name == sensor).Driver).Total;

    private string? Logged(string sensor, params string[] beginnings) =>
        _log.All.FirstOrDefault(line => beginnings.Any(beginning => line.StartsWith($"sensor {sensor}: {beginning}", StringComparison.Ordinal)));

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

    /// <summary>Something that goes wrong.</summary>
    /// <param name="Sensor">Of which sensor.</param>
    /// <param name="Reason">What it is counted under; null for one that makes a value stale.</param>
    /// <param name="What">In words.</param>
    /// <param name="Break">Makes it.</param>
    /// <param name="Mend">Ends it; null when it ends by itself.</param>
    /// <param name="Back">How the sensor recovers.</param>
    private sealed record Fault(string Sensor, string? Reason, string What, Action<GatewayService> Break, Action<GatewayService>? Mend, string Back)
    {
        public string? Page { get; set; }

        public string? Health { get; set; }

        public SensorState? After { get; set; }
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
