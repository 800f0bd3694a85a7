using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>The functions of "JSON Functions And Operators" (sqlite.org/json1.html) that give one value.</summary>
internal static class JsonFunctions
{
    private const int Any = 1000;

    public static void AddTo(FunctionTable<ScalarFunction> table)
    {
        foreach (bool binary in (bool[])[false, true])
        {
            string name = binary ? "jsonb" : "json";
            Add(table, name, 1, 1, arguments => arguments[0].IsNull ? SqlValue.Null : JsonValues.Result(JsonValues.Document(arguments[0]), binary));
            Add(table, name + "_array", 0, Any, arguments => Array(arguments, binary));
            Add(table, name + "_object", 0, Any, arguments => Object(arguments, binary));
            Add(table, name + "_extract", 0, Any, arguments => Extract(arguments, binary));
            Add(table, name + "_insert", 0, Any, arguments => Edit(arguments, JsonEdit.Insert, "insert", binary));
            Add(table, name + "_replace", 0, Any, arguments => Edit(arguments, JsonEdit.Replace, "replace", binary));
            Add(table, name + "_set", 0, Any, arguments => Edit(arguments, JsonEdit.Set, "set", binary));
            Add(table, name + "_remove", 0, Any, arguments => Remove(arguments, binary));
            Add(table, name + "_patch", 2, 2, arguments => Patch(arguments, binary));
        }

        Add(table, "json_array_length", 1, 2, ArrayLength);
        Add(table, "json_type", 1, 2, Type);
        Add(table, "json_valid", 1, 2, Valid);
        Add(table, "json_error_position", 1, 1, ErrorPosition);
        Add(table, "json_pretty", 1, 2, Pretty);
        Add(table, "json_quote", 1, 1, arguments => JsonValues.Text(JsonValues.Element(arguments[0])));
        Add(table, "->", 2, 2, arguments => Arrow(arguments, asJson: true));
        Add(table, "->>", 2, 2, arguments => Arrow(arguments, asJson: false));
    }

    private static SqlValue Array(ReadOnlySpan<SqlValue> arguments, bool binary)
    {
        JsonNode array = new(JsonKind.Array);
        foreach (ref readonly SqlValue argument in arguments)
        {
            array.Items.Add(JsonValues.Element(argument));
        }

        return JsonValues.Result(array, binary);
    }

    private static SqlValue Object(ReadOnlySpan<SqlValue> arguments, bool binary)
    {
        if (arguments.Length % 2 != 0)
        {
            throw Error("json_object() requires an even number of arguments");
        }

        JsonNode made = new(JsonKind.Object);
        for (int i = 0; i < arguments.Length; i += 2)
        {
            if (arguments[i].Type != SqlType.Text)
            {
                throw Error("json_object() labels must be TEXT");
            }

            made.Items.Add(JsonValues.Element(arguments[i].WithSubtype(0)));
            made.Items.Add(JsonValues.Element(arguments[i + 1]));
        }

        return JsonValues.Result(made, binary);
    }

    /// <summary>One path gives its value, several an array.</summary>
    private static SqlValue Extract(ReadOnlySpan<SqlValue> arguments, bool binary)
    {
        if (arguments.Length < 2 || arguments[0].IsNull)
        {
            return SqlValue.Null;
        }

        if (arguments.Length == 2 && !binary && arguments[0].Type == SqlType.Text && arguments[1].Type == SqlType.Text && JsonPath.TryOf(arguments[1].Bytes) is { } known)
        {
            switch (JsonScan.TryValue(arguments[0], known, out SqlValue value))
            {
                case JsonScanResult.Found:
                    return value;
                case JsonScanResult.Missing:
                    return SqlValue.Null;
                default:
                    break;
            }
        }

        JsonNode document = JsonValues.Document(arguments[0]);
        if (arguments.Length == 2)
        {
            return arguments[1].IsNull || PathOf(arguments[1]).Find(document) is not { } found ? SqlValue.Null
                : binary && found.IsContainer ? JsonValues.Result(found, binary)
                : JsonValues.Value(found);
        }

        JsonNode array = new(JsonKind.Array);
        foreach (ref readonly SqlValue path in arguments[1..])
        {
            if (path.IsNull)
            {
                return SqlValue.Null;
            }

            array.Items.Add(PathOf(path).Find(document) ?? new JsonNode(JsonKind.Null));
        }

        return JsonValues.Result(array, binary);
    }

