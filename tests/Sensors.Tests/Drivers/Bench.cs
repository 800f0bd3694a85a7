using Sluice.Sensors.Drivers;
using Sluice.Sensors.I2c;
using Sluice.Sensors.Simulation;
using Sluice.Sensors.Spi;

namespace Sluice.Sensors.Tests.Drivers;

/// <summary>Runs drivers through their phases without waiting.</summary>
internal static class Bench
{
    public static SensorDriver Make(DriverKind kind, II2cBus bus, params (string Key, string Value)[] settings)
    {
        TestSettings all = new(settings);
        SensorDriver driver = kind.Create(new DriverSetup { Settings = all, I2c = new I2cDevice(bus, kind.Addresses[0]) });
        Assert.Empty(all.Errors);
        return driver;
    }

    public static SensorDriver Make(DriverKind kind, ISpiDevice device, params (string Key, string Value)[] settings)
    {
        TestSettings all = new(settings);
        SensorDriver driver = kind.Create(new DriverSetup { Settings = all, Spi = device });
        Assert.Empty(all.Errors);
        return driver;
    }

    /// <summary>One measurement, as metric and value.</summary>
    public static Dictionary<string, double> Measure(SensorDriver driver, bool initialize = true)
    {
        if (initialize)
        {
            driver.Initialize();
        }

        driver.Begin();
        while (driver.Continue() is not null)
        {
        }

        List<Measurement> measured = [];
        driver.Read(measured);
        return measured.ToDictionary(measurement => measurement.Metric, measurement => measurement.Value);
    }

    /// <summary>The kind's simulated device on a bus of its own.</summary>
    public static (SensorDriver Driver, SimulatedI2cDevice Device, SimulatedQuantities World) Simulate(DriverKind kind, params (string Key, string Value)[] settings)
    {
        SimulatedQuantities world = new(TimeProvider.System, 1);
        SimulatedI2cDevice device = kind.SimulateI2c!(world);
        SimulatedI2cBus bus = new("simulated");
        bus.Attach(kind.Addresses[0], device);
        return (Make(kind, bus, settings), device, world);
    }
}

/// <summary>A bus on which what is written decides what is read, in hexadecimal: the bytes of a data sheet's example.</summary>
internal sealed class TranscriptBus(params (string Written, string Answer)[] pairs) : II2cBus
{
    private string _written = "";

    public string Name => "transcript";

    /// <summary>All that was written.</summary>
    public List<string> Written { get; } = [];

    public void Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read)
    {
        if (!write.IsEmpty)
        {
            _written = Convert.ToHexStringLower(write);
            Written.Add(_written);
        }

        if (!read.IsEmpty)
        {
            string answer = pairs.FirstOrDefault(pair => pair.Written == _written).Answer
                ?? throw new SensorException(FaultReason.Nack, $"nothing to read after {_written}");
            Convert.FromHexString(answer).AsSpan().CopyTo(read);
        }
    }

    public bool? Probe(int address) => true;

    public bool Recover() => false;

    public void Dispose()
    {
    }
}

/// <summary>A chip select behind which what is written decides what is read.</summary>
internal sealed class TranscriptSpi(params (string Written, string Answer)[] pairs) : ISpiDevice
{
    public string Name => "transcript";

    public void Transfer(ReadOnlySpan<byte> write, Span<byte> read)
    {
        string written = Convert.ToHexStringLower(write);
        if (pairs.FirstOrDefault(pair => pair.Written == written).Answer is { } answer)
        {
            Convert.FromHexString(answer).AsSpan().CopyTo(read);
        }
    }

    public void Dispose()
    {
    }
}
