using System.Buffers.Binary;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers.Bme280;

/// <summary>
/// A BME280 or BMP280 with its register map. Its trimming values T1 to P9 are those of the data sheet's example (BST-BMP280-DS001,
/// section 3.12); those for humidity are of a common device.
/// </summary>
internal sealed class SimulatedBme280 : SimulatedRegisterDevice
{
    private readonly SimulatedQuantities _quantities;
    private readonly bool _hasHumidity;
    private readonly Bme280Calibration _calibration;

    public SimulatedBme280(SimulatedQuantities quantities, bool hasHumidity)
    {
        _quantities = quantities;
        _hasHumidity = hasHumidity;
        Reset();
        _calibration = new Bme280Calibration(Registers.AsSpan(0x88, Bme280Calibration.FirstBlock), Registers.AsSpan(0xE1, Bme280Calibration.SecondBlock));
    }

    public override void Reset()
    {
        Array.Clear(Registers);
        Registers[0xD0] = _hasHumidity ? (byte)0x60 : (byte)0x58;
        int at = 0x88;
        foreach (int value in (int[])[27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000])
        {
            BinaryPrimitives.WriteUInt16LittleEndian(Registers.AsSpan(at), (ushort)value);
            at += 2;
        }

        // H1 = 75, H2 = 370, H3 = 0, H4 = 313, H5 = 50, H6 = 30.
        Registers[0xA1] = 75;
        BinaryPrimitives.WriteInt16LittleEndian(Registers.AsSpan(0xE1), 370);
        Registers[0xE3] = 0;
        Registers[0xE4] = 313 >> 4;
        Registers[0xE5] = (313 & 0x0F) | ((50 & 0x0F) << 4);
        Registers[0xE6] = 50 >> 4;
        Registers[0xE7] = 30;
        SetResults(0x80000, 0x80000, 0x8000);
    }

    /// <summary>Puts raw values into the result registers.</summary>
    public void SetResults(int temperature, int pressure, int humidity)
    {
        Span<byte> results = Registers.AsSpan(0xF7);
        results[0] = (byte)(pressure >> 12);
        results[1] = (byte)(pressure >> 4);
        results[2] = (byte)(pressure << 4);
        results[3] = (byte)(temperature >> 12);
        results[4] = (byte)(temperature >> 4);
        results[5] = (byte)(temperature << 4);
        results[6] = (byte)(humidity >> 8);
        results[7] = (byte)humidity;
    }

    protected override void OnWrite(byte register, byte value)
    {
        if (register == 0xE0 && value == 0xB6)
        {
            Reset();
        }
        else if (register is 0xF2 or 0xF4 or 0xF5)
        {
            Registers[register] = value;
            if (register == 0xF4 && (value & 0b11) is 0b01 or 0b10)
            {
                Measure();
                Registers[register] = (byte)(value & ~0b11);
            }
        }
    }

    /// <summary>Looks for the raw values that compensate to what is there, which is unambiguous: each falls or rises throughout.</summary>
    private void Measure()
    {
        double celsius = _quantities["temperature"];
        int temperature = Search(20, raw => Bme280Calibration.Temperature(_calibration.Fine(raw)) >= celsius * 100);
        int fine = _calibration.Fine(temperature);
        double pascal = _quantities["pressure"] * 100;
        int pressure = Search(20, raw => _calibration.Pressure(raw, fine) <= pascal * 256);
        double percent = _quantities["humidity"];
        int humidity = Search(16, raw => _calibration.Humidity(raw, fine) >= percent * 1024);
        SetResults(temperature, pressure, humidity);
    }

    private static int Search(int bits, Func<int, bool> reached)
    {
        int value = 0;
        for (int bit = 1 << (bits - 1); bit > 0; bit >>= 1)
        {
            value += reached(value + bit - 1) ? 0 : bit;
        }

        return value;
    }
}
