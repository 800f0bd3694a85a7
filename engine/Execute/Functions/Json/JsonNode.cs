namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>Element types, with their numbers in JSONB ("The JSONB Format", sqlite.org/jsonb.html, section 3.1).</summary>
internal enum JsonKind : byte
{
    Null = 0,
    True = 1,
    False = 2,
    Integer = 3,

    /// <summary>Hexadecimal, which only JSON5 has.</summary>
    Integer5 = 4,
    Real = 5,

    /// <summary>A point without digits before or after it, which only JSON5 has.</summary>
    Real5 = 6,

    /// <summary>A text that stands for itself, in SQL and in JSON.</summary>
    Text = 7,

    /// <summary>With JSON's escapes.</summary>
    TextEscaped = 8,

    /// <summary>With escapes that only JSON5 has.</summary>
    Text5 = 9,

    /// <summary>As SQL has it: to be escaped when it is written as JSON.</summary>
    TextRaw = 10,
    Array = 11,
    Object = 12,
}

/// <summary>
/// An element of a JSON document. A scalar has its text as it was written, a string without its quotes. An object's items are
/// name, value, name, value.
/// </summary>
internal sealed class JsonNode(JsonKind kind, ReadOnlyMemory<byte> text = default)
{
    public JsonKind Kind { get; } = kind;

    public ReadOnlyMemory<byte> Text { get; } = text;

    public List<JsonNode> Items { get; } = kind >= JsonKind.Array ? [] : s_none;

    /// <summary>The bytes of its header in JSONB, where it came or was made with more than its size needs; else 0.</summary>
    public int HeaderSize { get; set; }

    public bool IsContainer => Kind >= JsonKind.Array;

    /// <summary>Values in an array or pairs in an object.</summary>
    public int Count => Kind == JsonKind.Object ? Items.Count / 2 : Items.Count;

    /// <summary>As json_type() names it.</summary>
    public string TypeName => Kind switch
    {
        JsonKind.Null => "null",
        JsonKind.True => "true",
        JsonKind.False => "false",
        JsonKind.Integer or JsonKind.Integer5 => "integer",
        JsonKind.Real or JsonKind.Real5 => "real",
        JsonKind.Array => "array",
        JsonKind.Object => "object",
        _ => "text",
    };

    private static readonly List<JsonNode> s_none = [];

    public static JsonNode Raw(ReadOnlySpan<byte> text) => new(JsonKind.TextRaw, text.ToArray());

    /// <summary>The value of an object's name, or -1: its place in <see cref="Items"/>.</summary>
    public int IndexOf(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < Items.Count; i += 2)
        {
            if (JsonText.Unescaped(Items[i]).SequenceEqual(name))
            {
                return i + 1;
            }
        }

        return -1;
    }

    public JsonNode Copy()
    {
        JsonNode copy = new(Kind, Text) { HeaderSize = HeaderSize };
        foreach (JsonNode item in Items)
        {
            copy.Items.Add(item.Copy());
        }

        return copy;
    }
}
