using System.Buffers.Binary;

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
/// </code>
/// Another header may follow at the next sector boundary. A name of a super-journal may stand at the end.
/// </summary>
internal static class JournalFormat
{
    public const int HeaderSize = 28;

    /// <summary>The header we write fills this much, so that rewriting its count tears no record. SQLite's own default.</summary>
    public const int SectorSize = 4096;

    public const int CountOffset = 8;

    public const uint CountToTheEnd = 0xffff_ffff;

    /// <summary>Bytes of a record beside the image.</summary>
    public const int RecordOverhead = 8;

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
