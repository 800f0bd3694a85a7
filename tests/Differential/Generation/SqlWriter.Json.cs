namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    private static readonly string[] s_documents =
    [
        "{\"a\":1,\"b\":[1,2.5,\"x\"],\"c\":null}", "[1,2,3]", "[]", "{}", "\"text\"", "12", "1.5", "null", "true", "[[1,[2]],{\"a\":{\"b\":3}}]", "{\"a\":{\"b\":\"c d\"},\"x y\":[true,false]}",
        " [ 1 , \"a\\u00e4\\n\" ] ", "[1e3,-0,0.10]", "{a:1,'b':+2,}", "[.5,Infinity]", "{\"a\":\"1\",\"a\":\"2\"}",
    ];

    private static readonly string[] s_paths =
        ["$", "$.a", "$.b", "$.c", "$[0]", "$[1]", "$[#-1]", "$[#]", "$.a.b", "$.b[0]", "$.b[#-1]", "$.\"x y\"", "$.x", "$[0][1]", "$[1].a.b"];

    private string Path() => $"'{dice.Of(s_paths)}'";

    /// <summary>A document without a mistake: a malformed one is an error wherever it comes to it first.</summary>
    private string JsonDocument(Scope scope, int depth)
    {
        string Json() => JsonDocument(scope, depth - 1);
        string Value() => JsonValue(scope, depth - 1);
        return (depth <= 0 ? 0 : dice.Below(12)) switch
        {
            0 or 1 => $"'{dice.Of(s_documents)}'",
            2 => $"json({Json()})",
            3 => $"json_array({Value()}, {Value()}, {Json()})",
            4 => $"json_object('a', {Value()}, 'b', {Value()})",
            5 => $"json_set({Json()}, {Path()}, {Value()})",
            6 => $"json_insert({Json()}, {Path()}, {Value()}, {Path()}, {Value()})",
            7 => $"json_replace({Json()}, {Path()}, json({Json()}))",
            8 => $"json_patch({Json()}, {Json()})",
            9 => $"json_remove({Json()}, {dice.Of("'$.a'", "'$[0]'", "'$.b[1]'", "'$[#-1]'")})",
            10 => $"json_quote({Value()})",
            _ => $"jsonb({Json()})",
        };
    }

    /// <summary>Never a blob, which JSON cannot hold.</summary>
    private string JsonValue(Scope scope, int depth) => dice.Below(4) switch
    {
        0 => $"CAST({Expression(scope, AnyKind(), depth)} AS TEXT)",
        1 => $"CAST({Expression(scope, AnyKind(), depth)} AS INTEGER)",
        2 => $"round({Expression(scope, Kind.Integer, depth)} % 1000, 1)",
        _ => dice.Of("NULL", "TRUE", "'x'", "1.5", "'[1]'", "json('[1]')"),
    };

    private string JsonNumber(Scope scope, int depth) => dice.Below(4) switch
    {
        0 => $"json_array_length({JsonDocument(scope, depth)})",
        1 => $"json_valid({Expression(scope, Kind.Text, depth)})",
        2 => $"json_array_length({JsonDocument(scope, depth)}, {Path()})",
        _ => $"json_error_position({dice.Of("'[1,2'", "'{\"a\":1}x'", "'01'", "'[1,,2]'", "''", "'{a:1}'", "'[tru]'", $"'{dice.Of(s_documents)}'")})",
    };

    private string JsonText(Scope scope, int depth) => dice.Below(9) switch
    {
        0 => $"json_extract({JsonDocument(scope, depth)}, {Path()})",
        1 => $"json_extract({JsonDocument(scope, depth)}, {Path()}, {Path()})",
        2 => $"({JsonDocument(scope, depth)}) -> {dice.Of("'a'", "0", "-1", "'$.b'", "'b'", "'x y'")}",
        3 => $"({JsonDocument(scope, depth)}) ->> {dice.Of("'a'", "0", "1", "-1", "'$.b[1]'", "'b'", "'$[#-1]'")}",
        4 => $"json_type({JsonDocument(scope, depth)}, {Path()})",
        5 => $"json_type({JsonDocument(scope, depth)})",
        6 => $"json_pretty({JsonDocument(scope, depth)})",
        // Not the whole document: then SQLite writes the new one with a header that is longer than it need be.
        7 => $"hex(jsonb_{dice.Of("set", "insert", "replace")}({JsonDocument(scope, depth)}, {dice.Of("'$.a'", "'$.b[0]'", "'$[0]'", "'$[#]'", "'$.x'")}, {JsonValue(scope, depth)}))",
        _ => JsonDocument(scope, depth),
    };
}
