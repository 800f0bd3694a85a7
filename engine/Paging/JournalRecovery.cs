using System.Buffers.Binary;
using System.Text;
using Sluice.Engine.Files;
using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <summary>
/// Finds and rolls back the journal that a crashed writer, of ours or stock sqlite3, left beside a database
/// ("File Locking And Concurrency In SQLite Version 3", section 4; "SQLite file format", section 3).
/// <para>A journal is hot when it is there, nobody holds RESERVED, the database is not empty and the journal does not begin with a zero byte.
/// Rolling back stops at the first thing that was not completely written, which is right: the database is not changed before
/// the journal is whole on the disk. Rolling back twice is harmless. One of ours was whole (<see cref="JournalFormat"/>): if it is not, it was
/// damaged since, and nothing is changed.</para>
/// </summary>
internal sealed class JournalRecovery(FileSystem files, EngineFile database, string journalPath)
{
    /// <summary>Bytes of a super-journal's trailer beside its name: page number, name length, checksum, magic.</summary>
    private const int SuperJournalOverhead = 20;

    /// <summary>The longest path of a super-journal.</summary>
    private const int MaxNameLength = 4096;

    public bool Exists => files.Exists(journalPath);

    /// <summary>Whether the journal must be rolled back before the database is read. The caller holds SHARED.</summary>
    public bool IsHot(SqliteLocks locks)
    {
        if (!Exists || locks.IsReservedByAnother())
        {
            return false;
        }

        // The writer that held RESERVED may have finished between the two looks.
        return Exists && database.Length > 0 && BeginsWithContent();
    }

    /// <summary>Restores the database. The caller holds EXCLUSIVE.</summary>
    public void RollBack()
    {
        if (!Exists)
        {
            return;
        }

        using (EngineFile journal = files.Open(journalPath, FileAccessMode.ReadWrite))
        {
            // A transaction over several files is committed by removing their super-journal.
            if (SuperJournal(journal) is not { } super || files.Exists(super))
            {
                RequireSealed(journal);
                PlayBack(journal);
                database.Sync();
            }
        }

        Remove();
    }

    /// <summary>Removes a journal for good.</summary>
    public void Remove()
    {
        files.Delete(journalPath);
        files.SyncFolderOf(journalPath);
    }

    /// <summary>
    /// Removes a journal that is not hot. Beside an empty database it may be that of the first commit, which was taken back: the file is then empty again,
    /// but perhaps not on the disk, and nothing else would tell after a power cut that what is there was never committed.
    /// </summary>
    public void RemoveCold()
    {
        if (database.Length == 0 && Exists)
        {
            database.SetLength(0);
            database.Sync();
        }

        Remove();
    }

    private bool BeginsWithContent()
    {
        using EngineFile journal = files.Open(journalPath, FileAccessMode.ReadOnly);
        Span<byte> first = stackalloc byte[1];
        return journal.Read(first, 0) == 1 && first[0] != 0;
    }

    private static void RequireSealed(EngineFile journal)
    {
        Span<byte> bytes = stackalloc byte[JournalFormat.SealedHeaderSize];
        int read = journal.Read(bytes, 0);
        if (JournalFormat.ReadSeal(bytes[..read]) is not { } seal)
        {
            return;
        }

        JournalFormat.Header header = JournalFormat.Header.Read(bytes);
        if (!IsWhole(header) || SealOf(journal, bytes, header) != seal)
        {
            throw new CorruptFileException(
                journal.Path,
                "rollback journal",
                "its checksum is not right: these bytes are not those that were written. The database file was being changed when its process ended, and only the journal can bring it back. "
                + "Nothing was changed; restore the database from a backup");
        }
    }