    /// <summary>The right side is a path, or short for one: a name, or a place in an array.</summary>
    private static SqlValue Arrow(ReadOnlySpan<SqlValue> arguments, bool asJson)
    {
        if (arguments[0].IsNull || arguments[1].IsNull)
        {
            return SqlValue.Null;
        }

        JsonPath path = JsonPath.OfShort(arguments[1]);
        if (!asJson && arguments[0].Type == SqlType.Text && JsonScan.TryValue(arguments[0], path, out SqlValue value) is var scanned and not JsonScanResult.Undecided)
        {
            return scanned == JsonScanResult.Found ? value.WithSubtype(0) : SqlValue.Null;
        }

        JsonNode document = JsonValues.Document(arguments[0]);
        if (path.Find(document) is not { } found)
        {
            return SqlValue.Null;
        }

        return asJson ? JsonValues.Text(found) : JsonValues.Value(found).WithSubtype(0);
    }

    private static SqlValue Edit(ReadOnlySpan<SqlValue> arguments, JsonEdit edit, string name, bool binary)
    {
        if (arguments.Length == 0)
        {
            return SqlValue.Null;
        }

        if (arguments.Length % 2 == 0)
        {
            throw Error($"json_{name}() needs an odd number of arguments");
        }

        if (arguments[0].IsNull)
        {
            return SqlValue.Null;
        }

        JsonNode document = JsonValues.Document(arguments[0]).Copy();
        for (int i = 1; i < arguments.Length; i += 2)
        {
            if (!arguments[i].IsNull)
            {
                document = PathOf(arguments[i]).Edit(document, JsonValues.Raw(arguments[i + 1]), edit);
            }
        }

        return JsonValues.Result(document, binary);
    }

    private static SqlValue Remove(ReadOnlySpan<SqlValue> arguments, bool binary)
    {
        if (arguments.Length == 0 || arguments[0].IsNull)
        {
            return SqlValue.Null;
        }

        JsonNode document = JsonValues.Document(arguments[0]).Copy();
        foreach (ref readonly SqlValue path in arguments[1..])
        {
            if (path.IsNull || PathOf(path).Remove(document) is not { } rest)
            {
                return SqlValue.Null;
            }

            document = rest;
        }

        return JsonValues.Result(document, binary);
    }

    private static SqlValue Patch(ReadOnlySpan<SqlValue> arguments, bool binary) => arguments[0].IsNull || arguments[1].IsNull
        ? SqlValue.Null
        : JsonValues.Result(Merge(JsonValues.Document(arguments[0]).Copy(), JsonValues.Document(arguments[1])), binary);

    /// <summary>RFC 7396, section 2.</summary>
    private static JsonNode Merge(JsonNode target, JsonNode patch)
    {
        if (patch.Kind != JsonKind.Object)
        {
            return patch;
        }

        JsonNode result = target.Kind == JsonKind.Object ? target : new JsonNode(JsonKind.Object);
        for (int i = 0; i < patch.Items.Count; i += 2)
        {
            JsonNode value = patch.Items[i + 1];
            int at = result.IndexOf(JsonText.Unescaped(patch.Items[i]));
            if (value.Kind == JsonKind.Null)
            {
                if (at >= 0)
                {
                    result.Items.RemoveRange(at - 1, 2);
                }
            }
            else if (at >= 0)
            {
                JsonNode before = result.Items[at];
                result.Items[at] = Merge(before, value);
                if (value.Kind != JsonKind.Object)
                {
                    _ = JsonBinary.Fit(value, before);
                }
            }
            else
            {
                result.Items.Add(patch.Items[i]);
                result.Items.Add(Merge(new JsonNode(JsonKind.Null), value));
            }
        }

        return result;
    }

