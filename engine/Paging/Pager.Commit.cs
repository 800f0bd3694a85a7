using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <content>Commits.</content>
public sealed partial class Pager
{
    /// <summary>
    /// Makes a transaction's pages the newest. <paramref name="abandon"/> closes it once it can no longer be committed. New and old images are
    /// looked at one after the other: they need not all be in memory.
    /// </summary>
    internal void Commit(PageTransaction transaction, TimeSpan lockTimeout, CancellationToken cancel, Action abandon)
    {
        bool busy = false;
        try
        {
            var change = new Change(this, transaction, fileIsEmpty: _emptyFirstPage is not null);
            DatabaseHeader header = DatabaseHeader.Parse(transaction.FinalImage(1), Path);
            PublishOldImages(change);
            PageCommit commit = new(_files, _file, JournalPath, _pageSize);
            commit.WriteJournal((uint)_options.Random.NextInt64(1L << 32), change.InitialPages, change.Journaled.Length, change.OldImages());
            if (!TryLockExclusive(lockTimeout, cancel))
            {
                busy = true;
                commit.DropJournal();
                throw new SluiceException(ResultCode.Busy, $"database is locked: another process is reading {Path}");
            }

            Write(commit, change, new Generation(change.Epoch, header, transaction.PageCount));
        }
        catch (Exception) when (!busy)
        {
            abandon();
            throw;
        }
    }

    /// <summary>What a commit changes.</summary>
    private sealed class Change(Pager pager, PageTransaction transaction, bool fileIsEmpty)
    {
        private readonly BaseSnapshot _before = transaction.Base;

        /// <summary>The changed pages, ascending.</summary>
        public uint[] Pages { get; } = transaction.Finish();

        /// <summary>The epoch that the commit makes.</summary>
        public long Epoch => _before.Epoch + 1;

        public uint InitialPages => fileIsEmpty ? 0 : _before.PageCount;

        /// <summary>Of <see cref="Pages"/>, the first so many were there before.</summary>
        public int Replaced
        {
            get
            {
                int found = Array.BinarySearch(Pages, _before.PageCount);
                return found >= 0 ? found + 1 : ~found;
            }
        }

        /// <summary>The pages of the journal: those that were there before, but not those that were free, as in SQLite: restored, they are free again.</summary>
        public uint[] Journaled => field ??= fileIsEmpty ? [] : Array.FindAll(Pages[..Replaced], page => !transaction.WasFree(page));

        public bool WasFree(uint page) => transaction.WasFree(page);

        public byte[] OldImage(uint page)
        {
            // SQLite, too, leaves anything in a free page, a wrong checksum as well.
            return transaction.IsUnread(page) ? pager.ReadFree(page, _before.Epoch) : _before.Read(page);
        }

        public IEnumerable<DirtyImage> OldImages()
        {
            foreach (uint page in Journaled)
            {
                yield return new DirtyImage(page, OldImage(page));
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

    /// <summary>
    /// Keeps what the commit is about to replace. If it then does not come to that, the images stay until the next one: they are the newest then.
    /// What was free before only a snapshot older than that may read, and there may be no new ones of those.
    /// </summary>
    private void PublishOldImages(Change change)
    {
        bool hasOlder;
        lock (_gate)
        {
            hasOlder = _generations.Count > 1;
        }

        for (int i = 0; i < change.Replaced; i++)
        {
            uint page = change.Pages[i];
            if (!hasOlder && change.WasFree(page))
            {
                continue;
            }

            byte[] image = change.OldImage(page);
            lock (_gate)
            {
                _oldImages.Publish(page, image, change.Epoch);
                _oldImages.Spill(_oldImages.MemoryLimitBytes + DirtyLimitBytes);
            }
        }
    }

    private void Write(PageCommit commit, Change change, Generation next)
    {
        _cache.Replace(change.Pages, change.NewImageInMemory);
        bool committed = false;
        try
        {
            commit.WritePages(change.Pages.Length, change.NewImages(), next.PageCount);
            Interlocked.Add(ref _pagesWritten, change.Pages.Length);
            Interlocked.Add(ref _bytesWritten, (long)(change.Pages.Length + change.Journaled.Length) * _pageSize);
            commit.RemoveJournal();
            committed = true;
            commit.SyncFolder();
        }
        catch (SluiceException error)
        {
            // Snapshots of the epoch before go on with the published images; the same state is the next epoch.
            Generation before;
            lock (_gate)
            {
                before = _generations[^1];
            }

            Recover(commit, change, error, committed);
            Advance(new Generation(next.Epoch, before.Header, before.PageCount));
            throw;
        }

        _cache.EndReplace(change.Pages);
        _emptyFirstPage = null;
        Advance(next);
        _locks.DowngradeToReserved();
    }

    /// <summary>After an error in the file. If the old state cannot be restored either, the pager stops.</summary>
    private void Recover(PageCommit commit, Change change, SluiceException error, bool committed)
    {
        if (committed)
        {
            _cache.Clear();

            // The journal is removed but may come back after a power cut: what the next open finds is not known.
            _failure = new SluiceException(error.Code, $"{Path}: it is not known whether the last commit is durable; close and open the database: {error.Message}", error);
            return;
        }

        try
        {
            commit.Restore(change.Journaled.Length, change.OldImages(), change.InitialPages);

            // Only now: readers have loaded pages of the failed commit meanwhile.
            _cache.Clear();
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
