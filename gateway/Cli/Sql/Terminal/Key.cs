namespace Sluice.Gateway.Cli.Sql;

internal enum KeyName
{
    /// <summary>Nothing was pressed for a while.</summary>
    None,

    /// <summary>The terminal is gone.</summary>
    End,

    /// <summary>A character, or with <see cref="Key.Control"/> the letter that was held with it.</summary>
    Character,

    /// <summary>Pasted text, as one.</summary>
    Paste,
    Enter,
    Tab,
    Backspace,
    Delete,
    Escape,
    Up,
    Down,
    Left,
    Right,
    Home,
    LineEnd,

    /// <summary>A key that means nothing here.</summary>
    Other,
}

/// <summary>A key that was pressed.</summary>
internal readonly record struct Key(KeyName Name, string Text = "", bool Control = false, bool Alt = false)
{
    public static Key WithControl(char letter) => new(KeyName.Character, letter.ToString(), Control: true);
}