    private static SqlValue ArrayLength(ReadOnlySpan<SqlValue> arguments) => Find(arguments) is { } node
        ? SqlValue.FromInteger(node.Kind == JsonKind.Array ? node.Items.Count : 0)
        : SqlValue.Null;

    private static SqlValue Type(ReadOnlySpan<SqlValue> arguments) => Find(arguments) is { } node ? SqlValue.FromText(node.TypeName) : SqlValue.Null;

    /// <summary>The element at the second argument's path, or the whole document.</summary>
    private static JsonNode? Find(ReadOnlySpan<SqlValue> arguments)
    {
        if (arguments[0].IsNull || (arguments.Length > 1 && arguments[1].IsNull))
        {
            return null;
        }

        JsonNode document = JsonValues.Document(arguments[0]);
        return arguments.Length == 1 ? document : PathOf(arguments[1]).Find(document);
    }

    /// <summary>Bits of the flags: 1 JSON text, 2 JSON5 text, 4 what looks like JSONB, 8 what is JSONB.</summary>
    private static SqlValue Valid(ReadOnlySpan<SqlValue> arguments)
    {
        long flags = 1;
        if (arguments.Length > 1)
        {
            flags = SqlConvert.ToInteger(arguments[1]);
            if (flags is < 1 or > 15)
            {
                throw Error("FLAGS parameter to json_valid() must be between 1 and 15");
            }
        }

        SqlValue value = arguments[0];
        if (value.IsNull)
        {
            return SqlValue.Null;
        }

        if (value.Type == SqlType.Blob)
        {
            if (JsonBinary.IsMeant(value.Bytes))
            {
                return SqlValue.FromBoolean((flags & 4) != 0 || ((flags & 8) != 0 && JsonBinaryCheck.ErrorPosition(value.Bytes) == 0));
            }
        }

        if ((flags & 3) == 0)
        {
            return SqlValue.FromInteger(0);
        }

        SqlValue text = value.IsNumeric ? SqlConvert.ToText(value) : value;
        bool isText = JsonParser.Parse(text.Bytes, out _, out bool isExtended) is not null;
        return SqlValue.FromBoolean(isText && (!isExtended || (flags & 2) != 0));
    }

    /// <summary>The place of the first character that cannot be, from 1; 0 when all is well.</summary>
    private static SqlValue ErrorPosition(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue value = arguments[0];
        if (value.IsNull)
        {
            return SqlValue.Null;
        }

        if (value.Type == SqlType.Blob && JsonBinary.IsMeant(value.Bytes))
        {
            return SqlValue.FromInteger(JsonBinaryCheck.ErrorPosition(value.Bytes));
        }

        SqlValue text = value.IsNumeric ? SqlConvert.ToText(value) : value;
        _ = JsonParser.Parse(text.Bytes, out int position, out _);

        // Characters are counted, not bytes.
        int continuations = 0;
        foreach (byte b in text.Bytes[..Math.Max(0, Math.Min(position - 1, text.ByteLength))])
        {
            continuations += (b & 0xc0) == 0x80 ? 1 : 0;
        }

        return SqlValue.FromInteger(position - continuations);
    }

    private static SqlValue Pretty(ReadOnlySpan<SqlValue> arguments)
    {
        if (arguments[0].IsNull)
        {
            return SqlValue.Null;
        }

        TextBuilder text = new();
        ReadOnlySpan<byte> indent = arguments.Length > 1 && !arguments[1].IsNull ? SqlConvert.ToText(arguments[1]).Bytes : "    "u8;
        JsonText.WritePretty(JsonValues.Document(arguments[0]), indent, 0, text);
        return text.ToValue().WithSubtype(JsonValues.Subtype);
    }

    private static JsonPath PathOf(in SqlValue value) => JsonPath.Of(SqlConvert.ToText(value).Bytes);

    private static SluiceException Error(string message) => new(ResultCode.Error, message);

    private static void Add(FunctionTable<ScalarFunction> table, string name, int min, int max, PureBody body) =>
        table.Add(name, min, max, new PureFunction(name, body));
}
