using System.Buffers.Binary;
using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <summary>
/// The rollback journal's bytes ("SQLite file format", section 3):
/// <code>
/// header, padded to a sector          record
///  0 8 D9 D5 05 F9 20 A1 63 D7        0   4 page number
///  8 4 records, or -1: up to the end  4   N the page's image before the commit
/// 12 4 nonce of the checksums         4+N 4 checksum
/// 16 4 pages before the commit
/// 20 4 sector size
/// 24 4 page size
/// 28 4 seal: CRC-32C of bytes 0 to 27 and of all records
/// 32 4 "SLUI", if there is a seal
/// </code>
/// Another header may follow at the next sector boundary. A name of a super-journal may stand at the end.
/// <para>The seal is ours, in what is padding for SQLite. Records carry checksums of a 200th of their bytes, which tell whether they were
/// written and not whether they changed since. A journal gets its seal together with its count, when all else is on the disk; both lie in one sector, and the
/// four letters come last. So one that has it is whole, or was damaged, and must not be played back in part.</para>
/// </summary>
internal static class JournalFormat
{
    public const int HeaderSize = 28;

    /// <summary>Bytes of a header with its seal.</summary>
    public const int SealedHeaderSize = 36;

    /// <summary>The header we write fills this much, so that rewriting its count tears no record. SQLite's own default.</summary>
    public const int SectorSize = 4096;

    private const int CountOffset = 8;

    public const uint CountToTheEnd = 0xffff_ffff;

    /// <summary>Bytes of a record beside the image.</summary>
    public const int RecordOverhead = 8;

    private static ReadOnlySpan<byte> SealMagic => "SLUI"u8;

    public static ReadOnlySpan<byte> Magic => [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

    /// <summary>Section 3: the nonce and every 200th byte from the end down, not the first.</summary>
    public static uint Checksum(uint nonce, ReadOnlySpan<byte> image)
    {
        uint sum = nonce;
        for (int i = image.Length - 200; i > 0; i -= 200)
        {
            sum += image[i];
        }

        return sum;
    }

    /// <summary>The seal so far; continue it over the records, in order.</summary>
    public static uint BeginSeal(ReadOnlySpan<byte> header) => Crc32C.Continue(~0u, header[..HeaderSize]);

    public static void WriteSeal(Span<byte> header, uint seal)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header[HeaderSize..], seal);
        SealMagic.CopyTo(header[(HeaderSize + 4)..]);
    }

    /// <summary>The seal of a header, or null without one.</summary>
    public static uint? ReadSeal(ReadOnlySpan<byte> header) =>
        header.Length >= SealedHeaderSize && header[(HeaderSize + 4)..SealedHeaderSize].SequenceEqual(SealMagic)
            ? BinaryPrimitives.ReadUInt32BigEndian(header[HeaderSize..])
            : null;

    public readonly record struct Header(uint Count, uint Nonce, uint InitialPages, uint SectorSize, uint PageSize)
    {
        public static Header Read(ReadOnlySpan<byte> bytes) => new(
            BinaryPrimitives.ReadUInt32BigEndian(bytes[CountOffset..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[24..]));

        public void Write(Span<byte> target)
        {
            Magic.CopyTo(target);
            BinaryPrimitives.WriteUInt32BigEndian(target[CountOffset..], Count);
            BinaryPrimitives.WriteUInt32BigEndian(target[12..], Nonce);
            BinaryPrimitives.WriteUInt32BigEndian(target[16..], InitialPages);
            BinaryPrimitives.WriteUInt32BigEndian(target[20..], SectorSize);
            BinaryPrimitives.WriteUInt32BigEndian(target[24..], PageSize);
        }
    }
}
