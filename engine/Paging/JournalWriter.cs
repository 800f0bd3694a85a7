using System.Buffers.Binary;
using Sluice.Engine.Files;

namespace Sluice.Engine.Paging;

/// <summary>
/// Writes a rollback journal. The count in its header stays zero until the records are on the disk, so a torn
/// journal rolls nothing back, which is right: the database is not written before <see cref="Write"/> returns.
/// </summary>
internal static class JournalWriter
{
    /// <summary>Records are gathered into writes of about this size.</summary>
    private const int BufferSize = 1 << 18;

    public static void Write(FileSystem files, string path, uint nonce, uint initialPages, int pageSize, int count, IEnumerable<DirtyImage> oldImages)
    {
        using EngineFile journal = files.Open(path, FileAccessMode.CreateOrOpen);
        journal.SetLength(0);
        int recordSize = pageSize + JournalFormat.RecordOverhead;
        long whole = JournalFormat.SectorSize + ((long)count * recordSize);
        byte[] buffer = new byte[Math.Min(whole, BufferSize)];
        new JournalFormat.Header(0, nonce, initialPages, JournalFormat.SectorSize, (uint)pageSize).Write(buffer);
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

            BinaryPrimitives.WriteUInt32BigEndian(buffer.AsSpan(filled), old.Page);
            old.Image.CopyTo(buffer.AsSpan(filled + 4));
            BinaryPrimitives.WriteUInt32BigEndian(buffer.AsSpan(filled + 4 + pageSize), JournalFormat.Checksum(nonce, old.Image));
            filled += recordSize;
        }

        journal.Write(buffer.AsSpan(0, filled), written);
        journal.Sync();
        if (count > 0)
        {
            Span<byte> field = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(field, (uint)count);
            journal.Write(field, JournalFormat.CountOffset);
            journal.Sync();
        }

        files.SyncFolderOf(path);
    }
}
