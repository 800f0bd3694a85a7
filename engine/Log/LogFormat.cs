using System.Buffers.Binary;
using System.Numerics;
using Sluice.Engine.Format;

namespace Sluice.Engine.Log;

// The redo log of `x.db`: files `x.db-log.1`, `x.db-log.2`, ... ("slots").
//
// Layout (all integers big-endian)
//   Slot     header at offset 0, batches from offset 4096, zeros or leftovers of an earlier life behind them.
//   Header   0 magic "SluiceLg" | 8 version u32 | 12 page size u32 | 16 salt u64 | 24 segment number u64 | 32 CRC-32C u32
//   Batch    0 magic u32 | 4 payload length u32 | 8 CRC-32C u32 | 12 records u32 | 16 sequence u64 | 24 first commit u64
//            | 32 last commit u64 | 40 last sequence synced before u64 | 48 payload, padded with zeros to a multiple of 8
//   Records  see LogRecord: commits, and the notes that a checkpoint leaves.
// The CRC of a batch covers the log's salt, the batch header but the CRC itself, and the payload. The salt is random and new
// for each log, so bytes of another log, or a copy of a log stored as a blob, are never taken for a batch.
//
// Invariants
//   1. Segment numbers of the slots in use are consecutive; the slot's number in the file name says nothing about order.
//      A slot is recycled by writing a new header over the old one, synced before the first batch is written behind it.
//   2. A batch names the last one that was on the disk before it was written: the one before it, unless all commits since asked for less
//      (PRAGMA synchronous). All batches of a segment are synced before the next segment is begun. Sequences run without a gap through
//      all segments.
//   3. Commit timestamps run without a gap through all batches: the k-th commit record of a batch has timestamp first + k.
//   4. The first batch after a log is made begins with a Base note; before the page file changes, an Intent note that names
//      its change counter after the change is on the disk. A segment is recycled only when all its commits are in the page file
//      and a later Intent note says so.
//   5. When nothing more is waiting, an empty batch (the seal) is written, not synced, behind the last one. It has the next sequence
//      and is overwritten by the next batch. It tells a damaged last batch from an unfinished one.
//
// Recovery rule
//   Read from the lowest segment's first batch; the next batch is where the last one ended, or at the start of the next segment.
//   Where neither place holds a valid batch of the next sequence the log ends, if no valid batch behind says that the missing one was on
//   the disk before; else the bytes in between are damaged, and that is an error that names file and offset. What is behind the end is
//   overwritten with zeros before anything is written there. What the commits and notes then mean for the page file is decided in Checkpoint/RecoveryPlan.
internal static class LogFormat
{
    public const int Version = 2;

    /// <summary>Where batches begin in a slot: a page of its own for the header, so that no torn batch can touch it.</summary>
    public const int FirstBatchOffset = 4096;

    public const int SegmentHeaderSize = 36;

    public const int BatchHeaderSize = 48;

    public const int Alignment = 8;

    /// <summary>Largest payload of one batch: what a Span can hold, less room for headers and padding.</summary>
    public const int MaxPayloadBytes = int.MaxValue - (1 << 16);

    private const uint BatchMagic = 0x51B47C0D;

    private static ReadOnlySpan<byte> SegmentMagic => "SluiceLg"u8;

    public static long Align(long size) => (size + Alignment - 1) & -Alignment;

    /// <summary>The name of a slot.</summary>
    public static string SlotPath(string databasePath, int slot) => $"{SlotPrefix(databasePath)}{slot}";

    public static string SlotPrefix(string databasePath) => databasePath + "-log.";

    public static void WriteSegmentHeader(Span<byte> target, in SegmentHeader header)
    {
        SegmentMagic.CopyTo(target);
        BinaryPrimitives.WriteUInt32BigEndian(target[8..], Version);
        BinaryPrimitives.WriteUInt32BigEndian(target[12..], header.PageSize);
        BinaryPrimitives.WriteUInt64BigEndian(target[16..], header.Salt);
        BinaryPrimitives.WriteUInt64BigEndian(target[24..], header.Number);
        BinaryPrimitives.WriteUInt32BigEndian(target[32..], Crc32C.Continue(0, target[..32]));
    }

