using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Gateway.Mqtt.Transport;

/// <summary>
/// The opening handshake of a WebSocket on a listener of our own (RFC 6455 section 4.2), with what MQTT adds: subprotocol <c>mqtt</c> (MQTT 5.0 section 6).
/// </summary>
internal static class WebSocketHandshake
{
    /// <summary>The subprotocol (MQTT 5.0 section 6); <c>mqttv3.1</c> is what clients of 3.1 ask for.</summary>
    private static readonly string[] Subprotocols = ["mqtt", "mqttv3.1"];

    /// <summary>A request with its headers: browsers send long cookies.</summary>
    private const int MostRequestBytes = 16 * 1024;

    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>How often an idle socket is pinged, so that proxies between keep it open.</summary>
    public static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(30);

    /// <summary>The one of MQTT's subprotocols that a client asks for; null when it asks for none.</summary>
    public static string? ChooseSubprotocol(IEnumerable<string> asked) => asked.FirstOrDefault(name => Array.IndexOf(Subprotocols, name) >= 0);

    /// <summary>
    /// Whether a page of this origin may use the broker. A browser says the origin of the page whose script connects: without a look at it any page
    /// on the web could reach the broker of the machine that it is read on.
    /// </summary>
    /// <param name="origin">The header; null from what is not a browser.</param>
    /// <param name="host">The host that was asked for, whose own pages may.</param>
    /// <param name="allowed">Other origins that may; <c>*</c> for all.</param>
    public static bool IsOriginAllowed(string? origin, string? host, IReadOnlyList<string> allowed) =>
        string.IsNullOrEmpty(origin)
        || (Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && host is not null && string.Equals(uri.Authority, WithoutDefaultPort(uri, host), StringComparison.OrdinalIgnoreCase))
        || allowed.Any(one => one == "*" || string.Equals(one.TrimEnd('/'), origin, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a text can be among the origins that are allowed: <c>*</c>, <c>null</c> (a page from a file), or scheme, host and port as a browser writes them (RFC 6454 section 6.2).</summary>
    public static bool IsOrigin(string text) =>
        text is "*" or "null"
        || (Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Host.Length > 0 && uri.UserInfo.Length == 0
            && string.Equals(uri.GetLeftPart(UriPartial.Authority), text.TrimEnd('/'), StringComparison.OrdinalIgnoreCase));

    /// <summary>Answers the request.</summary>
    /// <exception cref="InvalidDataException">It is not a request for this; the client got an HTTP error that says why.</exception>
    public static async Task<WebSocketByteStream> AcceptAsync(Stream stream, string path, IReadOnlyList<string> origins, CancellationToken cancellationToken)
    {
        Request request = await ReadRequestAsync(stream, cancellationToken).ConfigureAwait(false);
        (string Status, string Why)? refusal = WhyNot(request, path, origins);
        string? subprotocol = ChooseSubprotocol(request.List("Sec-WebSocket-Protocol"));
        if (refusal is null && subprotocol is null)
            refusal = ("400 Bad Request", "the subprotocol mqtt is not among those asked for");
        if (refusal is var (status, why))
        {
            byte[] body = Encoding.UTF8.GetBytes(why + "\n");
            string extra = status.StartsWith("426", StringComparison.Ordinal) ? "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" : "";
            string head = $"HTTP/1.1 {status}\r\n{extra}Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {body.Length}\r\n\r\n";
            await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body], cancellationToken).ConfigureAwait(false);
            throw new InvalidDataException($"no WebSocket handshake: {why}");
        }
        // SHA-1 as RFC 6455 section 4.2.2 has it: it protects nothing, it only shows that the server understood.
#pragma warning disable CA5350
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(request.Header("Sec-WebSocket-Key") + AcceptSuffix)));
#pragma warning restore CA5350
        string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), cancellationToken).ConfigureAwait(false);
        var options = new WebSocketCreationOptions { IsServer = true, SubProtocol = subprotocol, KeepAliveInterval = KeepAliveInterval };
        return new WebSocketByteStream(WebSocket.CreateFromStream(stream, options));
    }

    private static (string Status, string Why)? WhyNot(Request request, string path, IReadOnlyList<string> origins) =>
        request.Method != "GET" ? ("405 Method Not Allowed", "only GET is answered here")
        : request.Path != path ? ("404 Not Found", $"MQTT over WebSocket is at {path}")
        : !request.List("Upgrade").Contains("websocket", StringComparer.OrdinalIgnoreCase) || !request.List("Connection").Contains("upgrade", StringComparer.OrdinalIgnoreCase)
            || request.Header("Sec-WebSocket-Version") != "13" || request.Header("Sec-WebSocket-Key") is null ? ("426 Upgrade Required", "this is MQTT over WebSocket, version 13")
        : !IsOriginAllowed(request.Header("Origin"), request.Header("Host"), origins) ? ("403 Forbidden", $"pages of {request.Header("Origin")} may not connect; see mqtt.origins")
        : null;

    private static string WithoutDefaultPort(Uri origin, string host) =>
        origin.IsDefaultPort && host.EndsWith($":{origin.Port}", StringComparison.Ordinal) ? host[..host.LastIndexOf(':')] : host;

    private static async Task<Request> ReadRequestAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[MostRequestBytes];
        int length = 0;
        while (true)
        {
            int end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            // A client sends nothing more before it has the answer (RFC 6455 section 4.1).
            if (end >= 0)
                return end + 4 == length ? Request.Parse(Encoding.Latin1.GetString(buffer, 0, end)) : throw new InvalidDataException("bytes after the WebSocket request, before its answer");
            if (length == buffer.Length)
                throw new InvalidDataException($"a WebSocket request of more than {MostRequestBytes} bytes");
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            if (read == 0)
                throw new EndOfStreamException();
            length += read;
        }
    }

    private sealed record Request(string Method, string Path, ILookup<string, string> Headers)
    {
        public static Request Parse(string text)
        {
            string[] lines = text.Split("\r\n");
            if (lines[0].Split(' ') is not [string method, string target, "HTTP/1.1"])
                throw new InvalidDataException("no HTTP/1.1 request, which a WebSocket begins with");
            int query = target.IndexOf('?', StringComparison.Ordinal);
            return new Request(method, query < 0 ? target : target[..query], lines.Skip(1).Select(Split).ToLookup(pair => pair.Name, pair => pair.Value, StringComparer.OrdinalIgnoreCase));
        }

        public string? Header(string name) => Headers[name].FirstOrDefault();

        public IEnumerable<string> List(string name) => Headers[name].SelectMany(value => value.Split(',')).Select(value => value.Trim());

        private static (string Name, string Value) Split(string line)
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            return colon > 0 ? (line[..colon], line[(colon + 1)..].Trim()) : throw new InvalidDataException($"a wrong header in a WebSocket request: {line}");
        }
    }
}
