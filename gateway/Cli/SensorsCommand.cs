using System.CommandLine;
using System.Globalization;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Hosting;
using Sluice.Sensors;
using Sluice.Sensors.Configuration;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.I2c;
using Sluice.Sensors.Sampling;
using Sluice.Sensors.Simulation;

namespace Sluice.Gateway.Cli;

/// <summary><c>sluice sensors</c>: what is connected to this machine, and what a configured sensor says.</summary>
internal static class SensorsCommand
{
    public static Command Create()
    {
        Command command = new("sensors", "Find the sensors of this machine, and read configured ones.");
        command.Subcommands.Add(CreateScan());
        command.Subcommands.Add(CreateRead());
        command.Subcommands.Add(CreateKinds());
        return command;
    }

    private static Command CreateScan()
    {
        Command command = new("scan", "List buses, chips and devices, and propose a configuration for what is known.");
        Option<string> sysfs = new("--sysfs") { Description = "Where sysfs is mounted.", HelpName = "FOLDER", DefaultValueFactory = _ => "/sys" };
        Option<bool> simulated = new("--simulated") { Description = "Scan a simulated machine, to see what it looks like." };
        command.Options.Add(sysfs);
        command.Options.Add(simulated);
        command.SetAction(arguments =>
        {
            TextWriter output = arguments.InvocationConfiguration.Output;
            if (!arguments.GetValue(simulated))
            {
                Print(new SensorScan(arguments.GetValue(sysfs)!, "/dev", path => new KernelI2cBus(path), path => new KernelGpioChip(path)), output);
                return ExitCode.Success;
            }

            string folder = Directory.CreateTempSubdirectory("sluice-simulated-").FullName;
            try
            {
                Print(Simulate(folder), output);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static Command CreateRead()
    {
        Command command = new("read", "Show what a configured sensor says, until Ctrl+C.");
        Argument<string> name = new("NAME") { Description = "The sensor's name, as sluice check lists it." };
        Option<int> count = new("--count", "-n") { Description = "End after so many readings, or when a read fails." };
        command.Arguments.Add(name);
        ConfigurationArguments configuration = new(command);
        command.Options.Add(count);
        command.SetAction((arguments, cancellation) =>
        {
            (GatewayOptions options, string source) = configuration.Load(arguments);
            string wanted = arguments.GetValue(name)!;
            SensorDefinition sensor = options.Sensors.Sensors.FirstOrDefault(sensor => sensor.Name == wanted)
                ?? throw new GatewayException(
                    $"{source} has no sensor {wanted}; it has {string.Join(", ", options.Sensors.Sensors.Select(sensor => sensor.Name))}");
            return ReadAsync(options.Sensors with { Sensors = [sensor], Actuators = [] }, arguments.GetValue(count), arguments.InvocationConfiguration.Output, cancellation);
        });
        return command;
    }

    private static Command CreateKinds()
    {
        Command command = new("kinds", "List the kinds of sensors that a configuration can name.");
        command.SetAction(arguments =>
        {
            foreach (DriverKind kind in DriverCatalog.All)
            {
                string addresses = kind.Addresses.Count == 0 ? "" : $"  address {string.Join(", ", kind.Addresses.Take(4).Select(address => $"0x{address:x2}"))}{(kind.Addresses.Count > 4 ? ", ..." : "")}";
                arguments.InvocationConfiguration.Output.WriteLine($"{kind.Name,-14} {kind.Bus.ToString().ToLowerInvariant(),-8} {kind.Summary}{addresses}");
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(SensorScan scan, TextWriter output)
    {
        List<string> proposals = [];
        string where = "";
        foreach (ScanFinding finding in scan.Run())
        {
            string line = finding.Where == where ? $"{"",-16} {finding.What}" : $"{finding.Where,-16} {finding.What}";
            where = finding.Where;
            output.WriteLine(line);
            if (finding.Proposal is { } proposal)
            {
                proposals.Add(proposal);
            }
        }

        if (where.Length == 0)
        {
            output.WriteLine("Nothing found. On a Raspberry Pi, raspi-config enables I2C, SPI and 1-Wire.");
        }

        if (proposals.Count > 0)
        {
            output.WriteLine();
            output.WriteLine("For your configuration; give devices their names:");
            output.WriteLine();
            output.WriteLine("sensors:");
            proposals.ForEach(proposal => output.WriteLine($"  - {proposal}"));
        }
    }

    private static async Task<int> ReadAsync(SensorConfiguration configuration, int count, TextWriter output, CancellationToken cancellation)
    {
        Printer printer = new(output, count);
        await using (SensorHost host = new(configuration, printer, TimeProvider.System))
        {
            host.Start();
            host.Sampler.Sensors.ToList().ForEach(host.Sampler.Trigger);
            try
            {
                await printer.Done.WaitAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                // Ctrl+C is how it ends.
            }
        }

        return printer.HasFailed ? ExitCode.Failed : ExitCode.Success;
    }

    /// <summary>A machine with a few of everything.</summary>
    private static SensorScan Simulate(string folder)
    {
        SimulatedTree tree = new(folder);
        tree.SetI2cBus(1, "bcm2835 (i2c@7e804000)");
        tree.SetDevice("spidev0.0");
        tree.SetDevice("gpiochip0");
        tree.SetOneWire("28-0316a2794d1f", 19.4375);
        tree.SetIio(0, "name", "hdc2010");
        tree.SetIio(0, "in_temp_raw", "24904");
        tree.SetIio(0, "in_humidityrelative_raw", "31200");
        tree.SetHwmon(0, "name", "rpi_volt");
        tree.SetHwmon(0, "in0_input", "5080");
        tree.SetThermal(0, "cpu-thermal", 47.2);
        SimulatedQuantities quantities = new(TimeProvider.System, 1);
        return new SensorScan(tree.Sysfs, tree.Dev, path =>
        {
            SimulatedI2cBus bus = new(path);
            foreach (string kind in (string[])["bh1750", "sht4x", "ads1115", "bme280"])
            {
                DriverKind known = DriverCatalog.Find(kind)!;
                bus.Attach(known.Addresses[0], known.SimulateI2c!(quantities));
            }

            return bus;
        }, path => new SimulatedGpioChip(path, 54));
    }

    private sealed class Printer(TextWriter output, int count) : ISensorOutput
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _gate = new();
        private int _written;

        public Task Done => _done.Task;

        public bool HasFailed { get; private set; }

        public void Write(SampledSensor sensor, IReadOnlyList<SensorReading> readings)
        {
            lock (_gate)
            {
                foreach (SensorReading reading in readings)
                {
                    if (count > 0 && _written == count)
                    {
                        break;
                    }

                    output.WriteLine(string.Create(
                        CultureInfo.InvariantCulture, $"{reading.Timestamp.ToLocalTime():HH:mm:ss.fff}  {reading.Metric,-16} {reading.Value,12:0.####} {reading.Unit}"));
                    _written++;
                }

                output.Flush();
                if (count > 0 && _written == count)
                {
                    _done.TrySetResult();
                }
            }
        }

        public void QualityChanged(SampledSensor sensor, SensorQuality quality, DateTimeOffset at)
        {
            lock (_gate)
            {
                HasFailed = quality != SensorQuality.Good;
                if (quality != SensorQuality.Good)
                {
                    SensorFault? fault = sensor.Statistics.LastFault;
                    output.WriteLine(string.Create(
                        CultureInfo.InvariantCulture, $"{at.ToLocalTime():HH:mm:ss.fff}  {quality.ToString().ToLowerInvariant()}: {(fault is null ? "no answer" : $"{SensorWords.Of(fault.Reason)}: {fault.Message}")}"));
                    output.Flush();
                    if (count > 0)
                    {
                        _done.TrySetResult();
                    }
                }
            }
        }
    }
}
