using System.Buffers.Binary;
using System.Globalization;

namespace Sluice.Sensors.Iio;

/// <summary>
/// One channel of a buffer's records: <c>[be|le]:[s|u]bits/storage[>>shift]</c>
/// (Documentation/ABI/testing/sysfs-bus-iio, scan_elements; Documentation/driver-api/iio/buffers).
/// </summary>
/// <param name="Name">The channel, <c>accel_x</c>.</param>
/// <param name="Index">Its place in the record.</param>
/// <param name="IsBigEndian">The order of its bytes.</param>
/// <param name="IsSigned">Whether the highest of its bits is a sign.</param>
/// <param name="Bits">How many bits are of the value.</param>
/// <param name="StorageBytes">How many bytes it takes, to a multiple of which it is aligned.</param>
/// <param name="Shift">How many bits lie below the value.</param>
internal sealed record IioScanElement(string Name, int Index, bool IsBigEndian, bool IsSigned, int Bits, int StorageBytes, int Shift)
{
    public static IioScanElement Parse(string name, int index, string type)
    {
        // "le:s12/16>>4"
        string[] parts = type.Split([":", "/", ">>"], StringSplitOptions.None);
        bool ok = parts.Length is 3 or 4 && parts[0] is "le" or "be" && parts[1].Length > 1 && parts[1][0] is 's' or 'u';
        int bits = 0;
        int storage = 0;
        int shift = 0;
        ok = ok && TryNumber(parts[1].AsSpan(1), out bits) && TryNumber(parts[2], out storage) && (parts.Length == 3 || TryNumber(parts[3], out shift));
        return ok && storage is 8 or 16 or 32 or 64 && bits is > 0 and <= 64 && bits + shift <= storage
            ? new IioScanElement(name, index, parts[0] == "be", parts[1][0] == 's', bits, storage / 8, shift)
            : throw new SensorException(FaultReason.Io, $"channel {name} has the type \"{type}\", which is not understood");
    }

    /// <summary>The raw value, exact to 53 bits.</summary>
    public long Decode(ReadOnlySpan<byte> bytes)
    {
        ulong raw = (StorageBytes, IsBigEndian) switch
        {
            (1, _) => bytes[0],
            (2, true) => BinaryPrimitives.ReadUInt16BigEndian(bytes),
            (2, false) => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            (4, true) => BinaryPrimitives.ReadUInt32BigEndian(bytes),
            (4, false) => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            (_, true) => BinaryPrimitives.ReadUInt64BigEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        };
        int above = 64 - Bits;
        ulong value = raw >> Shift << above;
        return IsSigned ? (long)value >> above : (long)(value >> above);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

/// <summary>How the records of a buffer lie: channels by their index, each aligned to its size, the whole to the largest.</summary>
internal sealed class IioScanLayout
{
    public IioScanLayout(IEnumerable<IioScanElement> elements)
    {
        int offset = 0;
        int largest = 1;
        List<(IioScanElement, int)> placed = [];
        foreach (IioScanElement element in elements.OrderBy(element => element.Index))
        {
            offset = Align(offset, element.StorageBytes);
            placed.Add((element, offset));
            offset += element.StorageBytes;
            largest = Math.Max(largest, element.StorageBytes);
        }

        Elements = placed;
        RecordBytes = Align(offset, largest);
    }

    /// <summary>The channels with where they begin in a record.</summary>
    public IReadOnlyList<(IioScanElement Element, int Offset)> Elements { get; }

    public int RecordBytes { get; }

    private static int Align(int offset, int size) => (offset + size - 1) / size * size;
}
