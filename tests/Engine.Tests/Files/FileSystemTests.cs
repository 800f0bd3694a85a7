using Sluice.Engine.Files;

namespace Sluice.Engine.Tests.Files;

/// <summary>Files in memory behave as those of Linux do.</summary>
public sealed class FileSystemTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<bool> Both() => [true, false];

    [Theory]
    [MemberData(nameof(Both))]
    public void What_is_written_is_read_and_the_end_is_the_end(bool memory)
    {
        FileSystem files = Make(memory);
        using EngineFile file = files.Open(_folder.File("a"), FileAccessMode.CreateNew);
        byte[] bytes = new byte[200000];
        new Random(1).NextBytes(bytes);
        file.Write(bytes, 100);
        file.Sync();
        Assert.Equal(200100, file.Length);
        byte[] read = new byte[200200];
        Assert.Equal(200100, file.Read(read, 0));
        Assert.True(read.AsSpan(0, 100).IndexOfAnyExcept((byte)0) < 0);
        Assert.True(read.AsSpan(100, 200000).SequenceEqual(bytes));
        Assert.Equal(0, file.Read(read, 300000));
        file.SetLength(150);
        file.SetLength(400);
        Assert.Equal(400, file.Read(read, 0));
        Assert.True(read.AsSpan(100, 50).SequenceEqual(bytes.AsSpan(0, 50)));
        Assert.True(read.AsSpan(150, 250).IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Files_are_made_found_and_deleted(bool memory)
    {
        FileSystem files = Make(memory);
        string path = _folder.File("x.db");
        Assert.False(files.Exists(path));
        SluiceException missing = Assert.Throws<SluiceException>(() => files.Open(path, FileAccessMode.ReadWrite));
        Assert.Equal(ResultCode.CannotOpen, missing.Code);
        Assert.Equal($"{path}: unable to open database file: No such file or directory", missing.Message);
        files.Open(path, FileAccessMode.CreateOrOpen).Dispose();
        files.Open(path + "-log.2", FileAccessMode.CreateNew).Dispose();
        files.Open(path + "-log.1", FileAccessMode.CreateNew).Dispose();
        files.Open(_folder.File("y.db"), FileAccessMode.CreateNew).Dispose();
        files.SyncFolderOf(path);
        Assert.Contains("File exists", Assert.Throws<SluiceException>(() => files.Open(path, FileAccessMode.CreateNew)).Message);
        Assert.Equal([path, path + "-log.1", path + "-log.2"], files.WithPrefix(path));
        files.Delete(path);
        files.Delete(path);
        Assert.False(files.Exists(path));
        Assert.Equal([path + "-log.1", path + "-log.2"], files.WithPrefix(path));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Locks_belong_to_the_open_file(bool memory)
    {
        FileSystem files = Make(memory);
        string path = _folder.File("l");
        using EngineFile a = files.Open(path, FileAccessMode.CreateOrOpen);
        using EngineFile b = files.Open(path, FileAccessMode.CreateOrOpen);
        Assert.True(a.TryLock(10, 10, exclusive: false));
        Assert.True(b.TryLock(15, 10, exclusive: false));
        Assert.False(b.TryLock(15, 10, exclusive: true));
        a.Unlock(15, 2);
        Assert.False(b.TryLock(15, 3, exclusive: true));
        Assert.True(b.TryLock(15, 2, exclusive: true));
        Assert.False(a.TryLock(16, 1, exclusive: false));
        a.Unlock(0, 100);
        Assert.True(b.TryLock(0, 100, exclusive: true));
        Assert.False(a.TryLock(99, 1, exclusive: false));

        // Closing another open file of the same process gives up nothing.
        files.Open(path, FileAccessMode.ReadOnly).Dispose();
        Assert.False(a.TryLock(99, 1, exclusive: false));
        b.Dispose();
        Assert.True(a.TryLock(99, 1, exclusive: true));
    }

    [Fact]
    public void Errors_name_the_path_and_the_reason()
    {
        PosixFileSystem files = PosixFileSystem.Instance;
        string lost = Path.Combine(_folder.File("no"), "where.db");
        SluiceException error = Assert.Throws<SluiceException>(() => files.Open(lost, FileAccessMode.CreateOrOpen));
        Assert.Equal($"{lost}: unable to open database file: no such folder: {_folder.File("no")}", error.Message);
        error = Assert.Throws<SluiceException>(() => files.Open(_folder.Path, FileAccessMode.ReadWrite));
        Assert.Equal($"{_folder.Path}: unable to open database file: Is a directory", error.Message);
        error = Assert.Throws<SluiceException>(() => files.Open("/proc/version", FileAccessMode.CreateNew));
        Assert.Contains("File exists", error.Message);
        error = Assert.Throws<SluiceException>(() => files.Delete(_folder.Path));
        Assert.StartsWith($"{_folder.Path}: cannot delete the file: ", error.Message);
        error = Assert.Throws<SluiceException>(() => files.WithPrefix(lost));
        Assert.Contains(_folder.File("no"), error.Message);
    }

    [Fact]
    public void A_full_disk_has_its_own_code()
    {
        using EngineFile full = PosixFileSystem.Instance.Open("/dev/full", FileAccessMode.ReadWrite);
        SluiceException error = Assert.Throws<SluiceException>(() => full.Write([1, 2, 3], 0));
        Assert.Equal(ResultCode.Full, error.Code);
        Assert.Equal("/dev/full: cannot write 3 bytes at offset 0: No space left on device", error.Message);
    }

    [Fact]
    public void A_file_without_permission_says_so()
    {
        // Root may do everything to ordinary files; nobody may write to a read-only file of the kernel.
        SluiceException error = Assert.Throws<SluiceException>(() => PosixFileSystem.Instance.Open("/proc/sys/kernel/ostype", FileAccessMode.ReadWrite));
        Assert.Matches("^/proc/sys/kernel/ostype: unable to open database file: (Permission denied|Read-only file system)$", error.Message);
    }

    [Fact]
    public void Every_way_to_a_file_has_the_same_canonical_name()
    {
        PosixFileSystem files = PosixFileSystem.Instance;
        string path = files.Canonical(_folder.File("ä.db"));
        Assert.EndsWith("/ä.db", path);
        Assert.Equal(path, files.Canonical(Path.Combine(_folder.Path, ".", "..", Path.GetFileName(_folder.Path), "ä.db")));
        File.WriteAllText(path, "");
        File.CreateSymbolicLink(_folder.File("link.db"), path);
        Directory.CreateSymbolicLink(_folder.File("folder"), _folder.Path);
        Assert.Equal(path, files.Canonical(_folder.File("link.db")));
        Assert.Equal(path, files.Canonical(Path.Combine(_folder.File("folder"), "ä.db")));
        Assert.EndsWith("/new.db", files.Canonical(Path.Combine(_folder.File("folder"), "new.db")));
        Assert.DoesNotContain("/folder/", files.Canonical(Path.Combine(_folder.File("folder"), "new.db")));
    }

    private static FileSystem Make(bool memory) => memory ? new MemoryFileSystem() : PosixFileSystem.Instance;
}
