using System.Diagnostics;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.I2c;
using Sluice.Sensors.Sampling;
using Sluice.Sensors.Simulation;
using Xunit.Abstractions;

namespace Sluice.Sensors.Tests.Sampling;

/// <summary>
/// 200 sensors read once a second through their drivers, with time run fast and faults injected into their devices: nothing is
/// missing but what failed, and each fault is counted under its reason. A quarter of an hour here; a whole day with SLUICE_SENSOR_HOURS=24.
/// </summary>
public sealed class DayTests(ITestOutputHelper output)
{
    private const int Sensors = 200;

    private static readonly string[] Kinds = ["sht3x", "bme280", "sht4x", "mcp9808", "htu21d", "ina219", "ads1115", "aht20", "bh1750", "pcf8574"];

    [Fact]
    public async Task Nothing_is_missing_but_for_faults_and_each_is_counted_under_its_reason()
    {
        double hours = double.TryParse(Environment.GetEnvironmentVariable("SLUICE_SENSOR_HOURS"), out double asked) ? asked : 0.25;
        DateTimeOffset start = new(2026, 5, 1, 0, 0, 0, 500, TimeSpan.Zero);
        FastTime time = new(start);
        Counter counter = new();
        BusWorker worker = BusWorker.Inline();
        List<(SampledSensor Sensor, SimulatedFaults Faults)> all = [];
        for (int i = 0; i < Sensors; i++)
        {
            DriverKind kind = DriverCatalog.Find(Kinds[i % Kinds.Length])!;
            SimulatedI2cBus bus = new($"bus-{i}");
            SimulatedFaults faults = new((ulong)i);
            faults.Sometimes(SimulatedFault.Nack, 0.001);
            faults.Sometimes(SimulatedFault.Hang, 0.0005);
            if (Kinds[i % Kinds.Length] is "sht3x" or "sht4x")
            {
                faults.Sometimes(SimulatedFault.Corrupt, 0.001);
            }

            SimulatedI2cDevice device = new Faulty(kind.SimulateI2c!(World(time, i))) { Faults = faults };
            bus.Attach(kind.Addresses[0], device);
            SensorDriver driver = kind.Create(new DriverSetup { Settings = new TestSettings(), I2c = new I2cDevice(bus, kind.Addresses[0]), Time = time });
            SamplingPlan plan = new() { Schedule = Schedule.Aligned(TimeSpan.FromSeconds(1)), Retries = 1 };
            all.Add((new SampledSensor($"s{i}", $"s{i}", driver, worker, plan), faults));
        }

        Stopwatch watch = Stopwatch.StartNew();
        Sampler sampler = new([.. all.Select(item => item.Sensor)], counter, time);
        sampler.Start();
        time.RunUntil(start.AddHours(hours));
        await sampler.DisposeAsync();

        long turns = (long)(hours * 3600);
        foreach ((SampledSensor sensor, SimulatedFaults faults) in all)
        {
            SensorStatistics statistics = sensor.Statistics;
            Assert.Equal(turns, statistics.Good + statistics.Failed + statistics.LeftAlone);
            Assert.Equal(0, statistics.Missed);
            Assert.Equal(faults.Made(SimulatedFault.Nack), statistics.Faults(FaultReason.Nack));
            Assert.Equal(faults.Made(SimulatedFault.Hang), statistics.Faults(FaultReason.Timeout));

            // A bit that is flipped in a transfer without an answer does no harm.
            Assert.InRange(statistics.Faults(FaultReason.Crc), 0, faults.Made(SimulatedFault.Corrupt));
            Assert.Equal(0, statistics.Faults(FaultReason.Internal));
        }

        SensorStatistics[] sums = [.. all.Select(item => item.Sensor.Statistics)];
        Assert.Equal(sums.Sum(item => item.Good), counter.Turns);
        string reasons = string.Join(", ", Enum.GetValues<FaultReason>().Select(reason => (reason, sums.Sum(item => item.Faults(reason)))).Where(pair => pair.Item2 > 0).Select(pair => $"{SensorWords.Of(pair.reason)} {pair.Item2:N0}"));
        output.WriteLine($"{hours} h of {Sensors} sensors at 1 Hz: {Sensors * turns:N0} turns, {counter.Turns:N0} gave values ({counter.Readings:N0} readings), {sums.Sum(item => item.Failed):N0} failed after a second attempt, {sums.Sum(item => item.LeftAlone):N0} left alone, 0 missing");
        output.WriteLine($"injected and counted attempts: {reasons}; {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.True(sums.Sum(item => item.Faults(FaultReason.Nack)) > 0 && sums.Sum(item => item.Faults(FaultReason.Crc)) > 0);
    }

    /// <summary>What is around a sensor; it stands still, for making it move would take most of the time.</summary>
    private static SimulatedQuantities World(TimeProvider time, int number) => new(time, (ulong)number)
    {
        ["temperature"] = 15 + (0.05 * number), ["humidity"] = 40, ["pressure"] = 1005 + (0.1 * number), ["voltage"] = 12, ["current"] = 0.5,
        ["input0"] = 1.5, ["illuminance"] = 300, ["pins"] = number,
    };

    /// <summary>A device with faults of its own choosing.</summary>
    private sealed class Faulty(SimulatedI2cDevice inner) : SimulatedI2cDevice
    {
        public override bool Write(ReadOnlySpan<byte> bytes) => inner.Write(bytes);

        public override bool Read(Span<byte> bytes) => inner.Read(bytes);

        public override void Reset() => inner.Reset();
    }

    private sealed class Counter : ISensorOutput
    {
        public long Turns { get; private set; }

        public long Readings { get; private set; }

        public void Write(SampledSensor sensor, IReadOnlyList<SensorReading> readings)
        {
            Turns++;
            Readings += readings.Count;
        }

        public void QualityChanged(SampledSensor sensor, SensorQuality quality, DateTimeOffset at)
        {
        }
    }
}
