using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Sensors.Kernel;

/// <summary>An open character device.</summary>
internal sealed unsafe class KernelFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly string _path;

    private KernelFile(string path, int descriptor)
    {
        _path = path;
        _handle = descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Errno.Fault(path);
    }

    /// <summary>Opens a device.</summary>
    public static KernelFile Open(string path, int flags) => new(path, Libc.Open(path, flags | Libc.CloseOnExec));

    /// <summary>Takes over what a call of the kernel opened.</summary>
    /// <param name="path">What errors call it.</param>
    /// <param name="descriptor">Owned from now on.</param>
    public static KernelFile Own(string path, int descriptor) => new(path, descriptor);

    public void Control<T>(nuint request, ref T argument, string what)
        where T : unmanaged
    {
        fixed (T* pointer = &argument)
        {
            Control(request, pointer, what);
        }
    }

    public void Control(nuint request, void* argument, string what)
    {
        while (Libc.Ioctl(_handle, request, argument) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Errno.Interrupted)
            {
                throw Errno.Fault($"{_path}: {what}");
            }
        }
    }

    /// <summary>Waits until there is something to read; false when the time is over.</summary>
    public bool WaitReadable(TimeSpan timeout) => Wait(Libc.PollIn, timeout);

    /// <summary>Waits until there is room for more; a serial line takes so much at its own pace.</summary>
    private bool WaitWritable() => Wait(Libc.PollOut, TimeSpan.FromSeconds(1));

    private bool Wait(short what, TimeSpan timeout)
    {
        bool taken = false;
        try
        {
            _handle.DangerousAddRef(ref taken);
            PollEntry entry = new() { File = (int)_handle.DangerousGetHandle(), Events = what };
            int ready = Libc.Poll(&entry, 1, (int)Math.Ceiling(timeout.TotalMilliseconds));
            if (ready < 0 && Marshal.GetLastPInvokeError() != Errno.Interrupted)
            {
                throw Errno.Fault($"{_path}: poll");
            }

            if (ready > 0 && (entry.Results & (Libc.PollError | Libc.PollHangUp)) != 0 && (entry.Results & what) == 0)
            {
                throw Errno.Fault(Errno.NoDevice, _path);
            }

            return ready > 0;
        }
        finally
        {
            if (taken)
            {
                _handle.DangerousRelease();
            }
        }
    }

    /// <summary>What is there now; 0 bytes when nothing is.</summary>
    public int Read(Span<byte> into)
    {
        fixed (byte* pointer = into)
        {
            nint count = Libc.Read(_handle, pointer, (nuint)into.Length);
            if (count >= 0)
            {
                return (int)count;
            }

            int error = Marshal.GetLastPInvokeError();
            return error is Errno.Again or Errno.Interrupted ? 0 : throw Errno.Fault(error, $"{_path}: read");
        }
    }

    /// <summary>Writes all of it.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            fixed (byte* pointer = bytes)
            {
                nint count = Libc.Write(_handle, pointer, (nuint)bytes.Length);
                if (count >= 0)
                {
                    bytes = bytes[(int)count..];
                    continue;
                }

                int error = Marshal.GetLastPInvokeError();
                if (error is not (Errno.Again or Errno.Interrupted) || !WaitWritable())
                {
                    throw Errno.Fault(error, $"{_path}: write");
                }

            }
        }
    }

    public void Dispose() => _handle.Dispose();
}
