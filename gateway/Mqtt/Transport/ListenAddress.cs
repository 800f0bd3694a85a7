using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sluice.Engine;

namespace Sluice.Gateway.Mqtt.Transport;

/// <summary>What carries MQTT's packets (MQTT 5.0 section 4.2).</summary>
public enum TransportKind
{
    Tcp,
    Tls,

    /// <summary>WebSocket (MQTT 5.0 section 6).</summary>
    WebSocket,

    /// <summary>WebSocket over TLS.</summary>
    SecureWebSocket,

    /// <summary>A Unix domain socket.</summary>
    Unix,
}

/// <summary>
/// An endpoint as written in the configuration: <c>tcp://host:port</c>, <c>tls://host:port</c>, <c>ws://host:port/path</c>, <c>wss://host:port/path</c>,
/// <c>unix:///path</c>; with <c>?proxy</c> after it where a proxy says who its clients are.
/// </summary>
/// <param name="Text">As written.</param>
/// <param name="Kind">The transport.</param>
/// <param name="Host">An address without brackets, a name, or <c>*</c>; empty for a Unix socket.</param>
/// <param name="Port">0 takes a free one.</param>
/// <param name="Path">The request's path for WebSocket, the file for a Unix socket.</param>
/// <param name="IsProxied">Whether each connection begins with a PROXY protocol header.</param>
public sealed record ListenAddress(string Text, TransportKind Kind, string Host, int Port, string Path, bool IsProxied)
{
    /// <summary>The path at which MQTT is found over WebSocket, by custom.</summary>
    public const string DefaultPath = "/mqtt";

    private const string ProxyMark = "?proxy";

    // sun_path of sockaddr_un, with its closing zero (unix(7)).
    private const int MostSocketPathBytes = 107;

    private static readonly (string Scheme, TransportKind Kind)[] Schemes =
    [
        ("tcp://", TransportKind.Tcp), ("tls://", TransportKind.Tls), ("ws://", TransportKind.WebSocket), ("wss://", TransportKind.SecureWebSocket), ("unix://", TransportKind.Unix),
    ];

    public bool IsEncrypted => Kind is TransportKind.Tls or TransportKind.SecureWebSocket;

    public bool IsWebSocket => Kind is TransportKind.WebSocket or TransportKind.SecureWebSocket;

    /// <summary>Parses an endpoint. Throws <see cref="SluiceException"/> that says what is wrong with it.</summary>
    public static ListenAddress Parse(string text)
    {
        (string scheme, TransportKind kind) = Array.Find(Schemes, known => text.StartsWith(known.Scheme, StringComparison.OrdinalIgnoreCase));
        if (scheme is null)
        {
            int colon = text.IndexOf("://", StringComparison.Ordinal);
            throw Wrong(text, colon > 0 ? $"transport '{text[..colon]}' is not supported, use tcp, tls, ws, wss or unix" : "it does not begin with tcp://, tls://, ws://, wss:// or unix://");
        }
        string rest = text[scheme.Length..];
        bool isProxied = rest.EndsWith(ProxyMark, StringComparison.Ordinal);
        if (isProxied)
            rest = rest[..^ProxyMark.Length];
        if (rest.Contains('?'))
            throw Wrong(text, "only ?proxy may stand at its end");
        if (kind == TransportKind.Unix)
            return ParseUnix(text, rest, isProxied);
        string path = "";
        int slash = rest.IndexOf('/');
        if (slash >= 0)
        {
            path = rest[slash..];
            rest = rest[..slash];
        }
        bool isWebSocket = kind is TransportKind.WebSocket or TransportKind.SecureWebSocket;
        if (path.Length > 0 && !isWebSocket)
            throw Wrong(text, $"{scheme} has no path");
        (string host, int port) = ParseHostAndPort(text, scheme, rest);
        return new ListenAddress(text, kind, host, port, isWebSocket && path.Length <= 1 ? DefaultPath : path, isProxied);
    }

    /// <summary>Whether the other cannot be listened on at the same time, as far as that can be told without looking names up.</summary>
    internal bool Overlaps(ListenAddress other) =>
        Kind == TransportKind.Unix || other.Kind == TransportKind.Unix
            ? Kind == other.Kind && Path == other.Path
            : Port != 0 && Port == other.Port && (Covers(Host, other.Host) || Covers(other.Host, Host));

    /// <summary>The addresses to listen on: several when a name has several.</summary>
    internal async Task<IReadOnlyList<EndPoint>> ResolveAsync(CancellationToken cancellationToken)
    {
        if (Kind == TransportKind.Unix)
            return [new UnixDomainSocketEndPoint(Path)];
        if (Host == "*")
            return [new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, Port)];
        if (IPAddress.TryParse(Host, out IPAddress? address))
            return [new IPEndPoint(address, Port)];
        try
        {
            return [.. (await Dns.GetHostAddressesAsync(Host, cancellationToken).ConfigureAwait(false)).Select(ip => new IPEndPoint(ip, Port))];
        }
        catch (SocketException e)
        {
            throw new SluiceException(ResultCode.CannotOpen, $"mqtt: cannot listen on {Text}: the name '{Host}' is not known ({e.Message})", e);
        }
    }

    /// <summary>What a client connects to, with the port that was given for port 0.</summary>
    internal string Describe(EndPoint bound)
    {
        string url = Kind switch
        {
            TransportKind.Unix => $"unix://{Path}",
            TransportKind.Tls => $"tls://{bound}",
            TransportKind.WebSocket => $"ws://{bound}{Path}",
            TransportKind.SecureWebSocket => $"wss://{bound}{Path}",
            _ => $"tcp://{bound}",
        };
        return IsProxied ? url + ProxyMark : url;
    }

    // IPv6's address for all takes IPv4's addresses as well (RFC 3493 section 3.7).
    private static bool Covers(string host, string other)
    {
        if (host == "*" || string.Equals(host, other, StringComparison.OrdinalIgnoreCase))
            return true;
        if (!IPAddress.TryParse(host, out IPAddress? address))
            return false;
        if (address.Equals(IPAddress.IPv6Any))
            return true;
        IPAddress? of = other == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(other, out IPAddress? parsed) ? parsed : null;
        return address.Equals(of) || (address.Equals(IPAddress.Any) && of?.AddressFamily == AddressFamily.InterNetwork);
    }

    private static ListenAddress ParseUnix(string text, string path, bool isProxied)
    {
        if (!path.StartsWith('/'))
            throw Wrong(text, "a Unix socket has a full path, like unix:///run/sluice/mqtt.sock");
        if (System.Text.Encoding.UTF8.GetByteCount(path) > MostSocketPathBytes)
            throw Wrong(text, $"the path of a Unix socket has at most {MostSocketPathBytes} bytes");
        return new ListenAddress(text, TransportKind.Unix, "", 0, path, isProxied);
    }

    private static (string Host, int Port) ParseHostAndPort(string text, string scheme, string rest)
    {
        int portAt = rest.LastIndexOf(':');
        if (portAt <= 0 || rest.EndsWith(']'))
            throw Wrong(text, $"there is no port, write {scheme}host:1883");
        string host = rest[..portAt];
        if (!ushort.TryParse(rest[(portAt + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            throw Wrong(text, $"'{rest[(portAt + 1)..]}' is no port, 0 to 65535");
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        else if (host.Contains(':'))
            throw Wrong(text, $"an IPv6 address is written in brackets, like {scheme}[::1]:1883");
        return (host, port);
    }

    private static SluiceException Wrong(string text, string reason) =>
        new(ResultCode.Misuse, $"mqtt: '{text}' is no endpoint to listen on: {reason}");
}
