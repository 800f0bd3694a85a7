using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>
/// JSONB ("The JSONB Format", sqlite.org/jsonb.html): each element is a header and a payload. The header's low four bits are the type; its
/// high four bits the payload's size up to 11, or 12, 13, 14, 15 for a size in the 1, 2, 4 or 8 bytes that follow, big-endian.
/// </summary>
internal static class JsonBinary
{
    private const int MaxDepth = 1000;

    public static byte[] Encode(JsonNode node)
    {
        TextBuilder bytes = new();
        Write(node, bytes);
        return bytes.ToArray();
    }

    /// <summary>The bytes that an element takes, header included.</summary>
    public static long SizeOf(JsonNode node)
    {
        long payload = PayloadOf(node);
        return HeaderSize(payload) + payload;
    }

    public static int HeaderSize(long payload) => payload <= 11 ? 1 : payload <= 0xff ? 2 : payload <= 0xffff ? 3 : 5;

    public static long PayloadOf(JsonNode node)
    {
        if (!node.IsContainer)
        {
            return node.Text.Length;
        }

        long size = 0;
        foreach (JsonNode item in node.Items)
        {
            size += SizeOf(item);
        }

        return size;
    }

    /// <summary>The document, or null when the bytes are no JSONB.</summary>
    public static JsonNode? Decode(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        JsonNode? node = Read(bytes.ToArray(), ref at, bytes.Length, 0);
        return at == bytes.Length ? node : null;
    }

    /// <summary>
    /// Whether a blob counts as JSONB and not as the bytes of a text: its outermost header fits it and, where it begins as a text may, all of it is well-formed.
    /// </summary>
    public static bool IsMeant(ReadOnlySpan<byte> bytes) =>
        LooksRight(bytes) && (bytes[0] is not ((byte)'{' or (byte)'[' or (>= (byte)'0' and <= (byte)'9')) || Decode(bytes) is not null);

    private static bool LooksRight(ReadOnlySpan<byte> bytes) =>
        TryHeader(bytes, out JsonKind kind, out int header, out long payload) && header + payload == bytes.Length && (kind > JsonKind.False || payload == 0);

    private static void Write(JsonNode node, TextBuilder bytes)
    {
        long payload = PayloadOf(node);
        Span<byte> size = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(size, (uint)payload);
        int extra = HeaderSize(payload) - 1;
        int code = extra switch { 0 => (int)payload, 1 => 12, 2 => 13, _ => 14 };
        bytes.Append((byte)((code << 4) | (int)node.Kind));
        bytes.Append(size[(4 - extra)..]);
        if (!node.IsContainer)
        {
            bytes.Append(node.Text.Span);
            return;
        }

        foreach (JsonNode item in node.Items)
        {
            Write(item, bytes);
        }
    }

    private static JsonNode? Read(byte[] bytes, ref int at, int end, int depth)
    {
        if (depth > MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack()
            || !TryHeader(bytes.AsSpan(at, end - at), out JsonKind kind, out int header, out long payload) || payload > end - at - header)
        {
            return null;
        }

        int start = at + header;
        int stop = start + (int)payload;
        at = stop;
        if (kind < JsonKind.Array)
        {
            return IsScalar(kind, bytes.AsSpan(start, (int)payload)) ? new JsonNode(kind, bytes.AsMemory(start, (int)payload)) : null;
        }

        JsonNode node = new(kind);
        while (start < stop)
        {
            bool isName = kind == JsonKind.Object && node.Items.Count % 2 == 0;
            if (Read(bytes, ref start, stop, depth + 1) is not { } item || (isName && item.Kind is < JsonKind.Text or > JsonKind.TextRaw))
            {
                return null;
            }

            node.Items.Add(item);
        }

        return kind == JsonKind.Object && node.Items.Count % 2 != 0 ? null : node;
    }

    private static bool IsScalar(JsonKind kind, ReadOnlySpan<byte> text) => kind switch
    {
        JsonKind.Null or JsonKind.True or JsonKind.False => text.Length == 0,
        JsonKind.Integer or JsonKind.Real or JsonKind.Integer5 or JsonKind.Real5 =>
            JsonParser.Parse(text, out _, out _) is { Kind: >= JsonKind.Integer and <= JsonKind.Real5 },
        JsonKind.Text => text.IndexOf((byte)'"') < 0,
        _ => true,
    };

    private static bool TryHeader(ReadOnlySpan<byte> bytes, out JsonKind kind, out int header, out long payload)
    {
        kind = default;
        payload = 0;
        header = 0;
        if (bytes.Length == 0 || (bytes[0] & 15) > (int)JsonKind.Object)
        {
            return false;
        }

        kind = (JsonKind)(bytes[0] & 15);
        int code = bytes[0] >> 4;
        int extra = code switch { <= 11 => 0, 12 => 1, 13 => 2, 14 => 4, _ => 8 };
        header = 1 + extra;
        if (bytes.Length < header)
        {
            return false;
        }

        payload = code;
        if (extra > 0)
        {
            ulong size = 0;
            foreach (byte b in bytes[1..header])
            {
                size = (size << 8) | b;
            }

            if (size > int.MaxValue)
            {
                return false;
            }

            payload = (long)size;
        }

        return true;
    }
}