    /// <summary>The seal that the journal should have; null if it is too short for its records.</summary>
    private static uint? SealOf(EngineFile journal, ReadOnlySpan<byte> bytes, JournalFormat.Header header)
    {
        uint seal = JournalFormat.BeginSeal(bytes);
        byte[] record = new byte[header.PageSize + JournalFormat.RecordOverhead];
        long offset = header.SectorSize;
        for (uint i = 0; i < header.Count; i++, offset += record.Length)
        {
            if (journal.Read(record, offset) != record.Length)
            {
                return null;
            }

            seal = Crc32C.Continue(seal, record);
        }

        return seal;
    }

    private void PlayBack(EngineFile journal)
    {
        long size = journal.Length;
        long offset = 0;
        HashSet<uint> done = [];
        Span<byte> bytes = stackalloc byte[JournalFormat.HeaderSize];
        while (journal.Read(bytes, offset) == bytes.Length && bytes.StartsWith(JournalFormat.Magic))
        {
            JournalFormat.Header header = JournalFormat.Header.Read(bytes);
            if (!IsWhole(header))
            {
                return;
            }

            // With a count of 0 the database was not touched yet, but for one that was being made.
            if (offset == 0 && (header.Count != 0 || header.InitialPages == 0))
            {
                database.SetLength((long)header.InitialPages * header.PageSize);
            }

            long records = offset + header.SectorSize;
            long recordSize = header.PageSize + JournalFormat.RecordOverhead;
            long count = header.Count == JournalFormat.CountToTheEnd ? (size - records) / recordSize : header.Count;
            if (!PlayBackRecords(journal, header, records, count, done))
            {
                return;
            }

            long end = records + (count * recordSize);
            offset = (end + header.SectorSize - 1) / header.SectorSize * header.SectorSize;
        }
    }

    /// <summary>False when a record is not whole: there the journal ends.</summary>
    private bool PlayBackRecords(EngineFile journal, JournalFormat.Header header, long offset, long count, HashSet<uint> done)
    {
        int pageSize = (int)header.PageSize;
        byte[] record = new byte[pageSize + JournalFormat.RecordOverhead];
        uint lockPage = Pager.LockPage(pageSize);
        for (long i = 0; i < count; i++, offset += record.Length)
        {
            if (journal.Read(record, offset) != record.Length)
            {
                return false;
            }

            uint page = BinaryPrimitives.ReadUInt32BigEndian(record);
            if (page == 0 || page == lockPage)
            {
                return false;
            }

            ReadOnlySpan<byte> image = record.AsSpan(4, pageSize);
            if (JournalFormat.Checksum(header.Nonce, image) != BinaryPrimitives.ReadUInt32BigEndian(record.AsSpan(4 + pageSize)))
            {
                return false;
            }

            if (page <= header.InitialPages && done.Add(page))
            {
                database.Write(image, (long)(page - 1) * pageSize);
            }
        }

        return true;
    }

    private static bool IsWhole(JournalFormat.Header header) =>
        DatabaseHeader.IsPageSize(header.PageSize)
        && header.SectorSize is >= 32 and <= 65536
        && (header.SectorSize & (header.SectorSize - 1)) == 0;

    /// <summary>The super-journal's path at the end of a journal, or null without one.</summary>
    private static string? SuperJournal(EngineFile journal)
    {
        long size = journal.Length;
        Span<byte> trailer = stackalloc byte[16];
        if (size < SuperJournalOverhead || journal.Read(trailer, size - trailer.Length) != trailer.Length
            || !trailer[8..].SequenceEqual(JournalFormat.Magic))
        {
            return null;
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(trailer);
        if (length == 0 || length > MaxNameLength || length > size - SuperJournalOverhead)
        {
            return null;
        }

        byte[] name = new byte[length];
        journal.Read(name, size - 16 - length);
        uint sum = 0;
        foreach (byte part in name)
        {
            sum += (uint)(sbyte)part;
        }

        return sum == BinaryPrimitives.ReadUInt32BigEndian(trailer[4..]) ? Encoding.UTF8.GetString(name) : null;
    }
}
