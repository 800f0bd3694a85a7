using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Sluice.Sensors.Kernel;
using Xunit.Abstractions;

namespace Sluice.Sensors.Tests.Kernel;

/// <summary>
/// The kernel's structures and request numbers, checked against its headers by the C compiler: a program of static assertions,
/// one for each size, offset and number that the code uses.
/// </summary>
public sealed class LayoutTests(ITestOutputHelper output)
{
    [Fact]
    public void Structures_and_numbers_are_those_of_the_headers_on_this_machine() => Check("gcc");

    [Fact]
    public void Structures_and_numbers_are_those_of_the_headers_on_arm64()
    {
        if (!IsThere("aarch64-linux-gnu-gcc"))
        {
            output.WriteLine("skipped: no aarch64-linux-gnu-gcc (apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross)");
            return;
        }

        Check("aarch64-linux-gnu-gcc");
    }

    [Fact]
    public void A_wrong_number_is_found()
    {
        if (IsThere("gcc"))
        {
            (int code, string errors) = Compile("gcc", [("sizeof(struct gpio_v2_line_request)", 593)]);
            Assert.NotEqual(0, code);
            Assert.Contains("gpio_v2_line_request", errors, StringComparison.Ordinal);
        }
    }

    private void Check(string compiler)
    {
        Assert.True(IsThere(compiler), $"{compiler} is missing");
        List<(string Expression, ulong Value)> expected = [.. Expected()];
        (int code, string errors) = Compile(compiler, expected);
        Assert.True(code == 0, errors);
        output.WriteLine($"{compiler}: {expected.Count} sizes, offsets and request numbers are those of the headers");
    }

