namespace Sluice.Engine.Files;

/// <summary>How <see cref="FileSystem.Open"/> opens.</summary>
public enum FileAccessMode
{
    ReadOnly,
    ReadWrite,

    /// <summary>Read and write; made empty if it is not there.</summary>
    CreateOrOpen,

    /// <summary>Read and write; an error if it is there.</summary>
    CreateNew,
}

/// <summary>
/// The operating system's files as the engine sees them: injected, so that memory and a simulation can take their
/// place. Errors are <see cref="SluiceException"/> with the path and the operating system's reason.
/// </summary>
public abstract class FileSystem
{
    public abstract EngineFile Open(string path, FileAccessMode mode);

    public abstract bool Exists(string path);

    /// <summary>Removes a file; nothing happens if it is not there.</summary>
    public abstract void Delete(string path);

    /// <summary>Makes creations and removals in the folder of <paramref name="path"/> durable.</summary>
    public abstract void SyncFolderOf(string path);

    /// <summary>Full paths of the files in the folder of <paramref name="path"/> whose names begin with its file name.</summary>
    public abstract IReadOnlyList<string> WithPrefix(string path);

    /// <summary>A name that is the same for every path that leads to the same file.</summary>
    public abstract string Canonical(string path);
}

/// <summary>An open file. Reads and writes at offsets may run at the same time.</summary>
public abstract class EngineFile(string path) : IDisposable
{
    public string Path { get; } = path;

    public abstract long Length { get; }

    /// <summary>Reads the whole buffer; fewer bytes only at the end of the file.</summary>
    public int Read(Span<byte> buffer, long offset)
    {
        int done = 0;
        while (done < buffer.Length && ReadSome(buffer[done..], offset + done) is var count and > 0)
        {
            done += count;
        }

        return done;
    }

    public abstract void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Reads at least a byte, and as many as the system gives at once; none only at the end of the file.</summary>
    protected abstract int ReadSome(Span<byte> buffer, long offset);

    /// <summary>Returns when everything written is on the disk (fdatasync).</summary>
    public abstract void Sync();

    public abstract void SetLength(long length);

    /// <summary>Takes a byte-range lock without waiting; false if another open file holds one that excludes it.</summary>
    public abstract bool TryLock(long start, long length, bool exclusive);

    public abstract void Unlock(long start, long length);

    public abstract void Dispose();
}