    /// <summary>False when the bytes are no header; a whole header of another version is an error.</summary>
    public static bool TryReadSegmentHeader(ReadOnlySpan<byte> source, string path, out SegmentHeader header)
    {
        header = default;
        if (source.Length < SegmentHeaderSize
            || !source[..8].SequenceEqual(SegmentMagic)
            || BinaryPrimitives.ReadUInt32BigEndian(source[32..]) != Crc32C.Continue(0, source[..32]))
        {
            return false;
        }

        uint version = BinaryPrimitives.ReadUInt32BigEndian(source[8..]);
        if (version != Version)
        {
            throw new SluiceException(
                ResultCode.CannotOpen,
                $"{path}: the redo log has format version {version}, this program reads version {Version}; open the database with the program that wrote it");
        }

        header = new SegmentHeader(
            BinaryPrimitives.ReadUInt32BigEndian(source[12..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[24..]));
        return true;
    }

    /// <summary>Writes the header of the batch whose payload follows it in <paramref name="batch"/>.</summary>
    public static void SealBatch(Span<byte> batch, ulong salt, in BatchHeader header)
    {
        BinaryPrimitives.WriteUInt32BigEndian(batch, BatchMagic);
        BinaryPrimitives.WriteUInt32BigEndian(batch[4..], (uint)header.PayloadLength);
        BinaryPrimitives.WriteUInt32BigEndian(batch[12..], (uint)header.Records);
        BinaryPrimitives.WriteUInt64BigEndian(batch[16..], header.Sequence);
        BinaryPrimitives.WriteUInt64BigEndian(batch[24..], (ulong)header.FirstCommit);
        BinaryPrimitives.WriteUInt64BigEndian(batch[32..], (ulong)header.LastCommit);
        BinaryPrimitives.WriteUInt64BigEndian(batch[40..], header.SyncedBefore);
        BinaryPrimitives.WriteUInt32BigEndian(batch[8..], BatchCrc(salt, batch, header.PayloadLength));
    }

    /// <summary>Reads a batch header without its checksum: enough to know how many bytes to read.</summary>
    public static bool TryReadBatchHeader(ReadOnlySpan<byte> source, out BatchHeader header)
    {
        header = default;
        if (source.Length < BatchHeaderSize || BinaryPrimitives.ReadUInt32BigEndian(source) != BatchMagic)
        {
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(source[4..]);
        if (length > MaxPayloadBytes)
        {
            return false;
        }

        header = new BatchHeader(
            (int)length,
            (int)BinaryPrimitives.ReadUInt32BigEndian(source[12..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[16..]),
            (long)BinaryPrimitives.ReadUInt64BigEndian(source[24..]),
            (long)BinaryPrimitives.ReadUInt64BigEndian(source[32..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[40..]));
        return true;
    }

    /// <summary>Whether header and payload are what was written.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> batch, ulong salt, in BatchHeader header) =>
        batch.Length >= BatchHeaderSize + header.PayloadLength
        && BinaryPrimitives.ReadUInt32BigEndian(batch[8..]) == BatchCrc(salt, batch, header.PayloadLength);

    /// <summary>Where <see cref="BatchMagic"/> next stands at a multiple of 8 in <paramref name="bytes"/>, or -1.</summary>
    public static int FindBatchMagic(ReadOnlySpan<byte> bytes, int from)
    {
        for (int i = from; i + BatchHeaderSize <= bytes.Length; i += Alignment)
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(bytes[i..]) == BatchMagic)
            {
                return i;
            }
        }

        return -1;
    }

    private static uint BatchCrc(ulong salt, ReadOnlySpan<byte> batch, int payloadLength)
    {
        uint crc = BitOperations.Crc32C(~0u, salt);
        crc = Crc32C.Continue(crc, batch[..8]);
        return Crc32C.Continue(crc, batch[12..(BatchHeaderSize + payloadLength)]);
    }
}

/// <summary>What a slot's header says.</summary>
internal readonly record struct SegmentHeader(uint PageSize, ulong Salt, ulong Number);

/// <summary>
/// What a batch's header says. <see cref="LastCommit"/> is <see cref="FirstCommit"/> - 1 in a batch without commits; all batches up to
/// <see cref="SyncedBefore"/> were on the disk when it was written.
/// </summary>
internal readonly record struct BatchHeader(int PayloadLength, int Records, ulong Sequence, long FirstCommit, long LastCommit, ulong SyncedBefore)
{
    /// <summary>Header, payload and padding.</summary>
    public long TotalLength => LogFormat.Align(LogFormat.BatchHeaderSize + (long)PayloadLength);

    /// <summary>An empty batch that only says what was synced before it.</summary>
    public bool IsSeal => Records == 0;
}
