using System.Globalization;
using System.Text;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions.Json;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.TableFunctions;

/// <summary>
/// json_each(json, path) and json_tree(json, path) ("JSON Functions And Operators", section 4.24): the elements of an array or object, or all
/// below it too. An element's id is its place in the JSONB of the document, as in SQLite.
/// </summary>
internal sealed class JsonTable(string name, bool deep, bool binary)
    : TableFunction(name, ColumnsOf(["key", "value", "type", "atom", "id", "parent", "fullkey", "path"], ["json", "root"]))
{
    public override IEnumerable<SqlValue[]> Rows(SqlValue[] arguments, Run run)
    {
        if (arguments.Length == 0 || Array.Exists(arguments, argument => argument.IsNull))
        {
            return [];
        }

        JsonNode document = JsonValues.Document(arguments[0]);
        string rootPath = arguments.Length > 1 ? SqlConvert.ToText(arguments[1]).DecodeText() : "$";
        if (JsonPath.Of(Encoding.UTF8.GetBytes(rootPath)).Find(document) is not { } root)
        {
            return [];
        }

        (string parentPath, SqlValue key) = arguments.Length > 1 ? LastStep(rootPath) : ("$", SqlValue.Null);
        long place = PlaceOf(document, root, 0) ?? 0;
        if (deep)
        {
            return Tree(root, key, place, place, SqlValue.Null, rootPath, parentPath);
        }

        return root.IsContainer ? Children(root, place, place, rootPath, null) : [Row(root, key, place, SqlValue.Null, rootPath, parentPath)];
    }

    /// <summary>An element and all below it. Its id is the place of its name if it has one; what is below begins at the value's <paramref name="place"/>.</summary>
    private IEnumerable<SqlValue[]> Tree(JsonNode node, SqlValue key, long id, long place, SqlValue parent, string fullKey, string path)
    {
        yield return Row(node, key, id, parent, fullKey, path);
        if (node.IsContainer)
        {
            foreach (SqlValue[] row in Children(node, id, place, fullKey, Tree))
            {
                yield return row;
            }
        }
    }

    private delegate IEnumerable<SqlValue[]> Descend(JsonNode node, SqlValue key, long id, long place, SqlValue parent, string fullKey, string path);

    private IEnumerable<SqlValue[]> Children(JsonNode container, long containerId, long place, string path, Descend? descend)
    {
        bool isObject = container.Kind == JsonKind.Object;
        long at = place + JsonBinary.HeaderSize(JsonBinary.PayloadOf(container));
        for (int i = 0; i < container.Items.Count; i++)
        {
            long id = at;
            SqlValue key;
            string fullKey;
            if (isObject)
            {
                JsonNode name = container.Items[i++];
                byte[] text = JsonText.Unescaped(name).ToArray();
                key = SqlValue.FromText(text);
                fullKey = path + StepOf(text);
                at += JsonBinary.SizeOf(name);
            }
            else
            {
                key = SqlValue.FromInteger(i);
                fullKey = string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]");
            }

            JsonNode value = container.Items[i];
            long valuePlace = at;
            at += JsonBinary.SizeOf(value);
            if (descend is null)
            {
                yield return Row(value, key, id, SqlValue.Null, fullKey, path);
                continue;
            }

            foreach (SqlValue[] row in descend(value, key, id, valuePlace, SqlValue.FromInteger(containerId), fullKey, path))
            {
                yield return row;
            }
        }
    }

    private SqlValue[] Row(JsonNode node, SqlValue key, long id, SqlValue parent, string fullKey, string path)
    {
        SqlValue value = node.IsContainer ? JsonValues.Result(node, binary) : JsonValues.Value(node);
        return
        [
            key, value, SqlValue.FromText(node.TypeName), node.IsContainer ? SqlValue.Null : value, SqlValue.FromInteger(id), parent,
            SqlValue.FromText(fullKey), SqlValue.FromText(path),
        ];
    }

    /// <summary>A name as a step of a path: in quotes unless it is a plain word.</summary>
    private static string StepOf(byte[] name)
    {
        string text = Encoding.UTF8.GetString(name);
        bool plain = text.Length > 0 && char.IsAsciiLetter(text[0]) && text.All(char.IsAsciiLetterOrDigit);
        return plain ? $".{text}" : $".\"{text}\"";
    }

    /// <summary>The path above a path's last step, and that step's key.</summary>
    private static (string Parent, SqlValue Key) LastStep(string path)
    {
        int at = path.Length - 1;
        if (path.EndsWith(']'))
        {
            at = path.LastIndexOf('[');
            string index = path[(at + 1)..^1];
            return (path[..at], long.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? SqlValue.FromInteger(number) : SqlValue.Null);
        }

        if (path.EndsWith('"'))
        {
            at = path.LastIndexOf(".\"", StringComparison.Ordinal);
            return (path[..at], SqlValue.FromText(path[(at + 2)..^1]));
        }

        at = path.LastIndexOf('.');
        return at > 0 ? (path[..at], SqlValue.FromText(path[(at + 1)..])) : ("$", SqlValue.Null);
    }

    /// <summary>Where an element's bytes begin in the JSONB of the document; those of its name, if it has one. Null when it is not below.</summary>
    private static long? PlaceOf(JsonNode node, JsonNode wanted, long at)
    {
        if (ReferenceEquals(node, wanted))
        {
            return at;
        }

        long place = at + JsonBinary.HeaderSize(JsonBinary.PayloadOf(node));
        for (int i = 0; i < node.Items.Count; i++)
        {
            bool isName = node.Kind == JsonKind.Object && i % 2 == 0;
            long begin = node.Kind == JsonKind.Object && !isName ? place - JsonBinary.SizeOf(node.Items[i - 1]) : place;
            if (ReferenceEquals(node.Items[i], wanted))
            {
                return begin;
            }

            if (PlaceOf(node.Items[i], wanted, place) is { } found)
            {
                return found;
            }

            place += JsonBinary.SizeOf(node.Items[i]);
        }

        return null;
    }
}
