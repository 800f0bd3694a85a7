using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <content>Commits.</content>
public sealed partial class Pager
{
    /// <summary>
    /// Makes pages of a transaction, whose images are in memory, the newest, ahead of the file: they stay in the cache until the commit. Returns that state.
    /// </summary>
    internal BaseSnapshot Publish(PageTransaction transaction, uint[] pages)
    {
        RequireUsable();
        var next = new Generation(transaction.Base.Epoch + 1, DatabaseHeader.Parse(transaction.FinalImage(1), Path), transaction.PageCount);
        PublishOldImages(transaction, pages);
        _cache.Replace(pages, transaction.FinalImage);
        Advance(next);
        return Pin();
    }

    /// <summary>
    /// Brings a transaction's pages into the file and, unless they are <see cref="Publish">published</see>, makes them the newest. New and old images are
    /// looked at one after the other: they need not all be in memory.
    /// </summary>
    internal void Commit(PageTransaction transaction, TimeSpan lockTimeout, CancellationToken cancel)
    {
        // Its journal may be all that can restore the file.
        RequireUsable();
        bool busy = false;
        try
        {
            transaction.Seal();
            var change = new Change(this, transaction, fileIsEmpty: _emptyFirstPage is not null);
            DatabaseHeader header = DatabaseHeader.Parse(transaction.FinalImage(1), Path);
            if (!transaction.HasPublished)
            {
                PublishOldImages(transaction, change.Pages);
            }

            PageCommit commit = new(_files, _file, JournalPath, _pageSize);
            commit.WriteJournal((uint)_options.Random.NextInt64(1L << 32), change.InitialPages, change.Journaled.Length, change.ImagesInFile());
            if (!TryLockExclusive(lockTimeout, cancel))
            {
                busy = true;
                commit.DropJournal();
                throw new SluiceException(ResultCode.Busy, $"database is locked: another process is reading {Path}");
            }

            Write(commit, change, transaction.HasPublished ? null : new Generation(transaction.Base.Epoch + 1, header, transaction.PageCount));
        }
        catch (Exception) when (!busy)
        {
            transaction.Abandon();
            throw;
        }
    }

    /// <summary>What a commit changes in the file.</summary>
    private sealed class Change(Pager pager, PageTransaction transaction, bool fileIsEmpty)
    {
        /// <summary>The changed pages, ascending.</summary>
        public uint[] Pages { get; } = transaction.ChangedInOrder();

        public uint PageCount => transaction.PageCount;

        public uint InitialPages => fileIsEmpty ? 0 : transaction.FilePageCount;

        /// <summary>The pages of the journal: those that were there before, but not those that were free, as in SQLite: restored, they are free again.</summary>
        public uint[] Journaled => field ??= Array.FindAll(Pages[..CountUpTo(Pages, InitialPages)], page => !transaction.WasFree(page));

        /// <summary>What the file has in place of these, one after the other in the same array.</summary>
        public IEnumerable<DirtyImage> ImagesInFile()
        {
            byte[] image = new byte[pager._pageSize];
            foreach (uint page in Journaled)
            {
                // Without a look at its checksum: what the file has comes back.
                pager.ReadInto(image, page);
                yield return new DirtyImage(page, image);
            }
        }

        public IEnumerable<DirtyImage> NewImages()
        {
            foreach (uint page in Pages)
            {
                yield return new DirtyImage(page, transaction.FinalImage(page));
            }
        }

        /// <summary>The image for the cache, or null for one that was put aside.</summary>
        public byte[]? NewImageInMemory(uint page) => transaction.IsInMemory(page) ? transaction.FinalImage(page) : null;
    }

    /// <summary>How many of the pages, which are ascending, are not above a number.</summary>
    private static int CountUpTo(uint[] pages, uint last)
    {
        int found = Array.BinarySearch(pages, last);
        return found >= 0 ? found + 1 : ~found;
    }

