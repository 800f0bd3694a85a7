using System.Diagnostics;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Drivers.Hx711;
using Sluice.Sensors.Drivers.Max31865;
using Sluice.Sensors.I2c;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Tests.Drivers;

/// <summary>Each driver against the simulated device with the real register map: what is around it comes out, and each fault under its reason.</summary>
public sealed class SimulatedDeviceTests
{
    public static TheoryData<string> I2cKinds => [.. DriverCatalog.All.Where(kind => kind.SimulateI2c is not null).Select(kind => kind.Name)];

    private static readonly (string Quantity, double Value, double Tolerance)[] World =
    [
        ("temperature", 21.37, 0.05), ("humidity", 47.3, 0.1), ("pressure", 1008.2, 0.02), ("co2", 812, 0.5), ("illuminance", 345, 1),
        ("distance", 1.125, 0.001), ("ambient", 19.5, 0.02), ("voltage", 12.34, 0.005), ("current", 0.75, 0.001), ("input0", 1.5, 0.005), ("pins", 0xA5, 0),
    ];

    [Theory]
    [MemberData(nameof(I2cKinds))]
    public void What_is_around_a_device_comes_out_of_its_driver(string name)
    {
        (SensorDriver driver, SimulatedI2cDevice _, SimulatedQuantities world) = Bench.Simulate(DriverCatalog.Find(name)!);
        foreach ((string quantity, double value, double _) in World)
        {
            world[quantity] = value;
        }

        int checkedValues = 0;
        Dictionary<string, double> values = Bench.Measure(driver);
        foreach ((string metric, double value) in values)
        {
            string quantity = metric == "voltage" && name == "ads1115" ? "input0" : metric;
            if (World.FirstOrDefault(item => item.Quantity == quantity) is { Quantity: not null } expected)
            {
                Assert.Equal(expected.Value, value, expected.Tolerance);
                checkedValues++;
            }
            else if (metric != "power")
            {
                Assert.Equal((0xA5 >> int.Parse(metric[^1..])) & 1 & (metric[0] == 'b' ? 0 : 1), value);
                checkedValues++;
            }
        }

        Assert.True(checkedValues > 0);

        // A second turn, without setting up, measures anew.
        world["temperature"] = 30;
        if (Bench.Measure(driver, initialize: false).TryGetValue("temperature", out double second))
        {
            Assert.Equal(30, second, 0.05);
        }
    }

