using System.Buffers.Binary;
using System.Globalization;

namespace Sluice.Sensors.Modbus;

/// <summary>A value in a device's table: <c>voltage=3000 uint16 0.1 V</c>.</summary>
/// <param name="Metric">What it is called.</param>
/// <param name="Address">The register or coil as on the line, from 0; manuals that write 40001 mean holding register 0.</param>
/// <param name="Type">How registers make a number.</param>
/// <param name="Scale">What the number is multiplied with.</param>
/// <param name="Unit">The unit, or null.</param>
public sealed record ModbusValue(string Metric, ushort Address, string Type, double Scale, string? Unit)
{
    /// <summary>The types.</summary>
    public static readonly IReadOnlyList<string> Types = ["uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "bit"];

    /// <summary>How many registers it takes.</summary>
    public ushort Registers => Type switch { "uint32" or "int32" or "float32" => 2, "uint64" or "int64" or "float64" => 4, _ => 1 };

    /// <summary>Reads <c>name=address type [scale [unit]]</c>; null if it is not that.</summary>
    public static ModbusValue? Parse(string text)
    {
        string[] sides = text.Split('=', 2, StringSplitOptions.TrimEntries);
        string[] words = sides[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        double scale = 1;
        bool ok = sides.Length == 2 && sides[0].Length > 0 && words.Length is >= 2 and <= 4 && Types.Contains(words[1])
            && (words.Length < 3 || double.TryParse(words[2], NumberStyles.Float, CultureInfo.InvariantCulture, out scale));
        return ok && ushort.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out ushort address)
            ? new ModbusValue(sides[0], address, words[1], scale, words.Length == 4 ? words[3] : null)
            : null;
    }

    /// <summary>The value from the data of an answer.</summary>
    /// <param name="bytes">Two for each register, the high one first; a bit in the lowest place for coils.</param>
    /// <param name="order">In what order the bytes come: abcd is the standard's, cdab swaps registers, badc bytes, dcba both.</param>
    public double Decode(ReadOnlySpan<byte> bytes, string order)
    {
        if (Type == "bit")
        {
            return bytes[^1] & 1;
        }

        Span<byte> ordered = stackalloc byte[8];
        int length = bytes.Length;
        for (int i = 0; i < length; i++)
        {
            int from = order is "cdab" or "dcba" ? length - 2 - (i & ~1) + (i & 1) : i;
            ordered[i] = bytes[order is "badc" or "dcba" ? from ^ 1 : from];
        }

        return Scale * Type switch
        {
            "uint16" => BinaryPrimitives.ReadUInt16BigEndian(ordered),
            "int16" => BinaryPrimitives.ReadInt16BigEndian(ordered),
            "uint32" => BinaryPrimitives.ReadUInt32BigEndian(ordered),
            "int32" => BinaryPrimitives.ReadInt32BigEndian(ordered),
            "uint64" => BinaryPrimitives.ReadUInt64BigEndian(ordered),
            "int64" => BinaryPrimitives.ReadInt64BigEndian(ordered),
            "float32" => BinaryPrimitives.ReadSingleBigEndian(ordered),
            _ => BinaryPrimitives.ReadDoubleBigEndian(ordered),
        };
    }
}
