using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Mqtt.Transport;

/// <summary>
/// The header that a proxy puts before a client's bytes to say who the client is: the PROXY protocol (haproxy's proxy-protocol.txt), version 1 as a line of text,
/// version 2 in binary. Nothing after the header is read.
/// </summary>
internal static class ProxyHeader
{
    // Section 2.1: the longest line of version 1, with its end.
    private const int MostLineBytes = 107;

    // Section 2.2: addresses and extensions; more than any proxy sends.
    private const int MostBinaryBytes = 4096;

    private const int BinaryHeaderBytes = 16;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Reads the header; the client that it names, or an unknown one where it names none (UNKNOWN, LOCAL).</summary>
    /// <exception cref="InvalidDataException">There is none, or it is wrong.</exception>
    public static async Task<Peer> ReadAsync(Stream stream, Peer proxy, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[Math.Max(MostLineBytes, BinaryHeaderBytes)];
        // The shortest line, "PROXY UNKNOWN\r\n", is longer than the signature.
        await stream.ReadExactlyAsync(buffer.AsMemory(0, Signature.Length), cancellationToken).ConfigureAwait(false);
        if (buffer.AsSpan(0, Signature.Length).SequenceEqual(Signature))
        {
            await stream.ReadExactlyAsync(buffer.AsMemory(Signature.Length, BinaryHeaderBytes - Signature.Length), cancellationToken).ConfigureAwait(false);
            int length = BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(14));
            if (length > MostBinaryBytes)
                throw new InvalidDataException($"a PROXY header of {length} bytes");
            byte[] rest = new byte[length];
            await stream.ReadExactlyAsync(rest, cancellationToken).ConfigureAwait(false);
            return ParseBinary(buffer[12], buffer[13], rest) ?? Unknown(proxy);
        }
        int read = Signature.Length;
        while (!buffer.AsSpan(0, read).EndsWith("\r\n"u8))
        {
            if (read == MostLineBytes || !buffer.AsSpan().StartsWith("PROXY "u8))
                throw new InvalidDataException("the connection does not begin with a PROXY header, which ?proxy in mqtt.listen asks for");
            await stream.ReadExactlyAsync(buffer.AsMemory(read++, 1), cancellationToken).ConfigureAwait(false);
        }
        return ParseLine(Encoding.ASCII.GetString(buffer, 0, read - 2)) ?? Unknown(proxy);
    }

    private static Peer? ParseLine(string line)
    {
        string[] parts = line.Split(' ');
        if (parts is ["PROXY", "UNKNOWN", ..])
            return null;
        return parts is ["PROXY", "TCP4" or "TCP6", string address, _, string port, _]
            && IPAddress.TryParse(address, out IPAddress? ip) && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)
            ? Client(ip, number)
            : throw new InvalidDataException($"a wrong PROXY header: {line}");
    }

    private static Peer? ParseBinary(byte versionAndCommand, byte family, byte[] rest)
    {
        if (versionAndCommand >> 4 != 2)
            throw new InvalidDataException($"a PROXY header of version {versionAndCommand >> 4}");
        switch (versionAndCommand & 0xF)
        {
            case 0:
                // LOCAL: the proxy's own connection, a health check.
                return null;
            case 1:
                break;
            default:
                throw new InvalidDataException($"a PROXY header with command {versionAndCommand & 0xF}");
        }
        int addressBytes = (family >> 4) switch { 1 => 4, 2 => 16, _ => 0 };
        if (addressBytes == 0)
            return null;
        if (rest.Length < (2 * addressBytes) + 4)
            throw new InvalidDataException($"a PROXY header with {rest.Length} bytes of addresses");
        return Client(new IPAddress(rest.AsSpan(0, addressBytes)), BinaryPrimitives.ReadUInt16BigEndian(rest.AsSpan(2 * addressBytes)));
    }

    // Whoever it is has no share in what this machine or the proxy's own address may do, nor they in its ban.
    private static Peer Unknown(Peer proxy) => proxy with { Host = $"unknown through {proxy.Host}", IsLocal = false };

    // What comes through a proxy is not from this machine, whatever address it has.
    private static Peer Client(IPAddress ip, int port) => Peer.At(new IPEndPoint(ip, port)) with { IsLocal = false };
}
