using Sluice.Engine.Files;

namespace Sluice.Engine.Log;

/// <summary>One file of the redo log: preallocated, so that a sync need not write the file's metadata.</summary>
internal sealed class LogSegment(EngineFile file, int slot, long size, ulong number) : IDisposable
{
    private const int ZeroChunkBytes = 1 << 20;

    public EngineFile File { get; } = file;

    public int Slot { get; } = slot;

    public long Size { get; } = size;

    /// <summary>The segment's number while in use; 0 for a spare one.</summary>
    public ulong Number { get; private set; } = number;

    /// <summary>The newest commit in it; 0 without any.</summary>
    public long LastCommit { get; set; }

    /// <summary>Whether its file may be gone already: it is then not used again.</summary>
    public bool IsBeingRemoved { get; set; }

    /// <summary>Bytes of batches in it.</summary>
    public long Bytes { get; set; }

    /// <summary>Makes a file full of zeros, on the disk when this returns.</summary>
    public static LogSegment Create(FileSystem fileSystem, string databasePath, int slot, long size)
    {
        string path = LogFormat.SlotPath(databasePath, slot);
        EngineFile file = fileSystem.Open(path, FileAccessMode.CreateNew);
        try
        {
            var segment = new LogSegment(file, slot, size, 0);
            segment.Clear(0);
            fileSystem.SyncFolderOf(path);
            return segment;
        }
        catch
        {
            file.Dispose();
            RemoveUnfinished(fileSystem, path);
            throw;
        }
    }

    /// <summary>So that a full disk is not filled with unfinished files; what stays all the same the next recovery removes.</summary>
    private static void RemoveUnfinished(FileSystem fileSystem, string path)
    {
        try
        {
            fileSystem.Delete(path);
        }
        catch (SluiceException)
        {
            // The error that made it unfinished is the one to tell.
        }
    }

    /// <summary>Gives the segment its number (0 makes it spare) and a new life; on the disk when this returns.</summary>
    public void Begin(uint pageSize, ulong salt, ulong number)
    {
        Span<byte> header = stackalloc byte[LogFormat.SegmentHeaderSize];
        LogFormat.WriteSegmentHeader(header, new SegmentHeader(pageSize, salt, number));
        File.Write(header, 0);
        File.Sync();
        Number = number;
        LastCommit = 0;
        Bytes = 0;
    }

    /// <summary>Overwrites everything from a place on with zeros; on the disk when this returns.</summary>
    public void Clear(long position)
    {
        byte[] zeros = new byte[(int)Math.Min(Size - position, ZeroChunkBytes)];
        for (long offset = position; offset < Size; offset += zeros.Length)
        {
            File.Write(zeros.AsSpan(0, (int)Math.Min(zeros.Length, Size - offset)), offset);
        }

        File.Sync();
    }

    /// <summary>
    /// Writes again what is in it before <paramref name="end"/>; on the disk when this returns. After a failed sync the kernel holds as clean what
    /// never got to the disk, so that the next process reads it, and a power cut takes it.
    /// </summary>
    public void WriteAgain(long end)
    {
        byte[] chunk = new byte[(int)Math.Min(end, ZeroChunkBytes)];
        for (long offset = 0; offset < end; offset += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - offset));
            if (File.Read(part, offset) < part.Length)
            {
                throw new CorruptFileException(File.Path, $"offset {offset}", "the file has become shorter while it was read");
            }

            File.Write(part, offset);
        }

        File.Sync();
    }

    public void Dispose() => File.Dispose();
}
