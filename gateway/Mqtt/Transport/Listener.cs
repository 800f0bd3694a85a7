using System.Net;
using System.Net.Sockets;
using Sluice.Engine;
using Sluice.Gateway.Mqtt.Broker;

namespace Sluice.Gateway.Mqtt.Transport;

/// <summary>A listening socket and the loop that accepts from it.</summary>
internal sealed class Listener : IDisposable
{
    /// <summary>Connections the kernel holds until they are accepted: a site's devices all coming back after a power cut.</summary>
    private const int Backlog = 1024;

    // Whoever may use the file's group may publish; the folder's rights say more.
    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private readonly Socket _socket;
    private readonly BrokerCore _core;
    private readonly Action<Listener, Socket> _accepted;
    private readonly CancellationTokenSource _stop = new();

    private Listener(ListenAddress address, Socket socket, BrokerCore core, Action<Listener, Socket> accepted)
    {
        Address = address;
        _socket = socket;
        _core = core;
        _accepted = accepted;
        Endpoint = socket.LocalEndPoint!;
    }

    public ListenAddress Address { get; }

    public EndPoint Endpoint { get; }

    /// <summary>What a client connects to.</summary>
    public string Url => Address.Describe(Endpoint);

    /// <summary>Binds and listens. Throws <see cref="SluiceException"/> that names the endpoint and the reason.</summary>
    public static Listener Open(ListenAddress address, EndPoint endpoint, BrokerCore core, Action<Listener, Socket> accepted)
    {
        bool isUnix = address.Kind == TransportKind.Unix;
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            if (endpoint is IPEndPoint { Address: var ip } && ip.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            if (isUnix)
                Prepare(address, endpoint);
            socket.Bind(endpoint);
            if (isUnix)
                File.SetUnixFileMode(address.Path, SocketMode);
            socket.Listen(Backlog);
            return new Listener(address, socket, core, accepted);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            throw new SluiceException(ResultCode.CannotOpen, $"mqtt: cannot listen on {address.Text}: {Explain(e)}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Accepts until disposed. A failing accept (no more descriptors) is tried again after a pause.</summary>
    public async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _accepted(this, await _socket.AcceptAsync(_stop.Token).ConfigureAwait(false));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                if (_stop.IsCancellationRequested)
                    return;
                MqttLog.AcceptFailed(_core.Log, Url, e);
                await Task.Delay(TimeSpan.FromSeconds(1), _core.Time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _socket.Dispose();
        if (Address.Kind == TransportKind.Unix)
            File.Delete(Address.Path);
    }

    // A socket's file outlives a process that was killed. It is removed when nobody answers there.
    private static void Prepare(ListenAddress address, EndPoint endpoint)
    {
        string folder = Path.GetDirectoryName(address.Path) ?? "/";
        if (!Directory.Exists(folder))
            throw new SluiceException(ResultCode.CannotOpen, $"mqtt: cannot listen on {address.Text}: there is no folder {folder}; make it, or choose another path in mqtt.listen");
        if (!Path.Exists(address.Path))
            return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused && (File.GetAttributes(address.Path) & FileAttributes.Directory) == 0)
        {
            // A plain file refuses connections too, and is not ours to remove.
            if (new FileInfo(address.Path).Length > 0)
                throw new SluiceException(ResultCode.CannotOpen, $"mqtt: cannot listen on {address.Text}: there is a file of that name which is no socket; choose another path in mqtt.listen", e);
            File.Delete(address.Path);
            return;
        }
        throw new SocketException((int)SocketError.AddressAlreadyInUse);
    }

    private static string Explain(Exception e) => (e as SocketException)?.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "address already in use (another broker may run on it: stop it, or choose another in mqtt.listen)",
        SocketError.AccessDenied => "permission denied (ports below 1024 need CAP_NET_BIND_SERVICE, a socket's folder must be writable)",
        SocketError.AddressNotAvailable => "this machine has no such address",
        _ => e.Message,
    };
}
