using System.Net;
using System.Net.Sockets;
using Sluice.Engine;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>A listening TCP socket and the loop that accepts from it.</summary>
internal sealed class Listener : IDisposable
{
    /// <summary>Connections the kernel holds until they are accepted: a site's devices all coming back after a power cut.</summary>
    private const int Backlog = 1024;

    private readonly Socket _socket;
    private readonly BrokerCore _core;
    private readonly Action<Socket> _accepted;
    private readonly CancellationTokenSource _stop = new();

    private Listener(Socket socket, BrokerCore core, Action<Socket> accepted)
    {
        _socket = socket;
        _core = core;
        _accepted = accepted;
        Endpoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    public IPEndPoint Endpoint { get; }

    /// <summary>Binds and listens. Throws <see cref="SluiceException"/> that names the endpoint and the reason.</summary>
    public static Listener Open(ListenAddress address, IPAddress ip, BrokerCore core, Action<Socket> accepted)
    {
        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (ip.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(new IPEndPoint(ip, address.Port));
            socket.Listen(Backlog);
            return new Listener(socket, core, accepted);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new SluiceException(ResultCode.CannotOpen, $"mqtt: cannot listen on {address.Text}: {Explain(e)}", e);
        }
    }

    /// <summary>Accepts until disposed. A failing accept (no more descriptors) is tried again after a pause.</summary>
    public async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _accepted(await _socket.AcceptAsync(_stop.Token).ConfigureAwait(false));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                if (_stop.IsCancellationRequested)
                    return;
                MqttLog.AcceptFailed(_core.Log, Endpoint.ToString(), e);
                await Task.Delay(TimeSpan.FromSeconds(1), _core.Time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _socket.Dispose();
    }

    private static string Explain(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "address already in use (another broker may run on it: stop it, or choose another port in mqtt.listen)",
        SocketError.AccessDenied => "permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)",
        SocketError.AddressNotAvailable => "this machine has no such address",
        _ => e.Message,
    };
}
