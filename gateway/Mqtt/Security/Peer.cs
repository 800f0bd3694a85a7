using System.Net;

namespace Sluice.Gateway.Mqtt.Security;

/// <summary>Who is at the other end of a connection, as far as the transport knows.</summary>
/// <param name="Address">Address and port, for the log.</param>
/// <param name="Host">The address alone, by which peers are told apart.</param>
/// <param name="IsLocal">Whether it is on this machine.</param>
/// <param name="CertificateName">The subject of its certificate (common name, else the whole), which was verified; null without one.</param>
internal sealed record Peer(string Address, string Host, bool IsLocal, string? CertificateName = null)
{
    /// <summary>The peer of a Unix socket.</summary>
    public static Peer Unix { get; } = new("local socket", "local socket", IsLocal: true);

    public static Peer At(IPEndPoint endpoint)
    {
        IPAddress ip = endpoint.Address.IsIPv4MappedToIPv6 ? endpoint.Address.MapToIPv4() : endpoint.Address;
        return new Peer(new IPEndPoint(ip, endpoint.Port).ToString(), ip.ToString(), IPAddress.IsLoopback(ip));
    }
}
