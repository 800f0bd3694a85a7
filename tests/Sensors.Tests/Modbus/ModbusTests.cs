using System.Diagnostics;
using Sluice.Sensors.Configuration;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.Modbus;
using Sluice.Sensors.Sampling;
using Sluice.Sensors.Serial;
using Sluice.Sensors.Tests.Drivers;
using Sluice.Sensors.Tests.Sampling;
using Xunit.Abstractions;

namespace Sluice.Sensors.Tests.Modbus;

public sealed class ModbusTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>MODBUS over Serial Line 1.02, appendix B: 02 07 has the CRC 41 12 on the line.</summary>
    [Fact]
    public void The_checksum_by_the_standards_example() => Assert.Equal(0x1241, ModbusRtu.Crc([0x02, 0x07]));

    /// <summary>MODBUS Application Protocol 1.1b3, the examples of sections 6.1, 6.3, 6.4, 6.5, 6.6 and 6.12.</summary>
    [Fact]
    public void Requests_and_answers_by_the_standards_examples()
    {
        Assert.Equal("0100130013", Hex(ModbusPdu.Read(ModbusTable.Coil, 0x13, 19)));
        Assert.Equal("03006b0003", Hex(ModbusPdu.Read(ModbusTable.Holding, 0x6B, 3)));
        Assert.Equal("0400080001", Hex(ModbusPdu.Read(ModbusTable.Input, 8, 1)));
        Assert.Equal("0500acff00", Hex(ModbusPdu.Write(0xAC, coil: true)));
        Assert.Equal("0600010003", Hex(ModbusPdu.Write(1, [3])));
        Assert.Equal("100001000204000a0102", Hex(ModbusPdu.Write(1, [0x000A, 0x0102])));
        Assert.Equal("022b00000064", Hex(ModbusPdu.Answer(ModbusPdu.Read(ModbusTable.Holding, 0x6B, 3), Convert.FromHexString("0306022b00000064"), "d").ToArray()));
        SensorException e = Assert.Throws<SensorException>(() => ModbusPdu.Answer(ModbusPdu.Read(ModbusTable.Coil, 0x4A1, 1), [0x81, 0x02], "d").ToArray());
        Assert.Equal(FaultReason.Device, e.Reason);
        Assert.Contains("illegal data address", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v=0 int16 0.1 A", "ff9c", "abcd", -10)]
    [InlineData("v=0 uint32", "00010002", "abcd", 65538)]
    [InlineData("v=0 uint32", "00020001", "cdab", 65538)]
    [InlineData("v=0 float32", "ac410000", "badc", 21.5)]
    [InlineData("v=0 float32", "0000ac41", "dcba", 21.5)]
    [InlineData("v=0 float64", "4035800000000000", "abcd", 21.5)]
    [InlineData("v=0 int64", "fffefffffffffffe", "cdab", -281474976710658)]
    public void Values_in_every_order(string text, string bytes, string order, double value)
    {
        double decoded = ModbusValue.Parse(text)!.Decode(Convert.FromHexString(bytes), order);
        if (text.Contains("int64", StringComparison.Ordinal))
        {
            // Registers in reverse: fffe ffff ffff fffe.
            Assert.Equal(unchecked((long)0xfffefffffffffffe), decoded);
        }
        else
        {
            Assert.Equal(value, decoded, 1e-9);
        }
    }

    [Fact]
    public void Over_tcp_against_an_independent_server()
    {
        if (!ModbusServer.IsPossible)
        {
            output.WriteLine("skipped: no libmodbus (apt-get install libmodbus-dev)");
            return;
        }

        int port = ModbusServer.FreePort();
        ModbusServer server = ModbusServer.Start("tcp", $"{port}");
        using ModbusTcp transport = new("127.0.0.1", port, Patience);
        Converse(transport, 255);

        SensorDriver driver = ModbusDriver.Tcp.Create(new DriverSetup
        {
            Bus = $"127.0.0.1:{port}", Settings = new TestSettings(("values", "temperature=10 float32 1 °C, balance=20 int32"), ("timeout_ms", "5000")),
        });

        // libmodbus takes one connection after the other.
        transport.Dispose();
        Assert.Equal([("temperature", 21.5), ("balance", -2)], Bench.Measure(driver).Select(pair => (pair.Key, pair.Value)));
        server.Dispose();
        SensorException gone = Assert.Throws<SensorException>(() => Bench.Measure(driver));
        Assert.Contains(gone.Reason, (FaultReason[])[FaultReason.Io, FaultReason.Missing]);
        Assert.Equal(FaultReason.Missing, Assert.Throws<SensorException>(() => Bench.Measure(driver)).Reason);
        using (ModbusServer.Start("tcp", $"{port}"))
        {
            Assert.Equal(21.5, Bench.Measure(driver)["temperature"]);
        }

        output.WriteLine("Modbus TCP against libmodbus: reads, writes, exceptions, a server that goes and comes back");
    }

    /// <summary>Sensors and outputs at one device share its connection: libmodbus takes one at a time.</summary>
    [Fact]
    public async Task Outputs_are_coils_and_registers_of_an_independent_server()
    {
        if (!ModbusServer.IsPossible)
        {
            output.WriteLine("skipped: no libmodbus (apt-get install libmodbus-dev)");
            return;
        }

        int port = ModbusServer.FreePort();
        string bus = $"127.0.0.1:{port}";
        ModbusServer server = ModbusServer.Start("tcp", $"{port}");
        ManualTime time = new(DateTimeOffset.UnixEpoch);
        TestSettings patient = new(("timeout_ms", "5000"));
        ModbusPoint coil = new() { IsTcp = true, Unit = 255, IsCoil = true, Address = 4, Settings = patient };
        SensorDefinition sensor = new()
        {
            Name = "s", Device = "s", Kind = ModbusDriver.Tcp, Bus = bus, Plan = new SamplingPlan { Schedule = Schedule.Aligned(TimeSpan.FromHours(1)), Retries = 0 },
            Settings = new TestSettings(("values", "valve=40 uint16"), ("timeout_ms", "5000")),
        };
        List<string> told = [];
        Recorder readings = new();
        await using SensorHost host = new(
            new SensorConfiguration
            {
                Sensors = [sensor],
                Actuators =
                [
                    new ActuatorDefinition { Name = "pump", Bus = bus, Modbus = coil, Timeout = TimeSpan.FromMinutes(1) },
                    new ActuatorDefinition { Name = "valve", Bus = bus, Modbus = coil with { IsCoil = false, Address = 40, On = 500, Off = 20 }, SafeState = true },
                    new ActuatorDefinition { Name = "none", Bus = bus, Modbus = coil with { Address = 99 } },
                ],
            },
            readings, time, _ => BusWorker.Inline());
        host.Actuators.Changed = (name, state, why) => told.Add($"{name} {(state ? "on" : "off")} {why}");
        host.Actuators.Failed = (name, fault) => told.Add($"{name}: {fault.Message}");
        host.Start();
        Assert.Equal(["pump off start", "valve on start", $"none: {bus} unit 255 coil 99: exception 2: illegal data address: it has no such register"], told);
        Read(500);
        Assert.Equal(ActuatorResult.Done, host.Actuators.Set("pump", true, out _));
        Assert.Equal(ActuatorResult.Done, host.Actuators.Set("valve", false, out _));
        Assert.Equal(ActuatorResult.Failed, host.Actuators.Set("none", true, out string reason));
        Assert.Contains("illegal data address", reason, StringComparison.Ordinal);
        Read(20);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("pump off time-out", told[^1]);

        // The device restarts with states of its own: coil 4 is set, register 40 is 0.
        server.Dispose();
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(host.Actuators.IsOn("pump"));
        using (ModbusServer.Start("tcp", $"{port}"))
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(["pump off can be set again", "valve on can be set again"], told.Where(line => !line.StartsWith("none", StringComparison.Ordinal)).TakeLast(2));
            Read(500);
            output.WriteLine(string.Join("\n", told));
        }

        void Read(double value)
        {
            host.Sampler.Trigger(host.Sampler.Sensors[0]);
            Assert.Equal(value, readings.Values[^1]);
        }
    }

    [Fact]
    public void Rtu_over_a_pseudo_terminal_against_an_independent_server()
    {
        if (!ModbusServer.IsPossible)
        {
            output.WriteLine("skipped: no libmodbus (apt-get install libmodbus-dev)");
            return;
        }

        // Two pseudo-terminals, back to back, are a cable.
        using PseudoTerminal ours = new();
        using PseudoTerminal theirs = new();
        using Cable cable = new(ours, theirs);
        using ModbusServer server = ModbusServer.Start("rtu", theirs.Path);
        using ModbusRtu transport = new(new SerialLine(ours.Path, new SerialSettings(9600, 'N', 8, 1)), Patience, TimeProvider.System);
        Converse(transport, 17);

        // A damaged answer is found by its checksum.
        cable.DamageByte(4);
        Assert.Equal(FaultReason.Crc, Assert.Throws<SensorException>(() => transport.Exchange(17, ModbusPdu.Read(ModbusTable.Holding, 0, 1))).Reason);
        Assert.Equal("031234", Hex(transport.Exchange(17, ModbusPdu.Read(ModbusTable.Holding, 0, 1))).Remove(2, 2));

        // A unit that nobody has does not answer. Last, since libmodbus then takes what comes next for that unit's answer.
        using ModbusRtu hasty = new(new SerialLine(ours.Path, new SerialSettings(9600, 'N', 8, 1)), TimeSpan.FromMilliseconds(200), TimeProvider.System);
        Assert.Equal(FaultReason.Timeout, Assert.Throws<SensorException>(() => hasty.Exchange(3, ModbusPdu.Read(ModbusTable.Holding, 0, 1))).Reason);
        output.WriteLine("Modbus RTU over pseudo-terminals against libmodbus: reads, writes, exceptions, silence, a damaged answer");
    }

    [Fact]
    public void Lines_of_text_from_a_serial_port()
    {
        using PseudoTerminal terminal = new();
        using FileStream far = terminal.Open();
        TestSettings settings = new(("fields", "temperature=°C, humidity=%"), ("timeout_s", "5"));
        using SensorDriver driver = SerialLineDriver.Kind.Create(new DriverSetup { Bus = terminal.Path, Settings = settings });
        Assert.Empty(settings.Errors);
        Assert.Equal([("temperature", 21.5), ("humidity", 40.2)], Line("9.9\n21.5, 40.2\r\n"));
        Assert.Equal([("temperature", -3), ("humidity", 55)], Line("rest\nhumidity=55;temperature=-3\n"));
        Assert.Throws<SensorException>(() => Line("x\ngarbage\n"));

        (string, double)[] Line(string text)
        {
            driver.Begin();
            far.Write(System.Text.Encoding.ASCII.GetBytes(text));
            Stopwatch watch = Stopwatch.StartNew();
            while (driver.Continue() is not null)
            {
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20));
                Thread.Yield();
            }

            List<Measurement> measured = [];
            driver.Read(measured);
            return [.. measured.Select(measurement => (measurement.Metric, measurement.Value))];
        }
    }

    private static void Converse(ModbusTransport transport, byte unit)
    {
        Assert.Equal("1234", Ask(transport, unit, ModbusPdu.Read(ModbusTable.Holding, 0, 1)));
        Assert.Equal("41ac0000", Ask(transport, unit, ModbusPdu.Read(ModbusTable.Holding, 10, 2)));
        Assert.Equal("0309", Ask(transport, unit, ModbusPdu.Read(ModbusTable.Input, 5, 1)));
        Assert.Equal("5505", Ask(transport, unit, ModbusPdu.Read(ModbusTable.Coil, 0, 12)));
        Assert.Equal("", Ask(transport, unit, ModbusPdu.Write(30, [4711])));
        Assert.Equal("", Ask(transport, unit, ModbusPdu.Write(31, [1, 2, 3])));
        Assert.Equal("1267000100020003", Ask(transport, unit, ModbusPdu.Read(ModbusTable.Holding, 30, 4)));
        Assert.Equal("", Ask(transport, unit, ModbusPdu.Write(1, coil: true)));
        Assert.Equal("07", Ask(transport, unit, ModbusPdu.Read(ModbusTable.Coil, 0, 4)));
        SensorException e = Assert.Throws<SensorException>(() => Ask(transport, unit, ModbusPdu.Read(ModbusTable.Holding, 99, 2)));
        Assert.Equal(FaultReason.Device, e.Reason);
        Assert.Contains("illegal data address", e.Message, StringComparison.Ordinal);
    }

    private static string Ask(ModbusTransport transport, byte unit, byte[] request) =>
        Hex(ModbusPdu.Answer(request, transport.Exchange(unit, request), "server").ToArray());

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    private delegate void Damaging(Span<byte> bytes);

    /// <summary>Carries bytes between the nameless ends of two pseudo-terminals.</summary>
    private sealed class Cable : IDisposable
    {
        private readonly FileStream _a;
        private readonly FileStream _b;
        private int _untilDamage;

        public Cable(PseudoTerminal a, PseudoTerminal b)
        {
            _a = a.Open();
            _b = b.Open();
            new Thread(() => Carry(_a, _b, _ => { })) { IsBackground = true }.Start();
            new Thread(() => Carry(_b, _a, Damage)) { IsBackground = true }.Start();
        }

        /// <summary>Flips a bit of one of the bytes that come next towards us.</summary>
        public void DamageByte(int number) => Volatile.Write(ref _untilDamage, number + 1);

        public void Dispose()
        {
            _a.Dispose();
            _b.Dispose();
        }

        private void Damage(Span<byte> bytes)
        {
            foreach (ref byte value in bytes)
            {
                if (_untilDamage > 0 && --_untilDamage == 0)
                {
                    value ^= 0x40;
                }
            }
        }

        private static void Carry(FileStream from, FileStream to, Damaging damage)
        {
            byte[] buffer = new byte[512];
            try
            {
                while (true)
                {
                    int count = from.Read(buffer);
                    damage(buffer.AsSpan(0, count));
                    to.Write(buffer, 0, count);
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // The end of the test.
            }
        }
    }
}
