using Sluice.Sensors.Drivers.Ads1115;
using Sluice.Sensors.Drivers.Aht20;
using Sluice.Sensors.Drivers.Bh1750;
using Sluice.Sensors.Drivers.Bme280;
using Sluice.Sensors.Drivers.Htu21d;
using Sluice.Sensors.Drivers.Ina219;
using Sluice.Sensors.Drivers.Max31865;
using Sluice.Sensors.Drivers.Mcp23017;
using Sluice.Sensors.Drivers.Mcp3008;
using Sluice.Sensors.Drivers.Mcp9808;
using Sluice.Sensors.Drivers.Mlx90614;
using Sluice.Sensors.Drivers.Pcf8574;
using Sluice.Sensors.Drivers.Scd4x;
using Sluice.Sensors.Drivers.Sht3x;
using Sluice.Sensors.Drivers.Sht4x;
using Sluice.Sensors.Drivers.Vl53l0x;
using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Tests.Drivers;

/// <summary>Each driver with bytes and values of its data sheet, or computed by hand from its formulas; the source is named.</summary>
public sealed class DataSheetTests
{
    /// <summary>
    /// Trimming values and raw temperature and pressure of the example in BST-BMP280-DS001, section 3.12: 25.08 °C, 100653.27 Pa.
    /// Humidity: H1 = 75, H2 = 370, H3 = 0, H4 = 313, H5 = 50, H6 = 30 and raw 0x6DBF = 28095, for which the 32-bit formula of
    /// BST-BME280-DS002, section 4.2.3, evaluated apart (Python integers), gives 46455/1024 %, which the kernel's bmp280 driver
    /// shows as 46455 * 1000 / 1024 = 45366 thousandths.
    /// </summary>
    [Fact]
    public void Bme280_gives_the_digits_of_the_kernels_driver()
    {
        TranscriptBus bus = new(
            ("d0", "60"),
            ("88", "706b436718fc7d8e43d6d00b270b8c00f9ff8c3cf8c67017004b"),
            ("e1", "7201001329031e"),
            ("f3", "00"),
            ("f7", "655ac07eed006dbf"));
        Dictionary<string, double> values = Bench.Measure(Bench.Make(Bme280Driver.Bme280, bus));
        Assert.Equal(25.080, Math.Round(values["temperature"], 3));
        Assert.Equal(100.653, Math.Round(values["pressure"] / 10, 3));
        Assert.Equal(45.366, Math.Round(values["humidity"], 3));
        Assert.Equal(1006.5327, values["pressure"], 0.0002);

        // Humidity's oversampling before the measurement's start, once each, forced mode.
        Assert.Equal(["f201", "f425"], bus.Written.Where(written => written.StartsWith('f') && written.Length == 4 && written != "f500"));
    }

    /// <summary>The same chip without humidity.</summary>
    [Fact]
    public void Bmp280_gives_the_example_of_its_data_sheet()
    {
        TranscriptBus bus = new(
            ("d0", "58"), ("88", "706b436718fc7d8e43d6d00b270b8c00f9ff8c3cf8c670170000"), ("f3", "00"), ("f7", "655ac07eed00"));
        Dictionary<string, double> values = Bench.Measure(Bench.Make(Bme280Driver.Bmp280, bus));
        Assert.Equal(25.08, values["temperature"]);
        Assert.Equal(1006.5327, values["pressure"], 0.0002);
        Assert.Equal(2, values.Count);
    }

    /// <summary>SHT3x-DIS, section 4.13: T = -45 + 175 S/65535, RH = 100 S/65535; 0xBEEF has checksum 0x92 (section 4.12): 85.50 °C, 74.58 %.</summary>
    [Fact]
    public void Sht3x_by_its_formulas()
    {
        Dictionary<string, double> values = Bench.Measure(Bench.Make(Sht3xDriver.Kind, new TranscriptBus(("2400", "beef92beef92"))));
        Assert.Equal(85.53, values["temperature"], 0.01);
        Assert.Equal(74.58, values["humidity"], 0.01);
    }

    /// <summary>SHT4x, section 4.6: T = -45 + 175 S/65535, RH = -6 + 125 S/65535, cropped to 0 and 100 %. 0x8000 (checksum 0xA2): 42.50 °C, 56.50 %.</summary>
    [Fact]
    public void Sht4x_by_its_formulas()
    {
        Dictionary<string, double> values = Bench.Measure(Bench.Make(Sht4xDriver.Kind, new TranscriptBus(("fd", "8000a28000a2"))));
        Assert.Equal(42.501, values["temperature"], 0.001);
        Assert.Equal(56.501, values["humidity"], 0.001);
        Assert.Equal(0, Bench.Measure(Bench.Make(Sht4xDriver.Kind, new TranscriptBus(("fd", "8000a2000081"))))["humidity"]);
    }

