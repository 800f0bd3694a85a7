using System.Collections.Concurrent;
using System.Text.Json;

namespace Sluice.Gateway.Pipeline;

/// <summary>
/// Units as messages name them, each text once: the same few come with every message. Bounded, because a publisher may
/// send anything; past the bound each message costs a string.
/// </summary>
internal static class UnitNames
{
    private const int Maximum = 1000;
    private const int MaximumBytes = 32;

    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    /// <summary>The reader's text.</summary>
    public static string Read(ref Utf8JsonReader json)
    {
        if (json.ValueSpan.Length > MaximumBytes)
        {
            return json.GetString()!;
        }

        Span<char> buffer = stackalloc char[MaximumBytes];
        ReadOnlySpan<char> unit = buffer[..json.CopyString(buffer)];
        if (Known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(unit, out string? known))
        {
            return known;
        }

        string added = unit.ToString();
        return Known.Count < Maximum ? Known.GetOrAdd(added, added) : added;
    }
}
