using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// Makes keys of the bytes that a terminal sends: UTF-8 characters, control characters, and the escape sequences of ECMA-48 as xterm, the Linux
/// console, rxvt and screen send them; text between the marks of bracketed paste is one key.
/// </summary>
/// <param name="next">Gives the next byte within so many milliseconds, <see cref="TerminalInput.Nothing"/> or <see cref="TerminalInput.End"/>.</param>
internal sealed class KeyReader(Func<int, int> next)
{
    /// <summary>What follows an escape within this time belongs to it; else the Escape key was pressed.</summary>
    private const int SequenceMs = 50;

    /// <summary>A paste may arrive in parts.</summary>
    private const int PasteMs = 2000;

    private const int LongestSequence = 32;
    private const byte EscapeByte = 0x1b;

    /// <summary>The next key; <see cref="KeyName.None"/> if none came in that time.</summary>
    public Key Read(int timeoutMs)
    {
        int c = next(timeoutMs);
        return c switch
        {
            TerminalInput.Nothing => new Key(KeyName.None),
            TerminalInput.End => new Key(KeyName.End),
            EscapeByte => Escape(),
            _ => Plain(c),
        };
    }

    private Key Plain(int c) => c switch
    {
        '\r' or '\n' => new Key(KeyName.Enter),
        '\t' => new Key(KeyName.Tab),
        0x7f or '\b' => new Key(KeyName.Backspace),
        0 => new Key(KeyName.Other),
        < 0x1b => Key.WithControl((char)(c + 'a' - 1)),
        < 0x20 => Key.WithControl((char)(c + '@')),
        < 0x80 => new Key(KeyName.Character, ((char)c).ToString()),
        _ => Character(c),
    };

    /// <summary>The rest of a character of several bytes; what is no UTF-8 is left out.</summary>
    private Key Character(int first)
    {
        Span<byte> bytes = stackalloc byte[4];
        bytes[0] = (byte)first;
        int length = first switch { >= 0xf8 => 1, >= 0xf0 => 4, >= 0xe0 => 3, >= 0xc0 => 2, _ => 1 };
        for (int i = 1; i < length; i++)
        {
            int c = next(SequenceMs);
            if (c < 0)
            {
                return new Key(KeyName.Other);
            }

            bytes[i] = (byte)c;
        }

        return Rune.DecodeFromUtf8(bytes[..length], out Rune rune, out int used) == System.Buffers.OperationStatus.Done && used == length
            ? new Key(KeyName.Character, rune.ToString())
            : new Key(KeyName.Other);
    }

    private Key Escape()
    {
        int c = next(SequenceMs);
        switch (c)
        {
            case TerminalInput.Nothing or TerminalInput.End:
                return new Key(KeyName.Escape);
            case '[':
                return Sequence();
            case 'O':
                return Named(next(SequenceMs), modifiers: 1);
            case EscapeByte:
                // Alt with a key that has a sequence of its own.
                return Escape() with { Alt = true };
            default:
                return Plain(c) with { Alt = true };
        }
    }

    /// <summary>After CSI: parameters, and a final byte (ECMA-48, 5.4).</summary>
    private Key Sequence()
    {
        StringBuilder parameters = new();
        while (parameters.Length < LongestSequence)
        {
            int c = next(SequenceMs);
            switch (c)
            {
                case < 0:
                    return new Key(KeyName.Other);
                case '[' when parameters.Length == 0:
                    // The Linux console's function keys: one more byte.
                    _ = next(SequenceMs);
                    return new Key(KeyName.Other);
                case >= 0x40 and <= 0x7e:
                    return Finished(parameters.ToString().Split(';'), c);
                default:
                    _ = parameters.Append((char)c);
                    break;
            }
        }

        return new Key(KeyName.Other);
    }

    private Key Finished(string[] parameters, int final)
    {
        int modifiers = parameters.Length > 1 ? Number(parameters[1]) : 1;
        if (final != '~')
        {
            return Named(final, modifiers);
        }

        return Number(parameters[0]) switch
        {
            1 or 7 => Modified(KeyName.Home, modifiers),
            3 => Modified(KeyName.Delete, modifiers),
            4 or 8 => Modified(KeyName.LineEnd, modifiers),
            200 => Paste(),
            _ => new Key(KeyName.Other),
        };
    }

    private static Key Named(int final, int modifiers) => final switch
    {
        'A' => Modified(KeyName.Up, modifiers),
        'B' => Modified(KeyName.Down, modifiers),
        'C' => Modified(KeyName.Right, modifiers),
        'D' => Modified(KeyName.Left, modifiers),
        'H' => Modified(KeyName.Home, modifiers),
        'F' => Modified(KeyName.LineEnd, modifiers),
        'M' => new Key(KeyName.Enter),

        // rxvt's Ctrl with an arrow.
        'c' => new Key(KeyName.Right, Control: true),
        'd' => new Key(KeyName.Left, Control: true),
        _ => new Key(KeyName.Other),
    };

    /// <summary>xterm's modifiers: one more than 1 for Shift, 2 for Alt, 4 for Ctrl.</summary>
    private static Key Modified(KeyName name, int modifiers) =>
        new(name, Control: ((modifiers - 1) & 4) != 0, Alt: ((modifiers - 1) & 2) != 0);

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 1;

    /// <summary>Everything up to the mark of the end; control characters but tabs and line breaks are left out.</summary>
    private Key Paste()
    {
        ReadOnlySpan<byte> mark = "\x1b[201~"u8;
        List<byte> bytes = [];
        while (true)
        {
            int c = next(PasteMs);
            if (c < 0)
            {
                break;
            }

            bytes.Add((byte)c);
            if (c == '~' && CollectionsMarshal.AsSpan(bytes).EndsWith(mark))
            {
                bytes.RemoveRange(bytes.Count - mark.Length, mark.Length);
                break;
            }
        }

        string text = Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes)).ReplaceLineEndings("\n");
        return new Key(KeyName.Paste, string.Concat(text.Where(c => !char.IsControl(c) || c is '\n' or '\t')));
    }
}
