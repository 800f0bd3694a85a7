using System.Globalization;

namespace Sluice.Gateway.Configuration;

/// <summary>
/// Reads one section key by key and collects what is wrong, so that a check reports everything at once. The keys that
/// the code asks for are the known ones: <see cref="RefuseUnknownKeys"/> complains about the rest.
/// </summary>
internal sealed class SectionReader
{
    private readonly SectionNode _section;
    private readonly List<string> _errors;
    private readonly string _path;
    private readonly List<string> _known = [];

    private SectionReader(SectionNode section, string path, List<string> errors)
    {
        _section = section;
        _path = path;
        _errors = errors;
    }

    public Origin Origin => _section.Origin;

    /// <summary>A reader of a node that must be a section; an empty one takes its place when it is not.</summary>
    public static SectionReader Of(ConfigNode node, string path, List<string> errors)
    {
        if (node is SectionNode section)
        {
            return new SectionReader(section, path, errors);
        }

        if (node is not ScalarNode { Text: null })
        {
            string where = path.Length == 0 ? "the configuration" : path;
            errors.Add($"{node.Origin}: {where}: must be a section of keys with values, not {Describe(node)}");
        }

        return new SectionReader(new SectionNode(node.Origin), path, errors);
    }

    /// <summary>The keys that stand here.</summary>
    public IReadOnlyList<string> Keys => [.. _section.Entries.Keys];

    /// <summary>Whether a key stands here; it need not be asked for.</summary>
    public bool Has(string key) => _section.Entries.ContainsKey(key);

    public SectionReader Section(string key) =>
        Of(Find(key)?.Value ?? new SectionNode(_section.Origin), Join(key), _errors);

    /// <summary>The sections of a list; a single section counts as a list of one.</summary>
    public IReadOnlyList<SectionReader> Sections(string key)
    {
        List<SectionReader> sections = [];
        int index = 0;
        foreach (ConfigNode item in Items(key))
        {
            sections.Add(Of(item, $"{Join(key)}[{index++}]", _errors));
        }

        return sections;
    }

    /// <summary>The texts of a list; a single text counts as a list of one. Null when the key is not there.</summary>
    public IReadOnlyList<(string Text, Origin Origin)>? Texts(string key)
    {
        if (Find(key) is null)
        {
            return null;
        }

        List<(string, Origin)> texts = [];
        foreach (ConfigNode item in Items(key))
        {
            if (item is ScalarNode { Text: { Length: > 0 } text })
            {
                texts.Add((text, item.Origin));
            }
            else
            {
                _errors.Add($"{item.Origin}: {Join(key)}: must be a list of texts, but holds {Describe(item)}");
            }
        }

        return texts;
    }

    /// <summary>Whether a list has no items, or the key is not there.</summary>
    public bool IsEmpty(string key) => Items(key).Count == 0;

    /// <summary>The texts of a list of lists; none when the key is not there.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows(string key)
    {
        List<IReadOnlyList<string>> rows = [];
        foreach (ConfigNode item in Items(key))
        {
            rows.Add(item is ListNode list ? [.. list.Items.Select(cell => (cell as ScalarNode)?.Text ?? "")] : []);
        }

        return rows;
    }

    /// <summary>A text, or null when the key is not there or has an error.</summary>
    public string? Text(string key)
    {
        if (Find(key) is not { } entry)
        {
            return null;
        }

        if (entry.Value is ScalarNode { Text: { Length: > 0 } text })
        {
            return text;
        }

        string empty = entry.Value is ScalarNode ? "has no value; give it one or remove the key" : $"must be a single value, not {Describe(entry.Value)}";
        _errors.Add($"{Place(entry)}: {Join(key)}: {empty}");
        return null;
    }

    /// <summary>A text that must be there; empty, with an error noted, when it is not.</summary>
    public string RequiredText(string key, string example)
    {
        if (Find(key) is null)
        {
            _errors.Add($"{_section.Origin}: {Join(key)}: is missing; add {key}: {example}");
            return "";
        }

        return Text(key) ?? "";
    }

