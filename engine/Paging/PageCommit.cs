using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Files;

namespace Sluice.Engine.Paging;

/// <summary>
/// Writes one commit's pages into the file under a rollback journal ("Atomic Commit In SQLite", section 3). In this order:
/// journal of the old images, synced with its folder; EXCLUSIVE; pages; sync; removal of the journal, which is the commit; folder synced.
/// <para>Recovery: a crash before the removal leaves a hot journal, which restores the old state; after it the new state is whole.</para>
/// <para>Assumes, as SQLite does by default, that a power cut while writing some bytes does not change bytes beside them ("powersafe overwrite").</para>
/// </summary>
internal sealed class PageCommit(FileSystem files, EngineFile database, string journalPath, int pageSize)
{
    /// <summary>Neighbouring pages are written together, up to this much.</summary>
    private const int BufferSize = 1 << 18;

    /// <summary>Saves the old images; after it returns, the file may be changed.</summary>
    public void WriteJournal(uint nonce, uint initialPages, ReadOnlySpan<DirtyImage> oldImages)
    {
        try
        {
            JournalWriter.Write(files, journalPath, nonce, initialPages, pageSize, oldImages);
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

    /// <summary>Writes the new images and makes them final.</summary>
    public void WritePages(ReadOnlySpan<DirtyImage> images, uint pageCount)
    {
        WriteImages(images);

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

    /// <summary>Brings the file back to the state before the commit.</summary>
    public void Restore(ReadOnlySpan<DirtyImage> oldImages, uint initialPages)
    {
        WriteImages(oldImages);
        database.SetLength((long)initialPages * pageSize);
        database.Sync();
        DropJournal();
    }

    private void WriteImages(ReadOnlySpan<DirtyImage> images)
    {
        byte[] buffer = new byte[Math.Min((long)images.Length * pageSize, BufferSize)];
        for (int i = 0; i < images.Length;)
        {
            uint first = images[i].Page;
            int filled = 0;
            do
            {
                images[i].Image.CopyTo(buffer, filled);
                filled += pageSize;
                i++;
            }
            while (i < images.Length && images[i].Page == images[i - 1].Page + 1 && filled + pageSize <= buffer.Length);

            database.Write(buffer.AsSpan(0, filled), (long)(first - 1) * pageSize);
        }
    }
}