    /// <summary>AHT20, section 6: RH = S/2^20 * 100, T = S/2^20 * 200 - 50. Half of the range each: 50 %, 50 °C.</summary>
    [Fact]
    public void Aht20_by_its_formulas()
    {
        byte crc = Crc8.Sensirion([0x18, 0x80, 0x00, 0x08, 0x00, 0x00]);
        Dictionary<string, double> values = Bench.Measure(Bench.Make(
            Aht20Driver.Kind, new TranscriptBus(("71", "18"), ("ac3300", $"188000080000{crc:x2}"))));
        Assert.Equal(50, values["humidity"]);
        Assert.Equal(50, values["temperature"]);
    }

    /// <summary>BH1750FVI, "measurement sequence example": high byte 10000011, low byte 10010000: 33680 / 1.2 = 28067 lx.</summary>
    [Fact]
    public void Bh1750_gives_the_example_of_its_data_sheet() =>
        Assert.Equal(28067, Math.Round(Bench.Measure(Bench.Make(Bh1750Driver.Kind, new TranscriptBus(("20", "8390"))))["illuminance"]));

    /// <summary>HTU21D, HPC199, "conversion of signal outputs": 0x683A is 24.7 °C and 0x4E85 is 32.3 %; checksums 0x7C and 0x6B.</summary>
    [Fact]
    public void Htu21d_gives_the_examples_of_its_data_sheet()
    {
        Assert.Equal(0x79, Crc8.Htu21d([0xDC]));
        Assert.Equal(0x7C, Crc8.Htu21d([0x68, 0x3A]));
        Assert.Equal(0x6B, Crc8.Htu21d([0x4E, 0x85]));

        // The examples' status bits are those of humidity, so temperature's are cleared here: it is less by 1/187 °C.
        byte crc = Crc8.Htu21d([0x68, 0x38]);
        byte humidityCrc = Crc8.Htu21d([0x4E, 0x86]);
        Dictionary<string, double> values = Bench.Measure(Bench.Make(
            Htu21dDriver.Kind, new TranscriptBus(("f3", $"6838{crc:x2}"), ("f5", $"4e86{humidityCrc:x2}"))));
        Assert.Equal(24.7, Math.Round(values["temperature"], 1));
        Assert.Equal(32.3, Math.Round(values["humidity"], 1));
    }

    /// <summary>SCD4x, section 3.5.2 (read_measurement): 0x01F4 33, 0x6667 A2, 0x5EB9 3C are 500 ppm, 25 °C, 37 %.</summary>
    [Fact]
    public void Scd4x_gives_the_example_of_its_data_sheet()
    {
        Dictionary<string, double> values = Bench.Measure(Bench.Make(
            Scd4xDriver.Kind, new TranscriptBus(("e4b8", $"8006{Crc8.Sensirion([0x80, 0x06]):x2}"), ("ec05", "01f4336667a25eb93c"))));
        Assert.Equal(500, values["co2"]);
        Assert.Equal(25, values["temperature"], 0.01);
        Assert.Equal(37, values["humidity"], 0.01);
    }

    /// <summary>ADS1115, SBAS444, table "input signal versus ideal output code": 0x4000 is half of the positive range; one bit is 125 uV at ±4.096 V.</summary>
    [Theory]
    [InlineData("4.096", "4000", 2.048)]
    [InlineData("4.096", "0001", 0.000125)]
    [InlineData("6.144", "0001", 0.0001875)]
    [InlineData("0.256", "ffff", -0.0000078125)]
    public void Ads1115_by_the_table_of_its_data_sheet(string range, string raw, double volts)
    {
        // Input 0 against ground, single shot, 128 a second, comparator off; then read back with the conversion done.
        int pga = range switch { "6.144" => 0, "4.096" => 1, _ => 5 };
        string done = $"{0xC183 | (pga << 9):x4}";
        TranscriptBus bus = new(("01", done), ("00", raw), ("02", "8010"));
        Assert.Equal(volts, Bench.Measure(Bench.Make(Ads1115Driver.Kind, bus, ("range", range)))["voltage"], 1e-12);
        Assert.Equal(["028010", "01" + done], bus.Written.Take(2));
    }

