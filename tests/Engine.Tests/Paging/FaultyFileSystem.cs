using Sluice.Engine.Files;

namespace Sluice.Engine.Tests.Paging;

/// <summary>What happens at the chosen operation.</summary>
public enum Fault
{
    /// <summary>The operation fails once with <see cref="ResultCode.Full"/>; a write leaves its first half.</summary>
    FailOnce,

    /// <summary>It and all that follow fail; a write leaves its first half.</summary>
    FailForGood,

    /// <summary>The machine stops: it and all that follow have no effect; a write leaves its first half.</summary>
    Crash,
}

/// <summary>The machine has stopped.</summary>
public sealed class CrashException : Exception;

/// <summary>Real files on which the operation of a given number, counted over everything that changes a disk, goes wrong.</summary>
public sealed class FaultyFileSystem(Fault fault) : FileSystem
{
    private readonly PosixFileSystem _files = PosixFileSystem.Instance;

    /// <summary>Operations still to succeed; negative for all.</summary>
    public int Remaining { get; set; } = -1;

    public int Operations { get; private set; }

    public override EngineFile Open(string path, FileAccessMode mode) => new FaultyFile(this, _files.Open(path, mode));

    public override bool Exists(string path) => _files.Exists(path);

    public override void Delete(string path)
    {
        Step(path, null);
        _files.Delete(path);
    }

    public override void SyncFolderOf(string path)
    {
        Step(path, null);
        _files.SyncFolderOf(path);
    }

    public override IReadOnlyList<string> WithPrefix(string path) => _files.WithPrefix(path);

    public override string Canonical(string path) => _files.Canonical(path);

    private void Step(string path, Action? half)
    {
        Operations++;
        if (Remaining < 0)
        {
            return;
        }

        if (Remaining > 0)
        {
            Remaining--;
            return;
        }

        if (fault == Fault.FailOnce)
        {
            Remaining = -1;
        }

        half?.Invoke();
        throw fault == Fault.Crash ? new CrashException() : new SluiceException(ResultCode.Full, $"{path}: no space, says the test");
    }

    private sealed class FaultyFile(FaultyFileSystem owner, EngineFile file) : EngineFile(file.Path)
    {
        public override long Length => file.Length;

        protected override int ReadSome(Span<byte> buffer, long offset) => file.Read(buffer, offset);

        public override void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            byte[] half = bytes[..(bytes.Length / 2)].ToArray();
            owner.Step(Path, () => file.Write(half, offset));
            file.Write(bytes, offset);
        }

        public override void Sync()
        {
            owner.Step(Path, null);
            file.Sync();
        }

        public override void SetLength(long length)
        {
            owner.Step(Path, null);
            file.SetLength(length);
        }

        public override bool TryLock(long start, long length, bool exclusive) => file.TryLock(start, length, exclusive);

        public override void Unlock(long start, long length) => file.Unlock(start, length);

        public override void Dispose() => file.Dispose();
    }
}
