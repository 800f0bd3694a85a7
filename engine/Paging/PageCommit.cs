using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Files;
using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <summary>
/// Writes one commit's pages into the file under a rollback journal ("Atomic Commit In SQLite", section 3). In this order:
/// journal of the old images, synced with its folder; EXCLUSIVE; pages; sync; removal of the journal, which is the commit; folder synced.
/// <para>Recovery: an error or a crash before the removal leaves a journal, which restores the old state (<see cref="JournalRecovery"/>); after it the new state is whole.</para>
/// <para>Assumes, as SQLite does by default, that a power cut while writing some bytes does not change bytes beside them ("powersafe overwrite").</para>
/// </summary>
internal sealed class PageCommit(FileSystem files, EngineFile database, string journalPath, int pageSize)
{
    /// <summary>Neighbouring pages are written together, up to this much: the largest page, and less than a large object of the garbage collector.</summary>
    private const int BufferSize = DatabaseHeader.MaxPageSize;

    /// <summary>Saves the old images; after it returns, the file may be changed.</summary>
    public void WriteJournal(uint nonce, uint initialPages, int count, IEnumerable<DirtyImage> oldImages)
    {
        try
        {
            JournalWriter.Write(files, journalPath, nonce, initialPages, pageSize, count, oldImages);
        }
        catch (SluiceException)
        {
            DropJournal();
            throw;
        }
    }

    /// <summary>Removes a journal whose commit will not be tried. Left in place it would restore what is there anyway.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "The error that led here is the one to report.")]
    public void DropJournal()
    {
        try
        {
            files.Delete(journalPath);
        }
        catch (SluiceException)
        {
            // The next commit writes its journal over this one, and a crash before that rolls back to the present state.
        }
    }

    /// <summary>Writes the new images, in page order, and makes them final.</summary>
    public void WritePages(int count, IEnumerable<DirtyImage> images, uint pageCount)
    {
        WriteImages(count, images);

        // A new page at the end that is free already has no image.
        long length = (long)pageCount * pageSize;
        if (database.Length < length)
        {
            database.SetLength(length);
        }

        database.Sync();
    }

    /// <summary>The commit itself.</summary>
    public void RemoveJournal() => files.Delete(journalPath);

    public void SyncFolder() => files.SyncFolderOf(journalPath);

    private void WriteImages(int count, IEnumerable<DirtyImage> images)
    {
        byte[] buffer = new byte[Math.Min((long)count * pageSize, BufferSize)];
        uint first = 0;
        int filled = 0;
        foreach ((uint page, byte[] image) in images)
        {
            if (filled > 0 && (page != first + (uint)(filled / pageSize) || filled + pageSize > buffer.Length))
            {
                database.Write(buffer.AsSpan(0, filled), (long)(first - 1) * pageSize);
                filled = 0;
            }

            first = filled == 0 ? page : first;
            image.CopyTo(buffer, filled);
            filled += pageSize;
        }

        if (filled > 0)
        {
            database.Write(buffer.AsSpan(0, filled), (long)(first - 1) * pageSize);
        }
    }
}
