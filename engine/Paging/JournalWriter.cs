using System.Buffers.Binary;
using Sluice.Engine.Files;
using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <summary>
/// Writes a rollback journal. The count in its header stays zero, and the seal is not there, until the records are on the disk, so a torn
/// journal rolls nothing back, which is right: the database is not written before <see cref="Write"/> returns.
/// </summary>
internal static class JournalWriter
{
    /// <summary>Records are gathered into writes of about this size: below that of a large object, which only a collection of the whole heap frees.</summary>
    private const int BufferSize = 1 << 16;

    public static void Write(FileSystem files, string path, uint nonce, uint initialPages, int pageSize, int count, IEnumerable<DirtyImage> oldImages)
    {
        // One that could not be removed is not written over: a power cut might leave its seal on our records.
        if (files.Exists(path))
        {
            files.Delete(path);
        }

        using EngineFile journal = files.Open(path, FileAccessMode.CreateNew);
        int recordSize = pageSize + JournalFormat.RecordOverhead;
        long whole = JournalFormat.SectorSize + ((long)count * recordSize);
        byte[] buffer = new byte[Math.Min(whole, Math.Max(BufferSize, JournalFormat.SectorSize + recordSize))];
        JournalFormat.Header header = new((uint)count, nonce, initialPages, JournalFormat.SectorSize, (uint)pageSize);
        Span<byte> final = stackalloc byte[JournalFormat.SealedHeaderSize];
        header.Write(final);
        uint seal = JournalFormat.BeginSeal(final);
        (header with { Count = 0 }).Write(buffer);
        int filled = JournalFormat.SectorSize;
        long written = 0;
        foreach (DirtyImage old in oldImages)
        {
            if (filled + recordSize > buffer.Length)
            {
                journal.Write(buffer.AsSpan(0, filled), written);
                written += filled;
                filled = 0;
            }

            Span<byte> record = buffer.AsSpan(filled, recordSize);
            BinaryPrimitives.WriteUInt32BigEndian(record, old.Page);
            old.Image.CopyTo(record[4..]);
            BinaryPrimitives.WriteUInt32BigEndian(record[(4 + pageSize)..], JournalFormat.Checksum(nonce, old.Image));
            seal = Crc32C.Continue(seal, record);
            filled += recordSize;
        }

        journal.Write(buffer.AsSpan(0, filled), written);
        journal.Sync();
        JournalFormat.WriteSeal(final, seal);
        journal.Write(final, 0);
        journal.Sync();
        files.SyncFolderOf(path);
    }
}