    public int Integer(string key, int otherwise, int least, int most)
    {
        if (Text(key) is not { } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most)
        {
            return value;
        }

        Fail(key, $"\"{text}\" is not a whole number from {least} to {most}");
        return otherwise;
    }

    /// <summary>One of an enumeration's names, in lower case.</summary>
    public T Choice<T>(string key, T otherwise)
        where T : struct, Enum
    {
        if (Text(key) is not { } text)
        {
            return otherwise;
        }

        string[] names = [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];
        int at = Array.IndexOf(names, text);
        if (at >= 0)
        {
            return Enum.GetValues<T>()[at];
        }

        Fail(key, $"\"{text}\" is not one of {string.Join(", ", names)}");
        return otherwise;
    }

    public TimeSpan Duration(string key, TimeSpan otherwise, TimeSpan least, TimeSpan most)
    {
        if (Text(key) is not { } text)
        {
            return otherwise;
        }

        if (!Units.TryDuration(text, out TimeSpan value))
        {
            Fail(key, $"\"{text}\" is not {Units.DurationForm}");
        }
        else if (value < least || value > most)
        {
            Fail(key, $"{text} is outside of {Format(least)} to {Format(most)}");
        }
        else
        {
            return value;
        }

        return otherwise;
    }

    public long Size(string key, long otherwise, long least, long most)
    {
        if (Text(key) is not { } text)
        {
            return otherwise;
        }

        if (!Units.TrySize(text, out long value))
        {
            Fail(key, $"\"{text}\" is not {Units.SizeForm}");
        }
        else if (value < least || value > most)
        {
            Fail(key, $"{text} is outside of {least} to {most} bytes");
        }
        else
        {
            return value;
        }

        return otherwise;
    }

    /// <summary>Notes that a key's value is wrong.</summary>
    public void Fail(string key, string what) => Fail(key, Find(key) is { } entry ? Place(entry) : _section.Origin, what);

    /// <summary>Notes that an item of a key's list is wrong.</summary>
    public void Fail(string key, Origin item, string what) => _errors.Add($"{item}: {Join(key)}: {what}");

    /// <summary>Complains about keys that nobody asked for; the last call on a reader.</summary>
    /// <returns>Whether there is none.</returns>
    public bool RefuseUnknownKeys()
    {
        bool areAllKnown = true;
        foreach ((string key, (Origin keyOrigin, ConfigNode _)) in _section.Entries)
        {
            if (_known.Contains(key))
            {
                continue;
            }

            areAllKnown = false;
            string known = Suggestion.For(key, _known) is { } nearest
                ? $"did you mean \"{nearest}\"?"
                : $"the keys here are {string.Join(", ", _known)}";
            _errors.Add($"{keyOrigin}: {Join(key)}: unknown key; {known}");
        }

        return areAllKnown;
    }

    private IReadOnlyList<ConfigNode> Items(string key) => Find(key)?.Value switch
    {
        null or ScalarNode { Text: null } => [],
        ListNode list => list.Items,
        ConfigNode single => [single],
    };

    private (Origin KeyOrigin, ConfigNode Value)? Find(string key)
    {
        if (!_known.Contains(key))
        {
            _known.Add(key);
        }

        return _section.Entries.TryGetValue(key, out (Origin KeyOrigin, ConfigNode Value) entry) ? entry : null;
    }

    /// <summary>Where a value is wrong: at the value, which may stand lines below its key.</summary>
    private static Origin Place((Origin KeyOrigin, ConfigNode Value) entry) => entry.Value.Origin;

    private string Join(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    private static string Describe(ConfigNode node) => node switch
    {
        ScalarNode { Text: null } => "nothing",
        ScalarNode scalar => $"the text \"{scalar.Text}\"",
        ListNode => "a list",
        _ => "a section",
    };

    private static string Format(TimeSpan span) =>
        span.TotalSeconds < 1 ? $"{span.TotalMilliseconds}ms" : span.TotalDays >= 1 ? $"{span.TotalDays}d" : $"{span.TotalSeconds}s";
}
