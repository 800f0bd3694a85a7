using System.Collections;
using System.Globalization;
using System.Net;

namespace Sluice.Gateway.Configuration;

/// <summary>A setting from outside of the file, which wins over it.</summary>
/// <param name="Path">The keys from the root, an index into a list as a number: <c>["sync", "0", "postgres"]</c>.</param>
/// <param name="Value">A text, or YAML when it begins with <c>[</c> or <c>{</c>.</param>
/// <param name="Source">What an error calls it: <c>environment variable SLUICE_MQTT__LISTEN</c>.</param>
public sealed record Override(IReadOnlyList<string> Path, string Value, string Source)
{
    /// <summary>True when the value is text even if it begins with a bracket.</summary>
    public bool IsPlainText { get; init; }

    private const string Prefix = "SLUICE_";

    /// <summary>Names the configuration file where the command line does not; read by the command line, not a setting.</summary>
    public const string FileVariable = "SLUICE_CONFIG";

    /// <summary>
    /// The overrides among environment variables: <c>SLUICE_</c>, then the path in capitals with two underscores between
    /// its levels, as in <c>SLUICE_WRITERS__COUNT</c> and <c>SLUICE_SYNC__0__POSTGRES</c>.
    /// </summary>
    public static IReadOnlyList<Override> FromEnvironment(IDictionary environment)
    {
        List<Override> overrides = [];
        foreach (DictionaryEntry entry in environment)
        {
            string name = (string)entry.Key;
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && name != FileVariable)
            {
                string[] path = name[Prefix.Length..].ToLowerInvariant().Split("__");
                overrides.Add(new Override(path, (string?)entry.Value ?? "", $"environment variable {name}"));
            }
        }

        // The order of the environment is nobody's intention: list items need theirs.
        overrides.Sort((a, b) => string.CompareOrdinal(a.Source, b.Source));
        return overrides;
    }

    /// <summary>One from <c>--set a.b=value</c>.</summary>
    public static Override FromOption(string assignment)
    {
        int equals = assignment.IndexOf('=');
        if (equals <= 0)
        {
            throw new ConfigurationException(new Origin("option --set", 0), $"\"{assignment}\" must be KEY=VALUE, for example mqtt.listen=tcp://127.0.0.1:1884");
        }

        string path = assignment[..equals].Trim();
        return new Override(path.Split('.'), assignment[(equals + 1)..], $"option --set {path}");
    }

    /// <summary>Puts the value into the tree, making sections on the way.</summary>
    public void ApplyTo(SectionNode root)
    {
        Origin origin = new(Source, 0);
        string text = Value.Trim();
        ConfigNode value = !IsPlainText && !IsAddress(text) && (text.StartsWith('[') || text.StartsWith('{'))
            ? YamlReader.Read(text, Source, singleLine: true)
            : new ScalarNode(origin, text.Length == 0 ? null : text);
        Put(root, 0, origin, value);
    }

    /// <summary>An IPv6 address with a port looks like the begin of a list and is none.</summary>
    private static bool IsAddress(string text) => text.StartsWith('[') && !text.EndsWith(']') && IPEndPoint.TryParse(text, out _);

    private void Put(SectionNode section, int level, Origin origin, ConfigNode value)
    {
        string key = Path[level];
        if (level == Path.Count - 1)
        {
            section.Entries[key] = (origin, value);
            return;
        }

        bool intoList = int.TryParse(Path[level + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int index);
        ConfigNode? existing = section.Entries.TryGetValue(key, out (Origin, ConfigNode Value) entry) ? entry.Value : null;
        if (intoList)
        {
            PutItem(section, level, origin, value, existing, index);
            return;
        }

        if (existing is not SectionNode next)
        {
            next = new SectionNode(origin);
            section.Entries[key] = (origin, next);
        }

        Put(next, level + 1, origin, value);
    }

    private void PutItem(SectionNode section, int level, Origin origin, ConfigNode value, ConfigNode? existing, int index)
    {
        string key = Path[level];
        if (existing is not ListNode list)
        {
            list = new ListNode(origin);
            if (existing is not null and not ScalarNode { Text: null })
            {
                list.Items.Add(existing);
            }

            section.Entries[key] = (origin, list);
        }

        if (index > list.Items.Count)
        {
            throw new ConfigurationException(origin, $"{key} has {list.Items.Count} items; the next is number {list.Items.Count}");
        }

        if (index == list.Items.Count)
        {
            list.Items.Add(new SectionNode(origin));
        }

        if (level + 2 == Path.Count)
        {
            list.Items[index] = value;
            return;
        }

        if (list.Items[index] is not SectionNode item)
        {
            item = new SectionNode(origin);
            list.Items[index] = item;
        }

        Put(item, level + 2, origin, value);
    }
}