    private static IEnumerable<(string Expression, ulong Value)> Expected()
    {
        List<(string, ulong)> all =
        [
            ("GPIO_GET_CHIPINFO_IOCTL", GpioAbi.GetChipInfo),
            ("GPIO_V2_GET_LINEINFO_IOCTL", GpioAbi.GetLineInfo),
            ("GPIO_V2_GET_LINE_IOCTL", GpioAbi.GetLine),
            ("GPIO_V2_LINE_GET_VALUES_IOCTL", GpioAbi.GetValues),
            ("GPIO_V2_LINE_SET_VALUES_IOCTL", GpioAbi.SetValues),
            ("GPIO_V2_LINES_MAX", GpioAbi.MaximumLines),
            ("GPIO_V2_LINE_NUM_ATTRS_MAX", GpioAbi.MaximumAttributes),
            ("GPIO_V2_LINE_EVENT_RISING_EDGE", GpioAbi.RisingEdge),
            ("I2C_RETRIES", I2cAbi.Retries), ("I2C_TIMEOUT", I2cAbi.Timeout), ("I2C_SLAVE", I2cAbi.Slave),
            ("I2C_FUNCS", I2cAbi.Functions), ("I2C_RDWR", I2cAbi.ReadWrite), ("I2C_SMBUS", I2cAbi.SmBus),
            ("I2C_M_RD", I2cAbi.MessageRead), ("I2C_FUNC_I2C", I2cAbi.FunctionI2c), ("I2C_FUNC_SMBUS_QUICK", I2cAbi.FunctionQuick),
            ("I2C_SMBUS_QUICK", I2cAbi.SizeQuick), ("I2C_SMBUS_BYTE", I2cAbi.SizeByte),
            ("I2C_SMBUS_READ", I2cAbi.SmBusRead), ("I2C_SMBUS_WRITE", I2cAbi.SmBusWrite),
            ("SPI_IOC_MESSAGE(1)", SpiAbi.Message), ("SPI_IOC_WR_MODE", SpiAbi.WriteMode),
            ("SPI_IOC_WR_BITS_PER_WORD", SpiAbi.WriteBitsPerWord), ("SPI_IOC_WR_MAX_SPEED_HZ", SpiAbi.WriteMaximumSpeed),
            ("TCGETS2", TerminalAbi.Get), ("TCSETS2", TerminalAbi.Set), ("TCFLSH", TerminalAbi.Flush), ("TCIOFLUSH", TerminalAbi.FlushBoth),
            ("CBAUD", TerminalAbi.Speed), ("BOTHER", TerminalAbi.OtherSpeed), ("CSIZE", TerminalAbi.SizeMask), ("CS7", TerminalAbi.Size7),
            ("CS8", TerminalAbi.Size8), ("CSTOPB", TerminalAbi.TwoStopBits), ("CREAD", TerminalAbi.Receive), ("PARENB", TerminalAbi.Parity),
            ("PARODD", TerminalAbi.OddParity), ("CLOCAL", TerminalAbi.Local),
            ("O_RDWR", Libc.ReadWrite), ("O_NOCTTY", Libc.NoControllingTerminal), ("O_NONBLOCK", Libc.NonBlocking), ("O_CLOEXEC", Libc.CloseOnExec),
            ("POLLIN", (ulong)Libc.PollIn), ("POLLOUT", (ulong)Libc.PollOut), ("POLLERR", (ulong)Libc.PollError), ("POLLHUP", (ulong)Libc.PollHangUp),
        ];
        foreach ((string name, GpioAbi.LineFlags flag) in new (string, GpioAbi.LineFlags)[]
        {
            ("USED", GpioAbi.LineFlags.Used), ("ACTIVE_LOW", GpioAbi.LineFlags.ActiveLow), ("INPUT", GpioAbi.LineFlags.Input),
            ("OUTPUT", GpioAbi.LineFlags.Output), ("EDGE_RISING", GpioAbi.LineFlags.EdgeRising), ("EDGE_FALLING", GpioAbi.LineFlags.EdgeFalling),
            ("OPEN_DRAIN", GpioAbi.LineFlags.OpenDrain), ("OPEN_SOURCE", GpioAbi.LineFlags.OpenSource), ("BIAS_PULL_UP", GpioAbi.LineFlags.BiasPullUp),
            ("BIAS_PULL_DOWN", GpioAbi.LineFlags.BiasPullDown), ("BIAS_DISABLED", GpioAbi.LineFlags.BiasDisabled),
            ("EVENT_CLOCK_REALTIME", GpioAbi.LineFlags.EventClockRealtime),
        })
        {
            all.Add(($"GPIO_V2_LINE_FLAG_{name}", (ulong)flag));
        }

        all.Add(("GPIO_V2_LINE_ATTR_ID_FLAGS", (ulong)GpioAbi.AttributeId.Flags));
        all.Add(("GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES", (ulong)GpioAbi.AttributeId.OutputValues));
        all.Add(("GPIO_V2_LINE_ATTR_ID_DEBOUNCE", (ulong)GpioAbi.AttributeId.Debounce));

        all.AddRange(Struct<GpioAbi.ChipInfo>("struct gpiochip_info", ("Name", "name"), ("Label", "label"), ("Lines", "lines")));
        all.AddRange(Struct<GpioAbi.LineValues>("struct gpio_v2_line_values", ("Bits", "bits"), ("Mask", "mask")));
        all.AddRange(Struct<GpioAbi.LineAttribute>("struct gpio_v2_line_attribute", ("Id", "id"), ("Value", "values"), ("DebounceUs", "debounce_period_us")));
        all.AddRange(Struct<GpioAbi.LineConfigAttribute>("struct gpio_v2_line_config_attribute", ("Attribute", "attr"), ("Mask", "mask")));
        all.AddRange(Struct<GpioAbi.LineConfig>("struct gpio_v2_line_config", ("Flags", "flags"), ("AttributeCount", "num_attrs"), ("Attributes", "attrs")));
        all.AddRange(Struct<GpioAbi.LineRequest>("struct gpio_v2_line_request", ("Offsets", "offsets"), ("Consumer", "consumer"), ("Config", "config"), ("LineCount", "num_lines"), ("EventBufferSize", "event_buffer_size"), ("File", "fd")));
        all.AddRange(Struct<GpioAbi.LineInfo>("struct gpio_v2_line_info", ("Name", "name"), ("Consumer", "consumer"), ("Offset", "offset"), ("AttributeCount", "num_attrs"), ("Flags", "flags"), ("Attributes", "attrs")));
        all.AddRange(Struct<GpioAbi.LineEvent>("struct gpio_v2_line_event", ("TimestampNs", "timestamp_ns"), ("Id", "id"), ("Offset", "offset"), ("Sequence", "seqno"), ("LineSequence", "line_seqno")));
        all.AddRange(Struct<I2cAbi.Message>("struct i2c_msg", ("Address", "addr"), ("Flags", "flags"), ("Length", "len"), ("Buffer", "buf")));
        all.AddRange(Struct<I2cAbi.Transfer>("struct i2c_rdwr_ioctl_data", ("Messages", "msgs"), ("Count", "nmsgs")));
        all.AddRange(Struct<I2cAbi.SmBusCall>("struct i2c_smbus_ioctl_data", ("ReadWrite", "read_write"), ("Command", "command"), ("Size", "size"), ("Data", "data")));
        all.AddRange(Struct<SpiAbi.Transfer>(
            "struct spi_ioc_transfer", ("WriteBuffer", "tx_buf"), ("ReadBuffer", "rx_buf"), ("Length", "len"), ("SpeedHz", "speed_hz"), ("DelayUs", "delay_usecs"),
            ("BitsPerWord", "bits_per_word"), ("ChipSelectChange", "cs_change"), ("WriteLines", "tx_nbits"), ("ReadLines", "rx_nbits"), ("WordDelayUs", "word_delay_usecs")));
        all.AddRange(Struct<TerminalAbi.Settings>(
            "struct termios2", ("Input", "c_iflag"), ("Output", "c_oflag"), ("Control", "c_cflag"), ("LocalModes", "c_lflag"), ("Line", "c_line"),
            ("Characters", "c_cc"), ("InputSpeed", "c_ispeed"), ("OutputSpeed", "c_ospeed")));
        all.AddRange(Struct<PollEntry>("struct pollfd", ("File", "fd"), ("Events", "events"), ("Results", "revents")));
        return all;
    }

    private static IEnumerable<(string, ulong)> Struct<T>(string name, params (string Ours, string Theirs)[] fields)
        where T : unmanaged
    {
        yield return ($"sizeof({name})", (ulong)Unsafe.SizeOf<T>());
        foreach ((string ours, string theirs) in fields)
        {
            yield return ($"__builtin_offsetof({name}, {theirs})", (ulong)Marshal.OffsetOf<T>(ours));
        }
    }

    private static (int Code, string Errors) Compile(string compiler, IEnumerable<(string Expression, ulong Value)> expected)
    {
        StringBuilder program = new("""
            #include <linux/gpio.h>
            #include <linux/i2c.h>
            #include <linux/i2c-dev.h>
            #include <linux/spi/spidev.h>
            #include <asm/termbits.h>
            #include <asm/ioctls.h>
            #include <fcntl.h>
            #include <poll.h>

            """);
        foreach ((string expression, ulong value) in expected)
        {
            program.Append($"_Static_assert((unsigned long long)({expression}) == {value}ull, \"{expression.Replace("\"", "", StringComparison.Ordinal)} is not {value}\");\n");
        }

        ProcessStartInfo start = new(compiler, ["-x", "c", "-std=gnu11", "-fsyntax-only", "-"])
        {
            RedirectStandardInput = true, RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(program);
        process.StandardInput.Close();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, errors);
    }

    private static bool IsThere(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
