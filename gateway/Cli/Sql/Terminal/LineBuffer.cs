using System.Globalization;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>The text being typed, which may have several lines, with a cursor. Knows nothing of keys or the terminal.</summary>
internal sealed class LineBuffer
{
    private string _cut = "";

    public string Text { get; private set; } = "";

    /// <summary>The place in <see cref="Text"/> where the next character goes.</summary>
    public int Cursor { get; private set; }

    public bool IsOnFirstLine => !Text.AsSpan(0, Cursor).Contains('\n');

    public bool IsOnLastLine => !Text.AsSpan(Cursor).Contains('\n');

    private int LineStart => Cursor == 0 ? 0 : Text.LastIndexOf('\n', Cursor - 1) + 1;

    private int LineEnd => Text.IndexOf('\n', Cursor) is >= 0 and int end ? end : Text.Length;

    /// <summary>Another text, with the cursor at its end.</summary>
    public void Set(string text)
    {
        Text = text;
        Cursor = text.Length;
    }

    public void Insert(string text)
    {
        Text = Text.Insert(Cursor, text);
        Cursor += text.Length;
    }

    /// <summary>Puts something else in the place of what is before the cursor from a place on.</summary>
    public void Replace(int start, string text)
    {
        Text = Text.Remove(start, Cursor - start).Insert(start, text);
        Cursor = start + text.Length;
    }

    public void Left() => Cursor = Before(Cursor);

    public void Right() => Cursor = After(Cursor);

    public void WordLeft() => Cursor = WordBefore(IsWordCharacter);

    public void WordRight() => Cursor = WordAfter();

    public void Home() => Cursor = LineStart;

    public void End() => Cursor = LineEnd;

    /// <summary>To the line above, as far from its begin as now.</summary>
    public void Up()
    {
        int column = Cursor - LineStart;
        Cursor = LineStart - 1;
        Cursor = Math.Min(LineStart + column, Cursor);
    }

    public void Down()
    {
        int column = Cursor - LineStart;
        Cursor = LineEnd + 1;
        Cursor = Math.Min(Cursor + column, LineEnd);
    }

    public void Backspace() => Remove(Before(Cursor), Cursor);

    public void Delete() => Remove(Cursor, After(Cursor));

    public void CutWordLeft(bool toSpace) => Cut(WordBefore(toSpace ? static c => !char.IsWhiteSpace(c) : IsWordCharacter), Cursor);

    public void CutWordRight() => Cut(Cursor, WordAfter());

    public void CutToHome() => Cut(LineStart, Cursor);

    /// <summary>To the line's end; at its end, the line break.</summary>
    public void CutToEnd() => Cut(Cursor, Cursor == LineEnd ? Math.Min(Text.Length, Cursor + 1) : LineEnd);

    /// <summary>Puts in what was cut last.</summary>
    public void Paste() => Insert(_cut);

    private static bool IsWordCharacter(char c) => SqlText.IsWordCharacter(c);

    private int Before(int place)
    {
        if (place == 0)
        {
            return 0;
        }

        // Characters that are shown as one are passed over as one; they are counted from the line's begin.
        int start = Text.LastIndexOf('\n', place - 1) + 1;
        if (start == place)
        {
            return place - 1;
        }

        int last = start;
        for (int next = start; next < place; next += StringInfo.GetNextTextElementLength(Text, next))
        {
            last = next;
        }

        return last;
    }

    private int After(int place) => place == Text.Length ? place : place + StringInfo.GetNextTextElementLength(Text, place);

    private int WordBefore(Func<char, bool> isWord)
    {
        int place = Cursor;
        while (place > 0 && !isWord(Text[place - 1]))
        {
            place--;
        }

        while (place > 0 && isWord(Text[place - 1]))
        {
            place--;
        }

        return place;
    }

    private int WordAfter()
    {
        int place = Cursor;
        while (place < Text.Length && !IsWordCharacter(Text[place]))
        {
            place++;
        }

        while (place < Text.Length && IsWordCharacter(Text[place]))
        {
            place++;
        }

        return place;
    }

    private void Cut(int start, int end)
    {
        if (end > start)
        {
            _cut = Text[start..end];
            Remove(start, end);
        }
    }

    private void Remove(int start, int end)
    {
        Text = Text.Remove(start, end - start);
        Cursor = start;
    }
}
