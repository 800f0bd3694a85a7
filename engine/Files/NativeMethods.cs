using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Engine.Files;

/// <summary>The calls of libc that .NET does not offer with the guarantees needed here. Linux, 64-bit.</summary>
internal static partial class NativeMethods
{
    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, uint mode);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(nint descriptor);

    [LibraryImport(Library, EntryPoint = "pread", SetLastError = true)]
    public static unsafe partial nint Read(FileDescriptor descriptor, byte* buffer, nuint count, long offset);

    [LibraryImport(Library, EntryPoint = "pwrite", SetLastError = true)]
    public static unsafe partial nint Write(FileDescriptor descriptor, byte* buffer, nuint count, long offset);

    [LibraryImport(Library, EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int SyncContent(FileDescriptor descriptor);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(FileDescriptor descriptor);

    [LibraryImport(Library, EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(FileDescriptor descriptor, long length);

    [LibraryImport(Library, EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(FileDescriptor descriptor, long offset, int whence);

    [LibraryImport(Library, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unlink(string path);

    [LibraryImport(Library, EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport(Library, EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Access(string path, int mode);

    [LibraryImport(Library, EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial nint RealPath(string path, byte* resolved);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Control(FileDescriptor descriptor, int command, ref FileLock fileLock);

    /// <summary>Constants of Linux's asm-generic headers, the same on x64 and arm64 except where said.</summary>
    public static class Constants
    {
        public const int ReadOnly = 0;
        public const int ReadWrite = 2;
        public const int Create = 0x40;
        public const int Exclusive = 0x80;
        public const int NonBlocking = 0x800;
        public const int CloseOnExec = 0x80000;

        /// <summary>O_NOFOLLOW, of which arm64 has another value.</summary>
        public static readonly int NoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

        public const int SeekEnd = 2;

        /// <summary>fcntl(2), "Open file description locks": they belong to the open file, not to the process.</summary>
        public const int SetOpenFileLock = 37;

        public const short ReadLock = 0;
        public const short WriteLock = 1;
        public const short NoLock = 2;

        /// <summary>The longest path with its terminating zero.</summary>
        public const int PathMax = 4096;
    }

    /// <summary>errno values (asm-generic/errno.h).</summary>
    public static class Errno
    {
        public const int PermissionDenied = 13;
        public const int NotPermitted = 1;
        public const int NoEntry = 2;
        public const int Interrupted = 4;
        public const int NoSuchDevice = 6;
        public const int TryAgain = 11;
        public const int FileExists = 17;
        public const int IsFolder = 21;
        public const int FileTooLarge = 27;
        public const int NoSpace = 28;
        public const int ReadOnlyFileSystem = 30;
        public const int QuotaExceeded = 122;
    }

    /// <summary>struct flock with 64-bit offsets.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FileLock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int ProcessId;
    }
}

/// <summary>An open file descriptor, closed once nobody uses it any more.</summary>
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    public FileDescriptor(int descriptor) : base(ownsHandle: true)
    {
        SetHandle(descriptor);
    }

    protected override bool ReleaseHandle() => NativeMethods.Close(handle) == 0;
}
