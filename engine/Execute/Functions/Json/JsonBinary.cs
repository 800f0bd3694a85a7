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
    public const int MaxDepth = 1000;

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
        return HeaderSize(node, payload) + payload;
    }

    /// <summary>The bytes of an element's header.</summary>
    public static int HeaderSize(JsonNode node) => HeaderSize(node, PayloadOf(node));

    /// <summary>
    /// Gives an element that takes the place of a larger one, by up to 8 bytes, a header that makes them of one size where there is such a header: as SQLite
    /// does, so that what is behind it stays where it is.
    /// </summary>
    /// <returns>Whether they are of one size.</returns>
    public static bool Fit(JsonNode element, JsonNode replaced)
    {
        int header = HeaderSize(element);
        long wanted = header + SizeOf(replaced) - SizeOf(element);
        bool canGrow = element.Kind > JsonKind.False && wanted > header && wanted is 2 or 3 or 5 or 9;
        element.HeaderSize = canGrow ? (int)wanted : element.HeaderSize;
        return canGrow || wanted == header;
    }

    private static int HeaderSize(JsonNode node, long payload) => Math.Max(node.HeaderSize, payload <= 11 ? 1 : payload <= 0xff ? 2 : payload <= 0xffff ? 3 : 5);

    private static long PayloadOf(JsonNode node)
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
        LooksRight(bytes) && (bytes[0] is not ((byte)'{' or (byte)'[' or (>= (byte)'0' and <= (byte)'9')) || JsonBinaryCheck.ErrorPosition(bytes) == 0);

    private static bool LooksRight(ReadOnlySpan<byte> bytes) =>
        TryHeader(bytes, out int type, out int header, out long payload)
        && header + payload == bytes.Length
        && type <= (int)JsonKind.Object
        && (type > (int)JsonKind.False || payload == 0);

    private static void Write(JsonNode node, TextBuilder bytes)
    {
        long payload = PayloadOf(node);
        Span<byte> size = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(size, payload);
        int extra = HeaderSize(node, payload) - 1;
        int code = extra switch { 0 => (int)payload, 1 => 12, 2 => 13, 4 => 14, _ => 15 };
        bytes.Append((byte)((code << 4) | (int)node.Kind));
        bytes.Append(size[(8 - extra)..]);
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
            || !TryHeader(bytes.AsSpan(at, end - at), out int type, out int header, out long payload)
            || type > (int)JsonKind.Object || payload > end - at - header)
        {
            return null;
        }

        JsonKind kind = (JsonKind)type;

        int start = at + header;
        int stop = start + (int)payload;
        at = stop;
        if (kind < JsonKind.Array)
        {
            return IsScalar(kind, bytes.AsSpan(start, (int)payload)) ? WithHeader(new JsonNode(kind, bytes.AsMemory(start, (int)payload)), header) : null;
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

        return kind == JsonKind.Object && node.Items.Count % 2 != 0 ? null : WithHeader(node, header);
    }

    private static JsonNode WithHeader(JsonNode node, int header)
    {
        node.HeaderSize = header == HeaderSize(node) ? 0 : header;
        return node;
    }

    /// <summary>Whether a scalar can be written as text. Decimal numbers are not looked at but for being there, as in SQLite.</summary>
    private static bool IsScalar(JsonKind kind, ReadOnlySpan<byte> text) => kind switch
    {
        JsonKind.Null or JsonKind.True or JsonKind.False => text.Length == 0,
        JsonKind.Integer or JsonKind.Real or JsonKind.Real5 => text.Length > 0,
        JsonKind.Integer5 => JsonBinaryCheck.IsHexadecimal(text),
        _ => JsonBinaryCheck.IsText(kind, text),
    };

    /// <summary>Reads an element's header: its type, which may be more than there are, its own size and that of what follows it.</summary>
    public static bool TryHeader(ReadOnlySpan<byte> bytes, out int type, out int header, out long payload)
    {
        type = 0;
        payload = 0;
        header = 0;
        if (bytes.Length == 0)
        {
            return false;
        }

        type = bytes[0] & 15;
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
