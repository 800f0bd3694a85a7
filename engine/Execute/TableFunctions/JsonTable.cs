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
    public override long FirstRowid => 0;

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

        (long id, long place) = PlaceOf(document, root, 0) ?? default;
        if (!deep)
        {
            return root.IsContainer ? Children(root, id, place, rootPath, null) : [Row(root, SqlValue.Null, id, SqlValue.Null, rootPath, rootPath)];
        }

        int parentLength = ParentLength(document, root, rootPath);
        return Tree(root, KeyOf(rootPath[parentLength..]), id, place, SqlValue.Null, rootPath, rootPath[..parentLength]);
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
        long at = place + JsonBinary.HeaderSize(container);
        for (int i = 0; i < container.Items.Count; i++)
        {
            long id = at;
            SqlValue key;
            string fullKey;
            if (isObject)
            {
                JsonNode name = container.Items[i++];
                key = SqlValue.FromText(JsonText.Unescaped(name).ToArray());
                fullKey = path + StepOf(name);
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

    /// <summary>A name, as the document has it, as a step of a path: in quotes unless it is a plain word.</summary>
    private static string StepOf(JsonNode name)
    {
        string text = Encoding.UTF8.GetString(name.Text.Span);
        bool plain = text.Length > 0 && char.IsAsciiLetter(text[0]) && text.All(char.IsAsciiLetterOrDigit);
        return plain ? $".{text}" : $".\"{text}\"";
    }

    /// <summary>
    /// How much of the root's path leads to what holds it. As in SQLite that is told by the first element of what a part of the path leads to: of a root that
    /// is not the first one all steps count as one.
    /// </summary>
    private static int ParentLength(JsonNode document, JsonNode root, string path)
    {
        for (int length = path.Length - 1; length > 1; length--)
        {
            if (path[length] is '[' or '.'
                && JsonPath.TryOf(Encoding.UTF8.GetBytes(path[..length]))?.Find(document) is { Count: > 0 } above
                && ReferenceEquals(above.Items[above.Kind == JsonKind.Object ? 1 : 0], root))
            {
                return length;
            }
        }

        return 1;
    }

    /// <summary>The key that steps of a path name: a place in an array, read as far as it is a number, or a name.</summary>
    private static SqlValue KeyOf(string steps)
    {
        if (steps.Length == 0)
        {
            return SqlValue.Null;
        }

        if (steps[0] == '[')
        {
            _ = NumberParser.ParseInteger(Encoding.UTF8.GetBytes(steps[1..]), out long index);
            return SqlValue.FromInteger(index);
        }

        return SqlValue.FromText(steps.StartsWith(".\"", StringComparison.Ordinal) ? steps[2..^1] : steps[1..]);
    }

    /// <summary>Where an element begins in the JSONB of the document, and where its value does: not at once where it has a name. Null when it is not below.</summary>
    private static (long Id, long Place)? PlaceOf(JsonNode node, JsonNode wanted, long at)
    {
        if (ReferenceEquals(node, wanted))
        {
            return (at, at);
        }

        long begin = at + JsonBinary.HeaderSize(node);
        long place = begin;
        for (int i = 0; i < node.Items.Count; i++)
        {
            JsonNode item = node.Items[i];
            if (PlaceOf(item, wanted, place) is { } found)
            {
                return found.Place == place ? (begin, place) : found;
            }

            place += JsonBinary.SizeOf(item);
            bool isName = node.Kind == JsonKind.Object && i % 2 == 0;
            begin = isName ? begin : place;
        }

        return null;
    }
}
