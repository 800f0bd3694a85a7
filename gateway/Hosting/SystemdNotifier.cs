using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Gateway.Hosting;

/// <summary>
/// Tells systemd how the service is: a datagram of <c>KEY=value</c> lines to the socket that <c>NOTIFY_SOCKET</c> names
/// (sd_notify(3)). Without that variable it does nothing. A failed notification is not an error of the gateway: systemd
/// notices by itself what is missing.
/// </summary>
public sealed class SystemdNotifier : IDisposable
{
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _endpoint;

    /// <param name="notifySocket">The variable's value: a path, or an abstract name after <c>@</c>.</param>
    /// <param name="watchdogUsec">The value of <c>WATCHDOG_USEC</c>.</param>
    public SystemdNotifier(string? notifySocket, string? watchdogUsec)
    {
        if (string.IsNullOrEmpty(notifySocket))
        {
            return;
        }

        // unix(7): an abstract address begins with a null byte, which systemd writes as '@'.
        _endpoint = new UnixDomainSocketEndPoint(notifySocket[0] == '@' ? "\0" + notifySocket[1..] : notifySocket);
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        if (long.TryParse(watchdogUsec, NumberStyles.None, CultureInfo.InvariantCulture, out long usec) && usec > 0)
        {
            // sd_watchdog_enabled(3) advises half of the time.
            WatchdogInterval = TimeSpan.FromMicroseconds(usec / 2.0);
        }
    }

    /// <summary>How often <see cref="Watchdog"/> is due; null when systemd does not watch.</summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <summary>A notifier from the process's environment.</summary>
    public static SystemdNotifier FromEnvironment() =>
        new(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), Environment.GetEnvironmentVariable("WATCHDOG_USEC"));

    /// <summary>The service is up; the text is what <c>systemctl status</c> shows.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>The service begins to stop.</summary>
    public void Stopping() => Send("STOPPING=1\nSTATUS=storing what has been taken");

    /// <summary>What <c>systemctl status</c> shows from now on.</summary>
    public void Status(string status) => Send($"STATUS={status.ReplaceLineEndings(" ")}");

    /// <summary>The service is alive.</summary>
    public void Watchdog() => Send("WATCHDOG=1");

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private void Send(string message)
    {
        try
        {
            _socket?.SendTo(Encoding.UTF8.GetBytes(message), _endpoint!);
        }
        catch (SocketException)
        {
            // Nobody listens there any more.
        }
    }
}
