using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sluice.Engine;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>An endpoint as written in the configuration: <c>tcp://host:port</c>.</summary>
/// <param name="Text">As written.</param>
/// <param name="Host">An address without brackets, a name, or <c>*</c>.</param>
/// <param name="Port">0 takes a free one.</param>
public sealed record ListenAddress(string Text, string Host, int Port)
{
    private const string Scheme = "tcp://";

    /// <summary>Parses an endpoint. Throws <see cref="SluiceException"/> that says what is wrong with it.</summary>
    public static ListenAddress Parse(string text)
    {
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            int colon = text.IndexOf("://", StringComparison.Ordinal);
            throw Wrong(text, colon > 0 ? $"transport '{text[..colon]}' is not supported, use tcp" : "it does not begin with tcp://");
        }
        string rest = text[Scheme.Length..];
        int portAt = rest.LastIndexOf(':');
        if (portAt <= 0 || rest.EndsWith(']'))
            throw Wrong(text, "there is no port, write tcp://host:1883");
        string host = rest[..portAt];
        if (!ushort.TryParse(rest[(portAt + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            throw Wrong(text, $"'{rest[(portAt + 1)..]}' is no port, 0 to 65535");
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        else if (host.Contains(':'))
            throw Wrong(text, "an IPv6 address is written in brackets, like tcp://[::1]:1883");
        return new ListenAddress(text, host, port);
    }

    /// <summary>The addresses to listen on: several when a name has several.</summary>
    internal async Task<IReadOnlyList<IPAddress>> ResolveAsync(CancellationToken cancellationToken)
    {
        if (Host == "*")
            return [Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any];
        if (IPAddress.TryParse(Host, out IPAddress? address))
            return [address];
        try
        {
            return await Dns.GetHostAddressesAsync(Host, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw new SluiceException(ResultCode.CannotOpen, $"mqtt: cannot listen on {Text}: the name '{Host}' is not known ({e.Message})", e);
        }
    }

    private static SluiceException Wrong(string text, string reason) =>
        new(ResultCode.Misuse, $"mqtt: '{text}' is no endpoint to listen on: {reason}");
}
