using System.Globalization;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Ctrl-R: the newest entry that contains what was typed, and older ones.</summary>
internal sealed class HistorySearch(History history)
{
    public string Text { get; private set; } = "";

    /// <summary>The place of what was found, or -1.</summary>
    public int Place { get; private set; } = history.Entries.Count;

    /// <summary>The entry that was found; null if there is none.</summary>
    public string? Found => Place < 0 ? null : Place < history.Entries.Count ? history.Entries[Place] : "";

    public void Add(string text)
    {
        Text += text;
        Place = history.Find(Text, Place + 1);
    }

    public void Shorten()
    {
        int[] characters = StringInfo.ParseCombiningCharacters(Text);
        Text = characters.Length == 0 ? "" : Text[..characters[^1]];
        Place = Text.Length == 0 ? history.Entries.Count : history.Find(Text, history.Entries.Count);
    }

    public void Older()
    {
        if (Text.Length > 0 && history.Find(Text, Place) is >= 0 and int older)
        {
            Place = older;
        }
    }
}
