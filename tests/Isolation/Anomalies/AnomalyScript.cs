using System.Globalization;
using System.Text.RegularExpressions;

namespace Sluice.Isolation.Anomalies;

/// <summary>A statement of one session; its answer may have a name.</summary>
public sealed record AnomalyStep(string Session, string? Answer, string Sql);

/// <summary>
/// A named anomaly as data: statements of several sessions in a fixed order, when the anomaly has occurred, and which transaction is
/// to be refused at which level.
/// <para>Lines: <c>title:</c>, <c>about:</c>, <c>setup: SQL</c>, <c>SESSION: SQL</c>, <c>SESSION ANSWER: SQL</c>, <c>final: SQL</c>
/// (in a fresh session, its answer is called final), <c>occurs: X committed and ANSWER = ROWS</c> (any of several lines; rows are joined by
/// commas, columns by |, and no rows are "none"), <c>snapshot: X committed, Y refused at VERB</c>, <c>serializable: ...</c>.</para>
/// </summary>
public sealed partial class AnomalyScript
{
    private AnomalyScript(string name)
    {
        Name = name;
    }

    public string Name { get; }

    public string Title { get; private set; } = "";

    public List<string> Setup { get; } = [];

    public List<AnomalyStep> Steps { get; } = [];

    public string? Final { get; private set; }

    public List<string> Occurs { get; } = [];

    /// <summary>By level: the fate of each transaction.</summary>
    public Dictionary<string, string> Expected { get; } = [];

    /// <summary>All scripts, by name.</summary>
    public static IReadOnlyList<AnomalyScript> All { get; } =
    [
        .. typeof(AnomalyScript).Assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".txt", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(Load),
    ];

    private static AnomalyScript Load(string resource)
    {
        using Stream stream = typeof(AnomalyScript).Assembly.GetManifestResourceStream(resource)!;
        using StreamReader reader = new(stream);
        AnomalyScript script = new(Path.GetFileNameWithoutExtension(resource));
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0)
            {
                script.Add(line);
            }
        }

        return script;
    }

    private void Add(string line)
    {
        Match match = LinePattern().Match(line);
        if (!match.Success)
        {
            throw new FormatException($"{Name}: cannot read the line: {line}");
        }

        string word = match.Groups["word"].Value;
        string text = match.Groups["text"].Value;
        switch (word)
        {
            case "title":
                Title = text;
                break;
            case "about":
                break;
            case "setup":
                Setup.Add(text);
                break;
            case "final":
                Final = text;
                break;
            case "occurs":
                Occurs.Add(text);
                break;
            case "snapshot" or "serializable":
                Expected.Add(word, text);
                break;
            default:
                Group answer = match.Groups["answer"];
                Steps.Add(new AnomalyStep(word, answer.Success ? answer.Value : null, text));
                break;
        }
    }

    /// <summary>Whether a condition of <see cref="Occurs"/> holds.</summary>
    public static bool Holds(string condition, IReadOnlyDictionary<string, string> fates, IReadOnlyDictionary<string, string> answers)
    {
        foreach (string term in condition.Split(" and ", StringSplitOptions.TrimEntries))
        {
            string[] sides = term.Split('=', StringSplitOptions.TrimEntries);
            bool holds = sides.Length == 2
                ? answers.GetValueOrDefault(sides[0]) == sides[1]
                : term.EndsWith(" committed", StringComparison.Ordinal)
                    ? fates.GetValueOrDefault(term.Split(' ')[0]) == "committed"
                    : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"cannot read the condition: {term}"));
            if (!holds)
            {
                return false;
            }
        }

        return true;
    }

    [GeneratedRegex("^(?<word>[A-Za-z]+)(?: (?<answer>[A-Za-z]+))?: (?<text>.+)$")]
    private static partial Regex LinePattern();
}
