using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Sluice.Engine.Format;

/// <summary>CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4), without the inversions at begin and end.</summary>
internal static class Crc32C
{
    /// <summary>The checksum <paramref name="crc"/> continued over <paramref name="bytes"/>.</summary>
    public static uint Continue(uint crc, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        }

        foreach (byte value in bytes[(words.Length * 8)..])
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return crc;
    }
}
