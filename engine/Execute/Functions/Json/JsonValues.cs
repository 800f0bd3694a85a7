using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>Between SQL's values and JSON's.</summary>
internal static class JsonValues
{
    /// <summary>Marks a text that is JSON, so that other JSON functions take it as such and do not quote it.</summary>
    public const byte Subtype = (byte)'J';

    /// <summary>The document that an argument is: text, or JSONB.</summary>
    /// <exception cref="SluiceException">"malformed JSON".</exception>
    public static JsonNode Document(in SqlValue value) => TryDocument(value) ?? throw Malformed();

    public static JsonNode? TryDocument(in SqlValue value)
    {
        if (value.Type == SqlType.Blob && JsonBinary.IsMeant(value.Bytes))
        {
            return JsonBinary.Decode(value.Bytes);
        }

        SqlValue text = value.IsNumeric ? SqlConvert.ToText(value) : value;
        return JsonParser.Parse(text.Bytes, out _, out _);
    }

    /// <summary>An argument as an element of a document that is made: JSON as it is, anything else as a value.</summary>
    public static JsonNode Element(in SqlValue value)
    {
        switch (value.Type)
        {
            case SqlType.Null:
                return new JsonNode(JsonKind.Null);
            case SqlType.Integer:
                return new JsonNode(JsonKind.Integer, SqlConvert.ToText(value).Bytes.ToArray());
            case SqlType.Real:
                return new JsonNode(JsonKind.Real, RealText(value));
            case SqlType.Text:
                return value.Subtype == Subtype ? Document(value) : TextElement(value.Bytes);
            default:
                return JsonBinary.IsMeant(value.Bytes) && JsonBinary.Decode(value.Bytes) is { } binary ? binary
                    : throw new SluiceException(ResultCode.Error, "JSON cannot hold BLOB values");
        }
    }

    /// <summary>As <see cref="Element"/> for a document that is changed: there a text stays as it is, as in SQLite, which shows in JSONB.</summary>
    public static JsonNode Raw(in SqlValue value) => value.Type == SqlType.Text && value.Subtype != Subtype ? JsonNode.Raw(value.Bytes) : Element(value);

    /// <summary>An element as a value of SQL: arrays and objects as JSON text.</summary>
    public static SqlValue Value(JsonNode node)
    {
        switch (node.Kind)
        {
            case JsonKind.Null:
                return SqlValue.Null;
            case JsonKind.True:
                return SqlValue.FromInteger(1);
            case JsonKind.False:
                return SqlValue.FromInteger(0);
            case JsonKind.Integer or JsonKind.Integer5 or JsonKind.Real or JsonKind.Real5:
                return Number(node);
            case JsonKind.Array or JsonKind.Object:
                return Text(node);
            default:
                return SqlValue.FromText(JsonText.Unescaped(node).ToArray());
        }
    }

    /// <summary>An element as JSON text, so marked.</summary>
    public static SqlValue Text(JsonNode node)
    {
        TextBuilder text = new();
        JsonText.Write(node, text);
        return text.ToValue().WithSubtype(Subtype);
    }

    /// <summary>JSON text or, for the functions whose names begin with jsonb_, JSONB.</summary>
    public static SqlValue Result(JsonNode node, bool binary) => binary ? SqlValue.FromBlob(JsonBinary.Encode(node)) : Text(node);

    private static JsonNode TextElement(ReadOnlySpan<byte> text) =>
        JsonText.IsPlain(text) ? new JsonNode(JsonKind.Text, text.ToArray()) : JsonNode.Raw(text);

    private static byte[] RealText(in SqlValue value) =>
        double.IsInfinity(value.Real) ? (value.Real > 0 ? "9.0e+999"u8 : "-9.0e+999"u8).ToArray() : SqlConvert.ToText(value).Bytes.ToArray();

    /// <exception cref="SluiceException">"malformed JSON": a hexadecimal number of more than 64 bits, or what JSONB only calls a number.</exception>
    private static SqlValue Number(JsonNode node)
    {
        TextBuilder text = new();
        JsonText.Write(node, text);
        bool isWhole = node.Kind is JsonKind.Integer or JsonKind.Integer5;
        if (isWhole && NumberParser.ParseInteger(text.Span, out long integer) == IntegerForm.Whole && !(node.Kind == JsonKind.Integer5 && integer == long.MinValue))
        {
            return SqlValue.FromInteger(integer);
        }

        bool isNumber = NumberParser.ParseReal(text.Span, out double real) is NumberForm.Integer or NumberForm.Real;
        return isNumber && !(node.Kind == JsonKind.Integer5 && double.IsInfinity(real)) ? SqlValue.FromReal(real) : throw Malformed();
    }

    private static SluiceException Malformed() => new(ResultCode.Error, "malformed JSON");
}