    /// <summary>
    /// Keeps what is about to be replaced in the state before. If it then does not come to that, the images stay until the next one: they are the newest then.
    /// What was free in the file only a snapshot older than that may read, and there may be no new ones of those.
    /// </summary>
    private void PublishOldImages(PageTransaction transaction, uint[] pages)
    {
        BaseSnapshot before = transaction.Base;
        bool mayReadFree;
        lock (_gate)
        {
            mayReadFree = transaction.HasPublished || _generations.Count > 1;
        }

        foreach (uint page in pages.AsSpan(0, CountUpTo(pages, before.PageCount)))
        {
            if (!mayReadFree && transaction.WasFree(page))
            {
                continue;
            }

            byte[] image = transaction.IsUnread(page) ? ReadFree(page, before.Epoch) : before.Read(page);
            lock (_gate)
            {
                _oldImages.Publish(page, image, before.Epoch + 1);
                _oldImages.Spill(_oldImages.MemoryLimitBytes + DirtyLimitBytes);
            }
        }
    }

    /// <param name="commit">Writes it.</param>
    /// <param name="change">What is written.</param>
    /// <param name="next">The state that it makes; null when readers have it already.</param>
    private void Write(PageCommit commit, Change change, Generation? next)
    {
        if (next is not null)
        {
            _cache.Replace(change.Pages, change.NewImageInMemory);
        }

        bool committed = false;
        try
        {
            commit.WritePages(change.Pages.Length, change.NewImages(), change.PageCount);
            Interlocked.Add(ref _pagesWritten, change.Pages.Length);
            Interlocked.Add(ref _bytesWritten, (long)(change.Pages.Length + change.Journaled.Length) * _pageSize);
            commit.RemoveJournal();
            committed = true;
            commit.SyncFolder();
        }
        catch (SluiceException error)
        {
            Recover(error, committed, clearCache: next is not null);
            if (next is not null)
            {
                // Snapshots of the epoch before go on with the published images; the same state is the next epoch.
                Generation before;
                lock (_gate)
                {
                    before = _generations[^1];
                }

                Advance(new Generation(next.Epoch, before.Header, before.PageCount));
            }

            throw;
        }

        _cache.EndReplace(change.Pages);
        _emptyFirstPage = null;
        if (next is not null)
        {
            Advance(next);
        }

        _locks.DowngradeToReserved();
    }

    /// <summary>After an error in the file. If the old state cannot be restored either, the pager stops.</summary>
    /// <param name="error">What happened.</param>
    /// <param name="committed">Whether the journal was removed for certain.</param>
    /// <param name="clearCache">Whether readers may have loaded pages that are not to be; what is ahead of the file must stay.</param>
    private void Recover(SluiceException error, bool committed, bool clearCache)
    {
        if (committed || !_recovery.Exists)
        {
            // The journal is removed but may come back after a power cut: what the next open finds is not known.
            _failure = new SluiceException(error.Code, $"{Path}: it is not known whether the last commit is durable; close and open the database: {error.Message}", error);
            _cache.Clear();
            return;
        }

        try
        {
            _recovery.RollBack();
            if (clearCache)
            {
                // Only now: readers have loaded pages of the failed commit meanwhile.
                _cache.Clear();
            }

            _locks.DowngradeToReserved();
        }
        catch (SluiceException second)
        {
            _failure = new SluiceException(
                second.Code,
                $"{Path}: a commit failed and could not be rolled back; close and open the database, its journal will restore it: {second.Message}",
                error);
            _cache.Clear();
        }
    }

    private void Advance(Generation next)
    {
        lock (_gate)
        {
            Generation before = _generations[^1];
            _generations.Add(next);
            if (before.Pins == 0)
            {
                _generations.Remove(before);
            }

            PruneOldImages();
            _oldImages.Spill(_oldImages.MemoryLimitBytes);
        }
    }

    /// <summary>Keeps new readers out and waits for those that are there. False when they outlast the timeout.</summary>
    private bool TryLockExclusive(TimeSpan timeout, CancellationToken cancel)
    {
        long begin = _options.Clock.GetTimestamp();
        try
        {
            while (!_locks.TryPending() || !_locks.TryExclusive())
            {
                _waitsForReaders = true;
                bool late = timeout != Timeout.InfiniteTimeSpan && _options.Clock.GetElapsedTime(begin) >= timeout;
                if (late || cancel.WaitHandle.WaitOne(LockPollInterval))
                {
                    _locks.DowngradeToReserved();
                    return false;
                }
            }

            return true;
        }
        finally
        {
            _waitsForReaders = false;
        }
    }
}
