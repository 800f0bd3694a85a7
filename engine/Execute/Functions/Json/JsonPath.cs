using System.Globalization;
using System.Text;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>What an edit does when its place is there, and when it is not.</summary>
internal enum JsonEdit
{
    Insert,
    Replace,
    Set,
}

/// <summary>A path such as $.a[2]."b c"[#-1] ("JSON Functions And Operators", section 3.3).</summary>
internal sealed class JsonPath
{
    /// <param name="Name">The name that is looked for; null for a place in an array.</param>
    /// <param name="Label">The name as it is added to an object.</param>
    /// <param name="Index">The place, from the end of the array if <paramref name="FromEnd"/>.</param>
    /// <param name="FromEnd">Whether it counts from the end.</param>
    private readonly record struct Step(byte[]? Name, JsonNode? Label, long Index, bool FromEnd);

    private readonly List<Step> _steps = [];

    /// <summary>The path used last by this thread: most statements have one for all their rows.</summary>
    [ThreadStatic]
    private static JsonPath? s_last;

    /// <summary>The same of the paths right of an arrow.</summary>
    [ThreadStatic]
    private static JsonPath? s_lastShort;

    private readonly byte[] _written;

    /// <summary>The first byte of what is no step any more, found only when a walk gets there; 0 when all of the path is good.</summary>
    private readonly byte _broken;

    /// <summary>The path as it is written; made once for as long as no other is asked for. Null when it is none.</summary>
    public static JsonPath? TryOf(ReadOnlySpan<byte> path)
    {
        if (s_last is { } last && path.SequenceEqual(last._written))
        {
            return last;
        }

        JsonPath made = new(path, path);
        return made._broken == 0 ? s_last = made : null;
    }

    /// <summary>The path as it is written, be it good only up to a place that no walk may reach.</summary>
    /// <exception cref="SluiceException">"bad JSON path".</exception>
    public static JsonPath Of(ReadOnlySpan<byte> path) =>
        TryOf(path) ?? (path.Length > 0 && path[0] == '$' ? new JsonPath(path, path) : throw Bad(path));

