using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using static Sluice.Engine.Files.NativeMethods;

namespace Sluice.Engine.Files;

/// <summary>
/// The socket beside a database file, <c>x.db-sock</c>. Only the process that holds the file's lock makes or removes it, so one that is
/// there without the lock being held was left by a crash, and nobody can remove another's that is in use.
/// <para>A path that does not fit into a socket's address (unix(7): 108 bytes) is reached through its open folder in /proc.</para>
/// </summary>
internal sealed class SocketFile : IDisposable
{
    /// <summary>sun_path of unix(7), without the terminating zero.</summary>
    private const int LongestAddress = 107;

    private const UnixFileMode ReadAndWrite =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly FileDescriptor? _folder;

    private SocketFile(Socket socket, FileDescriptor? folder)
    {
        Socket = socket;
        _folder = folder;
    }

    public Socket Socket { get; }

    public static string PathFor(string database) => database + "-sock";

    /// <summary>Removes what a crash left, and listens. The caller holds the database file's lock.</summary>
    /// <exception cref="SluiceException">The file system has no sockets, the name is too long, or something else is there under that name.</exception>
    public static SocketFile Listen(string database, int backlog)
    {
        string path = PathFor(database);
        RemoveStale(database);
        FileDescriptor? folder = null;
        Socket socket = NewSocket();
        try
        {
            UnixDomainSocketEndPoint address = AddressOf(path, out folder);
            UnixFileMode mode = File.GetUnixFileMode(database) & ReadAndWrite;

            // Before it has a name, so that it is never open to more than the file is; then exactly, whatever the process's umask.
            if (ChangeMode((int)socket.Handle, (uint)mode) != 0)
            {
                throw FileErrors.Using(path, "set the socket's mode", Marshal.GetLastPInvokeError(), ResultCode.CannotOpen);
            }

            socket.Bind(address);
            File.SetUnixFileMode(path, mode);
            socket.Listen(backlog);
            return new SocketFile(socket, folder);
        }
        catch (Exception error) when (error is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            folder?.Dispose();
            throw new SluiceException(ResultCode.CannotOpen, $"{path}: cannot listen: {error.Message}", error);
        }
        catch
        {
            socket.Dispose();
            folder?.Dispose();
            throw;
        }
    }

    /// <summary>Removes the socket that a crash left. The caller holds the database file's lock.</summary>
    public static void RemoveStale(string database)
    {
        string path = PathFor(database);
        if (IsSocket(path))
        {
            PosixFileSystem.Instance.Delete(path);
        }
    }

    /// <summary>Connects to the owner of a database file; null when nobody listens there.</summary>
    /// <exception cref="SluiceException">This process may not connect.</exception>
    public static Socket? TryConnect(string database)
    {
        string path = PathFor(database);
        Socket socket = NewSocket();
        try
        {
            UnixDomainSocketEndPoint address = AddressOf(path, out FileDescriptor? folder);
            using (folder)
            {
                socket.Connect(address);
            }

            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            return error.SocketErrorCode == SocketError.AccessDenied
                ? throw new SluiceException(ResultCode.Permission, $"{path}: access permission denied: {error.Message}", error)
                : null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Closes and removes the socket. The caller still holds the database file's lock.</summary>
    public void Dispose()
    {
        Socket.Dispose();
        _folder?.Dispose();
    }

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static UnixDomainSocketEndPoint AddressOf(string path, out FileDescriptor? folder)
    {
        folder = null;
        if (Encoding.UTF8.GetByteCount(path) <= LongestAddress)
        {
            return new UnixDomainSocketEndPoint(path);
        }

        folder = PosixFileSystem.OpenFolderOf(path);
        string shortened = $"/proc/self/fd/{folder.DangerousGetHandle()}/{Path.GetFileName(path)}";
        if (Encoding.UTF8.GetByteCount(shortened) <= LongestAddress)
        {
            return new UnixDomainSocketEndPoint(shortened);
        }

        folder.Dispose();
        throw new SluiceException(ResultCode.CannotOpen, $"{path}: the file's name is too long for a socket beside it");
    }

    /// <summary>open(2) tells a socket from all other files by its error.</summary>
    private static bool IsSocket(string path)
    {
        int descriptor = Open(path, Constants.ReadOnly | Constants.NonBlocking | Constants.NoFollow | Constants.CloseOnExec, 0);
        if (descriptor >= 0)
        {
            _ = Close(descriptor);
            return false;
        }

        return Marshal.GetLastPInvokeError() == Errno.NoSuchDevice;
    }
}
