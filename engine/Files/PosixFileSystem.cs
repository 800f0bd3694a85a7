using System.Runtime.InteropServices;
using System.Text;
using static Sluice.Engine.Files.NativeMethods;

namespace Sluice.Engine.Files;

/// <summary>The files of Linux, by libc: positional reads and writes, fdatasync, locks that belong to the open file.</summary>
public sealed class PosixFileSystem : FileSystem
{
    /// <summary>rw-r--r--, narrowed by the process's umask, as sqlite3 makes its files.</summary>
    private const uint NewFileMode = 0x1a4;

    private PosixFileSystem()
    {
    }

    public static PosixFileSystem Instance { get; } = new();

    public override EngineFile Open(string path, FileAccessMode mode)
    {
        RequireLinux();
        int flags = Constants.CloseOnExec | mode switch
        {
            FileAccessMode.ReadOnly => Constants.ReadOnly,
            FileAccessMode.ReadWrite => Constants.ReadWrite,
            FileAccessMode.CreateOrOpen => Constants.ReadWrite | Constants.Create,
            _ => Constants.ReadWrite | Constants.Create | Constants.Exclusive,
        };
        return new PosixFile(path, OpenDescriptor(path, flags));
    }

    public override bool Exists(string path)
    {
        RequireLinux();
        return Access(path, 0) == 0;
    }

    public override void Delete(string path)
    {
        RequireLinux();
        if (Unlink(path) != 0 && Marshal.GetLastPInvokeError() is var errno && errno != Errno.NoEntry)
        {
            throw FileErrors.Using(path, "delete the file", errno, ResultCode.IoError);
        }
    }

    public override void SyncFolderOf(string path)
    {
        RequireLinux();
        string folder = FolderOf(path);
        using FileDescriptor descriptor = OpenFolderOf(path);
        if (Sync(descriptor) != 0)
        {
            throw FileErrors.Using(folder, "sync the folder to disk", Marshal.GetLastPInvokeError(), ResultCode.IoErrorSync);
        }
    }

    public override IReadOnlyList<string> WithPrefix(string path)
    {
        string folder = FolderOf(path);
        string prefix = Path.GetFileName(path);
        List<string> found = [];
        try
        {
            foreach (string file in Directory.EnumerateFiles(folder))
            {
                if (Path.GetFileName(file).StartsWith(prefix, StringComparison.Ordinal))
                {
                    found.Add(file);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SluiceException(ResultCode.CannotOpen, $"{folder}: cannot list the folder: {error.Message}", error);
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>Symbolic links resolved; a file that is not there yet keeps its name in its folder's true path.</summary>
    public override string Canonical(string path)
    {
        RequireLinux();
        string full = Path.GetFullPath(path);
        if (Resolve(full) is { } resolved)
        {
            return resolved;
        }

        return Resolve(FolderOf(full)) is { } folder ? Path.Combine(folder, Path.GetFileName(full)) : full;
    }

    /// <summary>The folder of a file, open.</summary>
    internal static FileDescriptor OpenFolderOf(string path) => OpenDescriptor(FolderOf(path), Constants.ReadOnly | Constants.CloseOnExec);

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";

    private static FileDescriptor OpenDescriptor(string path, int flags)
    {
        while (true)
        {
            int descriptor = NativeMethods.Open(path, flags, NewFileMode);
            if (descriptor >= 0)
            {
                return new FileDescriptor(descriptor);
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.Interrupted)
            {
                throw FileErrors.Opening(path, errno);
            }
        }
    }

    private static unsafe string? Resolve(string path)
    {
        Span<byte> buffer = stackalloc byte[Constants.PathMax];
        fixed (byte* resolved = buffer)
        {
            if (RealPath(path, resolved) == 0)
            {
                return null;
            }
        }

        return Encoding.UTF8.GetString(buffer[..buffer.IndexOf((byte)0)]);
    }

    private static void RequireLinux()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Database files are supported on Linux only.");
        }
    }
}
