using System.Runtime.InteropServices;
using static Sluice.Engine.Files.NativeMethods;

namespace Sluice.Engine.Files;

/// <summary>A file of Linux.</summary>
internal sealed class PosixFile(string path, FileDescriptor descriptor) : EngineFile(path)
{
    public override long Length
    {
        get
        {
            long length = Seek(descriptor, 0, Constants.SeekEnd);
            return length >= 0 ? length : throw Failed("find the file's size", ResultCode.IoError);
        }
    }

    protected override unsafe int ReadSome(Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint count = NativeMethods.Read(descriptor, start, (nuint)buffer.Length, offset);
                if (count >= 0)
                {
                    return (int)count;
                }

                if (Marshal.GetLastPInvokeError() != Errno.Interrupted)
                {
                    throw Failed($"read {buffer.Length} bytes at offset {offset}", ResultCode.IoErrorRead);
                }
            }
        }
    }

    public override unsafe void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        int done = 0;
        fixed (byte* start = bytes)
        {
            while (done < bytes.Length)
            {
                nint count = NativeMethods.Write(descriptor, start + done, (nuint)(bytes.Length - done), offset + done);
                if (count > 0)
                {
                    done += (int)count;
                }
                else if (count == 0)
                {
                    throw FileErrors.Using(Path, $"write {bytes.Length} bytes at offset {offset}", Errno.NoSpace, ResultCode.Full);
                }
                else if (Marshal.GetLastPInvokeError() != Errno.Interrupted)
                {
                    throw Failed($"write {bytes.Length} bytes at offset {offset}", ResultCode.IoErrorWrite);
                }
            }
        }
    }

    /// <summary>Not repeated after an error: the kernel may have dropped what it could not write, so a second success proves nothing.</summary>
    public override void Sync()
    {
        if (SyncContent(descriptor) != 0)
        {
            throw Failed("sync the file to disk", ResultCode.IoErrorSync);
        }
    }

    public override void SetLength(long length)
    {
        while (Truncate(descriptor, length) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Errno.Interrupted)
            {
                throw Failed($"set the file's size to {length} bytes", ResultCode.IoErrorWrite);
            }
        }
    }

    public override bool TryLock(long start, long length, bool exclusive) =>
        Lock(exclusive ? Constants.WriteLock : Constants.ReadLock, start, length);

    public override void Unlock(long start, long length) => Lock(Constants.NoLock, start, length);

    public override void Dispose() => descriptor.Dispose();

    private bool Lock(short type, long start, long length)
    {
        FileLock range = new() { Type = type, Start = start, Length = length };
        while (Control(descriptor, Constants.SetOpenFileLock, ref range) != 0)
        {
            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.TryAgain or Errno.PermissionDenied:
                    return false;
                case Errno.Interrupted:
                    continue;
                default:
                    throw Failed($"lock {length} bytes at offset {start}", ResultCode.IoErrorLock);
            }
        }

        return true;
    }

    private SluiceException Failed(string action, ResultCode code) =>
        FileErrors.Using(Path, action, Marshal.GetLastPInvokeError(), code);
}
