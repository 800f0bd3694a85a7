using System.Globalization;
using System.Text;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// Cuts a dot command's line into words as sqlite3 does: at spaces, but not within single quotes, in which everything stands for itself, nor
/// double quotes, in which a backslash gives C's escapes.
/// </summary>
internal static class DotArguments
{
    public static string[] Split(string line)
    {
        List<string> words = [];
        int i = 0;
        while (true)
        {
            while (i < line.Length && char.IsWhiteSpace(line[i]))
            {
                i++;
            }

            if (i == line.Length)
            {
                return [.. words];
            }

            words.Add(line[i] switch
            {
                '\'' => Single(line, ref i),
                '"' => Double(line, ref i),
                _ => Bare(line, ref i),
            });
        }
    }

    private static string Bare(string line, ref int i)
    {
        int start = i;
        while (i < line.Length && !char.IsWhiteSpace(line[i]))
        {
            i++;
        }

        return line[start..i];
    }

    private static string Single(string line, ref int i)
    {
        int start = ++i;
        int end = line.IndexOf('\'', start);
        i = end < 0 ? line.Length : end + 1;
        return end < 0 ? line[start..] : line[start..end];
    }

    private static string Double(string line, ref int i)
    {
        StringBuilder word = new();
        for (i++; i < line.Length && line[i] != '"'; i++)
        {
            if (line[i] == '\\' && i + 1 < line.Length)
            {
                i++;
                _ = word.Append(Escape(line, ref i));
            }
            else
            {
                _ = word.Append(line[i]);
            }
        }

        i = Math.Min(i + 1, line.Length);
        return word.ToString();
    }

    private static char Escape(string line, ref int i)
    {
        switch (line[i])
        {
            case 'a':
                return '\a';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'v':
                return '\v';
            case 'x' when i + 2 < line.Length && int.TryParse(line.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, null, out int hex):
                i += 2;
                return (char)hex;
            case >= '0' and <= '7':
                int octal = 0;
                int end = Math.Min(i + 3, line.Length);
                for (; i < end && line[i] is >= '0' and <= '7'; i++)
                {
                    octal = (octal * 8) + (line[i] - '0');
                }

                i--;
                return (char)octal;
            default:
                return line[i];
        }
    }
}
