using Sluice.Engine.Files;
using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <content>Opening, and the reads of an opener that is not the owner.</content>
public sealed partial class Pager
{
    private string JournalPath => Path + "-journal";

    /// <summary>
    /// Opens a database file, makes it if it is not there (unless read-only), and rolls back a journal that a crash left.
    /// <see cref="ResultCode.Busy"/> when another process owns the file.
    /// </summary>
    public static Pager Open(FileSystem fs, string path, PagerOptions o)
    {
        if (!DatabaseHeader.IsPageSize(o.PageSize))
        {
            throw new ArgumentOutOfRangeException(nameof(o), o.PageSize, "A page size is a power of two from 512 to 65536.");
        }

        string canonical = fs.Canonical(path);
        EngineFile file = fs.Open(canonical, o.ReadOnly ? FileAccessMode.ReadOnly : FileAccessMode.CreateOrOpen);
        try
        {
            SqliteLocks locks = new(file);
            JournalRecovery recovery = new(fs, file, canonical + "-journal");
            if (o.ReadOnly)
            {
                LockForForeignRead(file, locks, recovery, o);
            }
            else
            {
                LockForOwner(file, locks, recovery, o);
                WalMode.Leave(fs, file, locks);
            }

            Generation generation = ReadGeneration(file, o, epoch: 1);
            Pager pager = new(fs, o, file, locks, recovery, generation);
            pager.SetEmptyFirstPage(generation);
            if (o.ReadOnly)
            {
                locks.Release();
            }

            return pager;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The state of the file under a lock that keeps it so. A file of no bytes is an empty database of one page.</summary>
    private static Generation ReadGeneration(EngineFile file, PagerOptions options, long epoch)
    {
        long length = file.Length;
        if (length == 0)
        {
            DatabaseHeader empty = new()
            {
                PageSize = options.PageSize,
                SchemaFormat = DatabaseHeader.NewestSchemaFormat,
                ReservedBytes = options.Checksums ? (byte)PageChecksum.Size : (byte)0,
                SqliteVersion = options.Checksums ? DatabaseHeader.ChecksummedVersion : DatabaseHeader.WriterVersion,
            };
            return new Generation(epoch, empty, 1);
        }

        Span<byte> bytes = stackalloc byte[DatabaseHeader.Size];
        int read = file.Read(bytes, 0);
        PageChecksum.RequireFirstPage(file, bytes[..read]);
        DatabaseHeader header = DatabaseHeader.Parse(bytes[..read], file.Path);
        uint pages = header.PageCountIn(length, file.Path);
        return pages > 0
            ? new Generation(epoch, header, pages)
            : throw new CorruptFileException(file.Path, "file size", $"{length} bytes are less than a page");
    }

    private void SetEmptyFirstPage(Generation generation)
    {
        if (_file.Length != 0)
        {
            _emptyFirstPage = null;
            return;
        }

        // "SQLite file format", section 1.6: the header, then an empty table leaf, whose content begins at the page's end.
        byte[] image = new byte[_pageSize];
        generation.Header.Write(image);
        image[DatabaseHeader.Size] = 13;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(image.AsSpan(DatabaseHeader.Size + 5), (ushort)generation.Header.UsableSize);
        _emptyFirstPage = image;
    }

    private static void LockForOwner(EngineFile file, SqliteLocks locks, JournalRecovery recovery, PagerOptions options)
    {
        long begin = options.Clock.GetTimestamp();
        while (!TryLockForOwner(locks, recovery))
        {
            locks.Release();
            WaitForLock(options, begin, $"database is locked: {file.Path} is in use by another process");
        }
    }

    private static bool TryLockForOwner(SqliteLocks locks, JournalRecovery recovery)
    {
        if (!locks.TryShared())
        {
            return false;
        }

        if (recovery.IsHot(locks))
        {
            // Without RESERVED: others must go on to see that the journal is hot.
            if (!locks.TryPending() || !locks.TryExclusive())
            {
                return false;
            }

            recovery.RollBack();
            locks.DowngradeToShared();
        }

        if (!locks.TryReserved())
        {
            return false;
        }

        // A journal that is there is not hot, and nobody can be writing it; or a writer died since we looked, and did not get to the database, for
        // we held SHARED. One that is gone may come back with a power cut, if the folder was not synced since: then it would undo what follows.
        recovery.RemoveCold();
        return true;
    }

    private static void LockForForeignRead(EngineFile file, SqliteLocks locks, JournalRecovery recovery, PagerOptions options)
    {
        long begin = options.Clock.GetTimestamp();
        while (!locks.TryShared())
        {
            WaitForLock(options, begin, $"database is locked: {file.Path} is being written by another process");
        }

        if (recovery.IsHot(locks))
        {
            locks.Release();
            throw new SluiceException(
                ResultCode.CannotOpen,
                $"{file.Path}: a crash left a journal that must be rolled back; open the database for writing once");
        }
    }

    private static void WaitForLock(PagerOptions options, long begin, string message)
    {
        if (options.Clock.GetElapsedTime(begin) >= options.LockTimeout)
        {
            throw new SluiceException(ResultCode.Busy, message);
        }

        CancellationToken.None.WaitHandle.WaitOne(LockPollInterval);
    }

    /// <summary>Takes SHARED for the first pinned snapshot, and forgets the cache if the file changed since the last.</summary>
    private void BeginForeignRead()
    {
        LockForForeignRead(_file, _locks, _recovery, _options);
        try
        {
            Generation last = _generations[^1];
            Generation now = ReadGeneration(_file, _options with { PageSize = _pageSize }, last.Epoch + 1);
            if (now.Header.PageSize != _pageSize)
            {
                throw new SluiceException(ResultCode.SchemaChanged, $"{Path}: another process changed the page size; close and open the database");
            }

            if (now.Header != last.Header || now.PageCount != last.PageCount)
            {
                _cache.Clear();
                SetEmptyFirstPage(now);
                _checksumsAreValid = now.Header.ChecksumsAreValid;
                _generations[^1] = now;
            }
        }
        catch
        {
            _locks.Release();
            throw;
        }
    }
}
