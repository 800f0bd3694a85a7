namespace Sluice.Gateway.Configuration;

/// <summary>
/// A configuration before it is understood: scalars, lists and sections, each with its origin. Files, environment
/// variables and options are merged in this form, so that all of them go through the same validation.
/// </summary>
public abstract class ConfigNode(Origin origin)
{
    public Origin Origin { get; } = origin;
}

/// <summary>A single value; null text for a key with nothing after it.</summary>
public sealed class ScalarNode(Origin origin, string? text) : ConfigNode(origin)
{
    public string? Text { get; } = text;
}

/// <summary>A list.</summary>
public sealed class ListNode(Origin origin) : ConfigNode(origin)
{
    public List<ConfigNode> Items { get; } = [];
}

/// <summary>Keys with values, in the order written.</summary>
public sealed class SectionNode(Origin origin) : ConfigNode(origin)
{
    /// <summary>Each key with its value and the place where the key stands.</summary>
    public OrderedDictionary<string, (Origin KeyOrigin, ConfigNode Value)> Entries { get; } = new(StringComparer.Ordinal);
}
