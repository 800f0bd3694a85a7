using Sluice.Gateway.Configuration;

namespace Sluice.Gateway.Pipeline;

/// <summary>
/// A route's template, level by level: text matches itself, <c>{device}</c>, <c>{metric}</c> and any other
/// <c>{name}</c> take one level that is not empty, <c>+</c> takes one level, <c>#</c> at the end takes the rest, none too.
/// A first level that begins with <c>$</c> is only matched by text (MQTT 5.0 section 4.7.2).
/// </summary>
internal sealed class TopicTemplate
{
    private readonly string[] _levels;
    private readonly TopicRoute _route;

    /// <param name="route">A route for which <see cref="Validate"/> found nothing wrong.</param>
    public TopicTemplate(TopicRoute route)
    {
        _route = route;
        _levels = route.Topic.Split('/');
    }

    public string? Unit => _route.Unit;

    public TopicUse Use => _route.Use;

    /// <summary>What is wrong with a route and what to do, or null.</summary>
    public static string? Validate(TopicRoute route)
    {
        string[] levels = route.Topic.Split('/');
        HashSet<string> names = [];
        for (int i = 0; i < levels.Length; i++)
        {
            string level = levels[i];
            if (level == "#" && i < levels.Length - 1)
            {
                return "\"#\" takes the rest of a topic, so it can only stand at the end";
            }

            if (level is "#" or "+")
            {
                continue;
            }

            if (IsPlaceholder(level))
            {
                if (!names.Add(level))
                {
                    return $"{level} stands twice; name the second one differently";
                }
            }
            else if (level.AsSpan().ContainsAny("{}+#"))
            {
                return $"\"{level}\": a placeholder or wildcard must fill the whole level, as in sensors/{{device}}/{{metric}}";
            }
        }

        return CheckPart("device", names.Contains("{device}"), route.Device, required: route.Use != TopicUse.Forward)
            ?? CheckPart("metric", names.Contains("{metric}"), route.Metric, required: false);
    }

    /// <summary>
    /// Matches a topic and says which device and metric it names; the metric is null when only the payload can name it.
    /// </summary>
    public bool TryMatch(string topic, out string device, out string? metric)
    {
        device = _route.Device ?? "";
        metric = _route.Metric;
        string[] levels = topic.Split('/');
        for (int i = 0; i < _levels.Length; i++)
        {
            string expected = _levels[i];
            bool wild = expected is "#" or "+" || IsPlaceholder(expected);
            if (wild && i == 0 && topic.StartsWith('$'))
            {
                return false;
            }

            if (expected == "#")
            {
                return true;
            }

            if (i >= levels.Length || (wild ? expected != "+" && levels[i].Length == 0 : levels[i] != expected))
            {
                return false;
            }

            if (expected == "{device}")
            {
                device = levels[i];
            }
            else if (expected == "{metric}")
            {
                metric = levels[i];
            }
        }

        return levels.Length == _levels.Length;
    }

    private static bool IsPlaceholder(string level) =>
        level.Length > 2 && level[0] == '{' && level[^1] == '}' && level.AsSpan(1, level.Length - 2).IndexOfAny("{}+#") < 0;

    private static string? CheckPart(string name, bool inTopic, string? constant, bool required)
    {
        if (inTopic && constant is not null)
        {
            return $"the {name} is given twice, by {{{name}}} in the topic and by the key {name}; keep one";
        }

        return required && !inTopic && constant is null
            ? $"names no {name}; put {{{name}}} into the topic or add the key {name}"
            : null;
    }
}