    /// <summary>MCP3008, DS21295, equation 4-1: code = 1024 V / Vref; 512 of 3.3 V is 1.65 V. Figure 6-1 for the bits on the line.</summary>
    [Fact]
    public void Mcp3008_by_the_formula_of_its_data_sheet()
    {
        TranscriptSpi device = new(("01d000", "fffa00"));
        Assert.Equal(1.65, Bench.Measure(Bench.Make(Mcp3008Driver.Kind, device, ("input", "5")))["voltage"], 1e-12);
    }

    /// <summary>
    /// INA219, SBOS448, section 8.5 and figure 27 (15 A, 2 milliohms): bus voltage 0x5D98 is 11.98 V. The steps here are 460 uA, so
    /// calibration is trunc(0.04096 / (460e-6 * 0.002)) = 44521, of which bit 0 is dropped: 44520; for a shunt voltage of 20 mV the
    /// device computes 2000 * 44520 / 4096 = 21738 steps: 9.99948 A; power 21738 * 2995 / 5000 = 13021 steps of 9.2 mW: 119.7932 W.
    /// </summary>
    [Fact]
    public void Ina219_gives_the_application_of_its_data_sheet()
    {
        TranscriptBus bus = new(("02", "5d9a"), ("05", $"{44520:x4}"), ("04", $"{21738:x4}"), ("03", $"{13021:x4}"));
        Dictionary<string, double> values = Bench.Measure(Bench.Make(Ina219Driver.Kind, bus, ("shunt", "0.002"), ("max_current", "15")));
        Assert.Equal(11.98, values["voltage"], 1e-9);
        Assert.Equal(9.99948, values["current"], 1e-6);
        Assert.Equal(119.7932, values["power"], 1e-4);
        Assert.Contains($"05{44520:x4}", bus.Written);
    }

    /// <summary>MCP9808, DS25095, section 5.1.3.1, equation 5-1, and the example of reading 25.25 °C: upper byte 1, lower byte 0x94.</summary>
    [Theory]
    [InlineData("c194", 25.25)]
    [InlineData("0190", 25)]
    [InlineData("1fff", -0.0625)]
    [InlineData("1e70", -25)]
    public void Mcp9808_by_the_equation_of_its_data_sheet(string raw, double celsius)
    {
        TranscriptBus bus = new(("06", "0054"), ("05", raw), ("02", "07d0"));
        Assert.Equal(celsius, Bench.Measure(Bench.Make(Mcp9808Driver.Kind, bus))["temperature"]);
    }

    /// <summary>MAX31865, 19-6478, table 9 (Pt100, reference 400 ohms): register values and temperatures, which are rounded to the converter's bit: 0.04 °C.</summary>
    [Theory]
    [InlineData(0x0BDA, -200)]
    [InlineData(0x2690, -100)]
    [InlineData(0x35EE, -40)]
    [InlineData(0x4000, 0)]
    [InlineData(0x4280, 10)]
    [InlineData(0x58A4, 100)]
    [InlineData(0x708C, 200)]
    [InlineData(0x7C3A, 250)]
    public void Max31865_gives_the_table_of_its_data_sheet(int register, double celsius)
    {
        TranscriptSpi device = new(("000000000000000000", $"ff81{register:x4}ffff000000"));
        Assert.Equal(celsius, Bench.Measure(Bench.Make(Max31865Driver.Kind, device, ("reference", "400")))["temperature"], 0.04);
    }

    /// <summary>IEC 60751, table 1: the resistance of a Pt100 in ohms.</summary>
    [Theory]
    [InlineData(-200, 18.52)]
    [InlineData(-50, 80.31)]
    [InlineData(0, 100)]
    [InlineData(100, 138.51)]
    [InlineData(600, 313.71)]
    [InlineData(850, 390.48)]
    public void Platinum_by_the_standards_table(double celsius, double ohms)
    {
        Assert.Equal(ohms, 100 * PlatinumResistor.Ratio(celsius), 0.006);
        Assert.Equal(celsius, PlatinumResistor.Temperature(PlatinumResistor.Ratio(celsius)), 1e-6);
    }

