using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <content>Commits.</content>
public sealed partial class Pager
{
    /// <summary>Makes a transaction's pages the newest. <paramref name="abandon"/> closes it once it can no longer be committed.</summary>
    internal void Commit(PageTransaction transaction, TimeSpan lockTimeout, CancellationToken cancel, Action abandon)
    {
        bool busy = false;
        try
        {
            DirtyImage[] images = transaction.FinishImages();
            DirtyImage[] old = OldImagesOf(transaction.Base, images);
            bool fileIsEmpty = _emptyFirstPage is not null;
            uint initialPages = fileIsEmpty ? 0 : transaction.Base.PageCount;
            DirtyImage[] journaled = fileIsEmpty ? [] : old;
            DatabaseHeader header = DatabaseHeader.Parse(images[0].Image, Path);
            PageCommit commit = new(_files, _file, JournalPath, _pageSize);
            commit.WriteJournal((uint)_options.Random.NextInt64(1L << 32), initialPages, journaled);
            if (!TryLockExclusive(lockTimeout, cancel))
            {
                busy = true;
                commit.DropJournal();
                throw new SluiceException(ResultCode.Busy, $"database is locked: another process is reading {Path}");
            }

            Write(commit, images, old, journaled, initialPages, new Generation(transaction.Base.Epoch + 1, header, transaction.PageCount));
        }
        catch (Exception) when (!busy)
        {
            abandon();
            throw;
        }
    }

    private DirtyImage[] OldImagesOf(BaseSnapshot before, DirtyImage[] images)
    {
        int count = 0;
        while (count < images.Length && images[count].Page <= before.PageCount)
        {
            count++;
        }

        DirtyImage[] old = new DirtyImage[count];
        for (int i = 0; i < count; i++)
        {
            // SQLite, too, leaves anything in a free page, a wrong checksum as well.
            (uint page, _, bool isUnread) = images[i];
            old[i] = new DirtyImage(page, isUnread ? ReadFree(page) : before.Read(page), isUnread);
        }

        return old;
    }

    private void Write(PageCommit commit, DirtyImage[] images, DirtyImage[] old, DirtyImage[] journaled, uint initialPages, Generation next)
    {
        lock (_gate)
        {
            foreach (DirtyImage image in old)
            {
                _oldImages.Publish(image.Page, image.Image, next.Epoch);
            }
        }

        _cache.Replace(images);
        bool committed = false;
        try
        {
            commit.WritePages(images, next.PageCount);
            Interlocked.Add(ref _pagesWritten, images.Length);
            Interlocked.Add(ref _bytesWritten, (long)(images.Length + journaled.Length) * _pageSize);
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

            Recover(commit, journaled, initialPages, error, committed);
            Advance(new Generation(next.Epoch, before.Header, before.PageCount));
            throw;
        }

        _cache.EndReplace(images);
        _emptyFirstPage = null;
        Advance(next);
        _locks.DowngradeToReserved();
    }

    /// <summary>After an error in the file. If the old state cannot be restored either, the pager stops.</summary>
    private void Recover(PageCommit commit, DirtyImage[] journaled, uint initialPages, SluiceException error, bool committed)
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
            commit.Restore(journaled, initialPages);

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
