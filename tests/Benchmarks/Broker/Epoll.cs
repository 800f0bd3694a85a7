using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sluice.Benchmarks.Broker;

/// <summary>
/// Linux's epoll, level-triggered: which of many sockets can be read or written. The load generator is one thread over this, so that it costs
/// little beside the broker that it measures.
/// </summary>
internal sealed partial class Epoll : IDisposable
{
    // linux/eventpoll.h.
    private const int Add = 1;
    private const int Modify = 3;
    private const uint Readable = 0x001;
    private const uint Writable = 0x004;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int s_eventSize = s_dataOffset + 8;

    private readonly byte[] _events = new byte[s_eventSize * 512];
    private readonly int _descriptor = epoll_create1(0);

    /// <summary>Watches a socket for input.</summary>
    public void Watch(Socket socket, int index) => Control(Add, socket, index, Readable);

    /// <summary>Watches for room to write as well, or no longer.</summary>
    public void WatchOutput(Socket socket, int index, bool wanted) => Control(Modify, socket, index, wanted ? Readable | Writable : Readable);

    /// <summary>Waits until something can be done, at most so long; how many events there are.</summary>
    public int Wait(int timeoutMs)
    {
        int count = epoll_wait(_descriptor, _events, _events.Length / s_eventSize, timeoutMs);
        return Math.Max(count, 0);
    }

    /// <summary>The index that an event's socket was watched with.</summary>
    public int IndexOf(int number) => BinaryPrimitives.ReadInt32LittleEndian(_events.AsSpan((number * s_eventSize) + s_dataOffset));

    public void Dispose() => _ = close(_descriptor);

    private void Control(int operation, Socket socket, int index, uint events)
    {
        byte[] wanted = new byte[s_eventSize];
        BinaryPrimitives.WriteUInt32LittleEndian(wanted, events);
        BinaryPrimitives.WriteInt32LittleEndian(wanted.AsSpan(s_dataOffset), index);
        if (epoll_ctl(_descriptor, operation, (int)socket.Handle, wanted) != 0)
        {
            throw new InvalidOperationException($"epoll_ctl failed with error {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc")]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int descriptor, int operation, int socket, [In] byte[] wanted);

    [LibraryImport("libc")]
    private static partial int epoll_wait(int descriptor, [Out] byte[] events, int maximum, int timeoutMs);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