    /// <summary>The right side of an arrow: a path, or short for one. A name, a place in an array (from its end, if negative), or that in brackets.</summary>
    public static JsonPath OfShort(in SqlValue value)
    {
        ReadOnlySpan<byte> text = SqlConvert.ToText(value).Bytes;
        if (text.StartsWith((byte)'$'))
        {
            return Of(text);
        }

        if (value.Type == SqlType.Integer)
        {
            return Of(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"$[{(value.Integer < 0 ? "#" : "")}{value.Integer}]")));
        }

        if (s_lastShort is { } last && text.SequenceEqual(last._written))
        {
            return last;
        }

        byte[] path = text.Length >= 3 && text[0] == '[' && text[^1] == ']' ? [(byte)'$', .. text]
            : text.Length == 0 ? "$."u8.ToArray()
            : [(byte)'$', (byte)'.', (byte)'"', .. text, (byte)'"'];
        return s_lastShort = new JsonPath(path, text);
    }

    /// <param name="path">All of it.</param>
    /// <param name="written">What an error names.</param>
    private JsonPath(ReadOnlySpan<byte> path, ReadOnlySpan<byte> written)
    {
        _written = written.ToArray();
        _broken = path.Length > 0 && path[0] == '$' ? Parse(path[1..]) : (byte)'$';
        IsForward = _broken == 0 && !_steps.Exists(step => step.FromEnd);
    }

    /// <summary>How many names and places it consists of.</summary>
    public int Length => _steps.Count;

    /// <summary>Whether all of it is good and no step counts from the end of an array.</summary>
    public bool IsForward { get; }

    public bool IsName(int step) => _steps[step].Name is not null;

    public ReadOnlySpan<byte> NameAt(int step) => _steps[step].Name;

    public long IndexAt(int step) => _steps[step].Index;

    /// <summary>The element there, or null.</summary>
    public JsonNode? Find(JsonNode root)
    {
        JsonNode? node = root;
        foreach (Step step in _steps)
        {
            int at = PlaceOf(node, step);
            if (at < 0 || at >= node.Items.Count)
            {
                return null;
            }

            node = node.Items[at];
        }

        return _broken == 0 ? node : Reach(node);
    }

    /// <summary>The document after an edit. What a name or the end of an array is missing for is made.</summary>
    public JsonNode Edit(JsonNode root, JsonNode value, JsonEdit edit)
    {
        if (_steps.Count == 0 && _broken == 0)
        {
            if (edit == JsonEdit.Insert)
            {
                return root;
            }

            _ = JsonBinary.Fit(value, root);
            return value;
        }

        JsonNode node = root;
        for (int i = 0; i < _steps.Count; i++)
        {
            Step step = _steps[i];
            int at = PlaceOf(node, step);
            bool isThere = at >= 0 && at < node.Items.Count;
            if (isThere && (i < _steps.Count - 1 || _broken != 0))
            {
                node = node.Items[at];
                continue;
            }

            if (isThere && edit != JsonEdit.Insert)
            {
                bool fits = JsonBinary.Fit(value, node.Items[at]);
                node.Items[at] = value;
                Resize(root, fits ? 0 : i + 1);
            }
            else if (!isThere && edit != JsonEdit.Replace && CanAdd(node, step, at))
            {
                Add(node, step, _broken == 0 ? Nested(i + 1, value) : throw Bad(_written));
                Resize(root, i + 1);
            }

            return root;
        }

        _ = Reach(node);
        return root;
    }

    /// <summary>Takes an element out; null when it is the whole document.</summary>
    public JsonNode? Remove(JsonNode root)
    {
        if (_broken != 0)
        {
            _ = Find(root);
            return root;
        }

        if (_steps.Count == 0)
        {
            return null;
        }

        JsonNode node = root;
        for (int i = 0; i < _steps.Count; i++)
        {
            int at = PlaceOf(node, _steps[i]);
            if (at < 0 || at >= node.Items.Count)
            {
                break;
            }

            if (i < _steps.Count - 1)
            {
                node = node.Items[at];
                continue;
            }

            int first = node.Kind == JsonKind.Object ? at - 1 : at;
            node.Items.RemoveRange(first, at + 1 - first);
            Resize(root, i + 1);
        }

        return root;
    }

    /// <summary>What is around a change of size has the header that its own size needs, down to the <paramref name="depth"/>-th.</summary>
    private void Resize(JsonNode root, int depth)
    {
        JsonNode node = root;
        for (int i = 0; i < depth; i++)
        {
            node.HeaderSize = 0;
            node = i + 1 < depth ? node.Items[PlaceOf(node, _steps[i])] : node;
        }
    }

    /// <summary>A walk has got to what is no step. Where a place of an array is asked for nothing else has one, however it is written.</summary>
    /// <returns>Null.</returns>
    private JsonNode? Reach(JsonNode node) => _broken == '[' && node.Kind != JsonKind.Array ? null : throw Bad(_written);

    private static bool CanAdd(JsonNode node, in Step step, int at) =>
        step.Name is not null ? node.Kind == JsonKind.Object : node.Kind == JsonKind.Array && at == node.Items.Count;

    private static void Add(JsonNode node, in Step step, JsonNode? value)
    {
        if (value is null)
        {
            return;
        }

        if (step.Label is { } label)
        {
            node.Items.Add(label);
        }

        node.Items.Add(value);
    }

    /// <summary>The value within what the rest of the path asks for; null when that cannot be made from nothing.</summary>
    private JsonNode? Nested(int from, JsonNode value)
    {
        JsonNode nested = value;
        for (int i = _steps.Count - 1; i >= from; i--)
        {
            Step step = _steps[i];
            if (step.Name is null && step.Index != 0)
            {
                return null;
            }

            JsonNode outer = new(step.Name is null ? JsonKind.Array : JsonKind.Object);
            Add(outer, step, nested);
            nested = outer;
        }

        return nested;
    }

    /// <summary>The place of a step's element in the items of a container, their count for one behind the end; -1 for none.</summary>
    private static int PlaceOf(JsonNode node, in Step step)
    {
        if (step.Name is { } name)
        {
            return node.Kind == JsonKind.Object ? node.IndexOf(name) : -1;
        }

        if (node.Kind != JsonKind.Array)
        {
            return -1;
        }

        long index = step.FromEnd ? node.Items.Count - step.Index : step.Index;
        return index >= 0 && index <= node.Items.Count ? (int)index : -1;
    }

    private static SluiceException Bad(ReadOnlySpan<byte> path) =>
        new(ResultCode.Error, $"bad JSON path: '{Encoding.UTF8.GetString(path).Replace("'", "''", StringComparison.Ordinal)}'");

    /// <summary>Takes the steps; the first byte of what is none, or 0.</summary>
    private byte Parse(ReadOnlySpan<byte> path)
    {
        while (path.Length > 0)
        {
            int length = path[0] == '.' ? ParseName(path) : path[0] == '[' ? ParseIndex(path) : 0;
            if (length == 0)
            {
                return path[0];
            }

            path = path[length..];
        }

        return 0;
    }

    private int ParseName(ReadOnlySpan<byte> path)
    {
        int end;
        if (path.Length > 1 && path[1] == '"')
        {
            end = 2;
            while (end < path.Length && path[end] != '"')
            {
                end += path[end] == '\\' ? 2 : 1;
            }

            if (end >= path.Length)
            {
                return 0;
            }

            byte[] quoted = path[2..end].ToArray();
            JsonNode label = new(quoted.AsSpan().Contains((byte)'\\') ? JsonKind.Text5 : JsonKind.TextRaw, quoted);
            _steps.Add(new Step(JsonText.Unescaped(label).ToArray(), label, 0, false));
            return end + 1;
        }

        end = 1;
        while (end < path.Length && path[end] is not ((byte)'.' or (byte)'['))
        {
            end++;
        }

        if (end == 1)
        {
            return 0;
        }

        byte[] name = path[1..end].ToArray();
        _steps.Add(new Step(name, JsonNode.Raw(name), 0, false));
        return end;
    }

    private int ParseIndex(ReadOnlySpan<byte> path)
    {
        int end = path.IndexOf((byte)']');
        if (end < 2)
        {
            return 0;
        }

        ReadOnlySpan<byte> inner = path[1..end];
        bool fromEnd = inner[0] == '#';
        if (fromEnd)
        {
            inner = inner[1..];
            if (inner.Length == 0)
            {
                _steps.Add(new Step(null, null, 0, true));
                return end + 1;
            }

            if (inner[0] != '-')
            {
                return 0;
            }

            inner = inner[1..];
        }

        if (!long.TryParse(inner, NumberStyles.None, CultureInfo.InvariantCulture, out long index))
        {
            return 0;
        }

        _steps.Add(new Step(null, null, index, fromEnd));
        return end + 1;
    }
}