    /// <summary>VL53L0X: ST's API (STSW-IMG005) takes the range from the result block at 0x14, bytes 10 and 11, in millimetres, and 11 as "range complete".</summary>
    [Fact]
    public void Vl53l0x_by_the_result_block_of_STs_api()
    {
        TranscriptBus bus = new(("c0", "ee"), ("91", "3c"), ("84", "11"), ("13", "04"), ("14", "5800000000000000000004d2"));
        Assert.Equal(1.234, Bench.Measure(Bench.Make(Vl53l0xDriver.Kind, bus))["distance"]);

        // The stop variable is written back before a ranging starts.
        Assert.Contains("913c", bus.Written);
    }

    /// <summary>PCF8574, SCPS068, section 8: one bit a pin, P7 first; pins are inputs after 1 was written.</summary>
    [Fact]
    public void Pcf8574_reads_its_pins()
    {
        TranscriptBus bus = new(("ff", "a1"));
        Dictionary<string, double> values = Bench.Measure(Bench.Make(Pcf8574Driver.Kind, bus, ("pins", "0, 4-5, 7")));
        Assert.Equal([("pin0", 1.0), ("pin4", 0.0), ("pin5", 1.0), ("pin7", 1.0)], values.Select(pair => (pair.Key, pair.Value)));
    }

    /// <summary>MCP23017, DS20001952, table 3-1: GPIOA at 0x12, GPIOB at 0x13, pull-ups at 0x0C, directions at 0x00.</summary>
    [Fact]
    public void Mcp23017_reads_its_ports()
    {
        TranscriptBus bus = new(("06", "5aa5"), ("12", "0280"));
        Dictionary<string, double> values = Bench.Measure(Bench.Make(Mcp23017Driver.Kind, bus, ("pins", "1-2, 15")));
        Assert.Equal([("a1", 1.0), ("a2", 0.0), ("b7", 1.0)], values.Select(pair => (pair.Key, pair.Value)));
        Assert.Equal(["00ffff", "020000", "0cffff", "065aa5"], bus.Written.Take(4));
    }

    /// <summary>
    /// MLX90614, 3901090614, section 8.4.6: 0x27AD is -70.01 °C and 0x7FFF is 382.19 °C; 0x3AD2 with its packet error code 0x30 is the
    /// example of section 8.4.3: 15058 * 0.02 K = 301.16 K = 28.01 °C. The other codes were computed apart, bit by bit.
    /// </summary>
    [Theory]
    [InlineData("d23a30", 28.01)]
    [InlineData("ad27", -70.01)]
    [InlineData("ff7f", 382.19)]
    public void Mlx90614_by_the_examples_of_its_data_sheet(string answer, double celsius)
    {
        byte[] bytes = Convert.FromHexString(answer);
        string code = bytes.Length == 3 ? "" : $"{Crc8.SmBus([0xB4, 0x07, 0xB5, bytes[0], bytes[1]]):x2}";
        TranscriptBus bus = new(("07", answer + code), ("06", $"d23a{Crc8.SmBus([0xB4, 0x06, 0xB5, 0xD2, 0x3A]):x2}"));
        Dictionary<string, double> values = Bench.Measure(Bench.Make(Mlx90614Driver.Kind, bus));
        Assert.Equal(celsius, values["temperature"], 1e-9);
        Assert.Equal(28.01, values["ambient"], 1e-9);
    }

    /// <summary>SMBus 3.2, section 6.4.1.2, CRC-8 with x^8+x^2+x+1; the check value of "123456789" in the catalogue of CRC algorithms is 0xF4.</summary>
    [Fact]
    public void Packet_error_codes()
    {
        Assert.Equal(0xF4, Crc8.SmBus("123456789"u8));
        Assert.Equal(0x92, Crc8.Sensirion([0xBE, 0xEF]));
        byte right = Crc8.SmBus([0x5A << 1, 0x07, (0x5A << 1) | 1, 0x34, 0x3A]);
        Assert.Equal(0x3A34, new I2cDevice(new TranscriptBus(("07", $"343a{right:x2}")), 0x5A).ReadWordWithPec(0x07));
        SensorException e = Assert.Throws<SensorException>(
            () => new I2cDevice(new TranscriptBus(("07", $"343b{right:x2}")), 0x5A).ReadWordWithPec(0x07));
        Assert.Equal(FaultReason.Crc, e.Reason);
        TranscriptBus written = new();
        new I2cDevice(written, 0x5A).WriteWordWithPec(0x2E, 0x1234);
        Assert.Equal([$"2e3412{Crc8.SmBus([0xB4, 0x2E, 0x34, 0x12]):x2}"], written.Written);
    }
}