    [Theory]
    [MemberData(nameof(I2cKinds))]
    public void A_device_that_does_not_answer_is_told_as_such(string name)
    {
        (SensorDriver driver, SimulatedI2cDevice device, SimulatedQuantities _) = Bench.Simulate(DriverCatalog.Find(name)!);
        device.Faults.Always(SimulatedFault.Nack);
        Assert.Equal(FaultReason.Nack, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        device.Faults.Always(SimulatedFault.Hang);
        Assert.Equal(FaultReason.Timeout, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        device.Faults.Always(null);
        Assert.NotEmpty(Bench.Measure(driver));
    }

    /// <summary>A flipped bit is caught by every device that has a checksum.</summary>
    [Theory]
    [InlineData("sht3x")]
    [InlineData("sht4x")]
    [InlineData("aht20")]
    [InlineData("htu21d")]
    [InlineData("scd4x")]
    [InlineData("mlx90614")]
    public void A_flipped_bit_is_caught_by_the_checksum(string name)
    {
        (SensorDriver driver, SimulatedI2cDevice device, SimulatedQuantities _) = Bench.Simulate(DriverCatalog.Find(name)!);
        driver.Initialize();
        driver.Begin();
        device.Faults.Next(SimulatedFault.Corrupt);
        SensorException e = Assert.Throws<SensorException>(() =>
        {
            while (driver.Continue() is not null)
            {
                device.Faults.Next(SimulatedFault.Corrupt);
            }

            device.Faults.Next(SimulatedFault.Corrupt);
            driver.Read([]);
        });

        // The SCD4x is asked in two transfers, of which the first one's answer carries no value.
        Assert.Equal(FaultReason.Crc, e.Reason);
    }

    /// <summary>A device that was without power between two turns never gives a value as if nothing had been.</summary>
    [Theory]
    [InlineData("bme280", FaultReason.PowerOn)]
    [InlineData("ina219", FaultReason.PowerOn)]
    [InlineData("mcp23017", FaultReason.PowerOn)]
    [InlineData("sht3x", FaultReason.Nack)]
    public void A_loss_of_power_is_noticed(string name, FaultReason reason)
    {
        (SensorDriver driver, SimulatedI2cDevice device, SimulatedQuantities _) = Bench.Simulate(DriverCatalog.Find(name)!);
        Bench.Measure(driver);
        driver.Begin();
        device.Reset();
        SensorException e = Assert.Throws<SensorException>(() => driver.Read([]));
        Assert.Contains(e.Reason, (FaultReason[])[reason, FaultReason.NotReady]);
        Assert.NotEmpty(Bench.Measure(driver));
    }

    /// <summary>Registers that lost their power read as zeros, which are values, too: whichever transfer of a turn it is lost before, what comes out is right or a fault.</summary>
    [Theory]
    [InlineData("ina219", "voltage", 12.34)]
    [InlineData("ads1115", "voltage", 1.5)]
    [InlineData("mcp9808", "temperature", 21.375)]
    [InlineData("mcp23017", "a0", 1)]
    public void A_loss_of_power_within_a_turn_gives_no_zeros(string name, string metric, double value)
    {
        (string, string)[] settings = name == "mcp23017" ? [("pull_up", "false"), ("active_low", "true")] : [];
        (SensorDriver driver, SimulatedI2cDevice device, SimulatedQuantities world) = Bench.Simulate(DriverCatalog.Find(name)!, settings);
        (world["voltage"], world["current"], world["input0"], world["temperature"], world["pins"]) = (12.34, 0.75, 1.5, 21.37, 0xFE);
        int faults = 0;
        for (int transfer = 0; transfer < 8; transfer++)
        {
            Assert.Equal(value, Bench.Measure(driver)[metric], 0.005);
            device.Faults.Next(null, transfer);
            device.Faults.Next(SimulatedFault.PowerLoss);
            try
            {
                Assert.Equal(value, Bench.Measure(driver, initialize: false)[metric], 0.005);
            }
            catch (SensorException e)
            {
                Assert.Contains(e.Reason, (FaultReason[])[FaultReason.PowerOn, FaultReason.NotReady, FaultReason.Stuck]);
                faults++;
            }

            device.Faults.Clear();
        }

        Assert.InRange(faults, 2, 7);
    }

    [Theory]
    [InlineData("bme280")]
    [InlineData("mcp9808")]
    [InlineData("vl53l0x")]
    public void Lines_that_nothing_drives_are_told_as_stuck(string name)
    {
        foreach (SimulatedFault stuck in (SimulatedFault[])[SimulatedFault.StuckHigh, SimulatedFault.StuckLow])
        {
            (SensorDriver driver, SimulatedI2cDevice device, SimulatedQuantities _) = Bench.Simulate(DriverCatalog.Find(name)!);
            device.Faults.Always(stuck);
            Assert.Equal(FaultReason.Stuck, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        }
    }

    [Fact]
    public void Another_device_at_the_address_is_told_as_such()
    {
        SimulatedI2cBus bus = new("simulated");
        bus.Attach(0x76, DriverCatalog.Find("bmp280")!.SimulateI2c!(new SimulatedQuantities(TimeProvider.System, 1)));
        SensorException e = Assert.Throws<SensorException>(() => Bench.Measure(Bench.Make(DriverCatalog.Find("bme280")!, bus)));
        Assert.Equal(FaultReason.Identity, e.Reason);
        Assert.Contains("it is a BMP280: kind: bmp280", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Devices_behind_a_chip_select()
    {
        SimulatedQuantities world = new(TimeProvider.System, 1) { ["temperature"] = -12.5, ["input2"] = 2.2 };
        DriverKind adc = DriverCatalog.Find("mcp3008")!;
        SimulatedSpiDevice adcDevice = adc.SimulateSpi!(world);
        Assert.Equal(2.2, Bench.Measure(Bench.Make(adc, adcDevice, ("input", "2")))["voltage"], 0.004);
        adcDevice.Faults.Always(SimulatedFault.StuckHigh);
        Assert.Equal(FaultReason.Stuck, Assert.Throws<SensorException>(() => Bench.Measure(Bench.Make(adc, adcDevice))).Reason);

        SimulatedMax31865 probe = new(world);
        SensorDriver driver = Bench.Make(Max31865Driver.Kind, probe);
        Assert.Equal(-12.5, Bench.Measure(driver)["temperature"], 0.04);
        probe.IsOpen = true;
        SensorException e = Assert.Throws<SensorException>(() => Bench.Measure(driver));
        Assert.Equal(FaultReason.Device, e.Reason);
        Assert.Contains("the probe is open", e.Message, StringComparison.Ordinal);
        probe.IsOpen = false;
        probe.Faults.Always(SimulatedFault.StuckLow);
        Assert.Equal(FaultReason.Stuck, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
    }

    /// <summary>HX711 data sheet, "serial interface": 24 bits, the highest first, two's complement; saturated at 0x7FFFFF.</summary>
    [Theory]
    [InlineData(123456)]
    [InlineData(-1)]
    [InlineData(-4000000)]
    public void Hx711_over_two_lines(int load)
    {
        SimulatedGpioChip chip = new("simulated", 8);
        SimulatedQuantities world = new(TimeProvider.System, 1) { ["load"] = load };
        _ = new SimulatedHx711(chip, clock: 5, data: 6, world, TimeProvider.System);
        TestSettings settings = new(("clock", "5"), ("data", "6"));
        using SensorDriver driver = Hx711Driver.Kind.Create(new DriverSetup { Settings = settings, Chip = () => chip });
        Assert.Empty(settings.Errors);
        Assert.Equal(load, Weigh(driver));

        // Pulses of an attempt that broke off are forgotten.
        chip.OutputChanged!(5, true);
        Assert.Equal(load, Weigh(driver));
        world["load"] = 0x7FFFFF;
        Assert.Equal(FaultReason.Range, Assert.Throws<SensorException>(() => Weigh(driver)).Reason);
        driver.Initialize();
        chip.Drive(6, true);
        Assert.Equal(FaultReason.NotReady, Assert.Throws<SensorException>(() => driver.Read([])).Reason);
    }

    /// <summary>The pulses after a value's bits choose input and gain of the next one: at gain 64 the same signal gives half the number.</summary>
    [Fact]
    public void Hx711_at_another_gain_leaves_out_the_first_value()
    {
        SimulatedGpioChip chip = new("simulated", 8);
        SimulatedQuantities world = new(TimeProvider.System, 1) { ["load"] = 123456 };
        _ = new SimulatedHx711(chip, clock: 0, data: 1, world, TimeProvider.System);
        using SensorDriver driver = Hx711Driver.Kind.Create(new DriverSetup { Settings = new TestSettings(("gain", "64")), Chip = () => chip });
        Assert.Equal(61728, Weigh(driver));
    }

    /// <summary>A turn in real time, on a machine that may be busy: a pulse that lasts too long is a time-out, and the turn is tried again.</summary>
    private static double Weigh(SensorDriver driver)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                driver.Initialize();
                if (driver.Begin() > TimeSpan.Zero)
                {
                    // The next conversion comes after a tenth of a second.
                    Thread.Sleep(100);
                }

                List<Measurement> measured = [];
                driver.Read(measured);
                return measured[0].Value;
            }
            catch (SensorException e) when (e.Reason == FaultReason.Timeout && watch.Elapsed < TimeSpan.FromSeconds(20))
            {
                // Again.
            }
        }
    }

    /// <summary>What recovers a bus helps against a hang, and against nothing else.</summary>
    [Fact]
    public void A_recovered_bus_has_its_other_faults_still()
    {
        (SensorDriver driver, SimulatedI2cDevice device, SimulatedQuantities _) = Bench.Simulate(DriverCatalog.Find("mcp9808")!);
        SimulatedI2cBus bus = new("other");
        bus.Attach(0x18, device);
        device.Faults.Always(SimulatedFault.Nack);
        Assert.True(bus.Recover());
        Assert.Equal(FaultReason.Nack, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        device.Faults.Always(SimulatedFault.Hang);
        Assert.True(bus.Recover());
        Assert.NotEmpty(Bench.Measure(driver));
    }

    [Fact]
    public void A_bus_that_hangs_is_recovered_after_three_timeouts_and_not_more_often_than_every_half_minute()
    {
        ManualTime time = new(DateTimeOffset.UnixEpoch);
        SimulatedI2cBus inner = new("simulated");
        DriverKind kind = DriverCatalog.Find("mcp9808")!;
        SimulatedI2cDevice device = kind.SimulateI2c!(new SimulatedQuantities(time, 1));
        inner.Attach(kind.Addresses[0], device);
        using RecoveringI2cBus bus = new(inner, time);
        SensorDriver driver = Bench.Make(kind, bus);
        for (int round = 1; round <= 2; round++)
        {
            device.Faults.Always(SimulatedFault.Hang);
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(FaultReason.Timeout, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
            }

            Assert.Equal(round, bus.Recoveries);
            Assert.NotEmpty(Bench.Measure(driver));
            time.Advance(TimeSpan.FromSeconds(31));
        }

        device.Faults.Next(SimulatedFault.Hang, 20);
        for (int i = 0; i < 20; i++)
        {
            Assert.Throws<SensorException>(() => Bench.Measure(driver));
        }

        Assert.Equal(3, bus.Recoveries);
    }
}
