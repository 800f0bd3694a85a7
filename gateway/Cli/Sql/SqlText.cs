namespace Sluice.Gateway.Cli.Sql;

/// <summary>Names and literals as SQL writes them, and how a statement begins.</summary>
internal static class SqlText
{
    /// <summary>The name in double quotes.</summary>
    public static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>The name, in double quotes only if it needs them.</summary>
    public static string Name(string name) => IsPlain(name) && !SqlWords.IsKeyword(name) ? name : Quoted(name);

    /// <summary>The text as a literal.</summary>
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Whether a statement begins with these words, after space and comments.</summary>
    public static bool Begins(string statement, params ReadOnlySpan<string> words)
    {
        int i = 0;
        foreach (string word in words)
        {
            i = SkipSpace(statement, i);
            int end = i + word.Length;
            if (string.Compare(statement, i, word, 0, word.Length, StringComparison.OrdinalIgnoreCase) != 0
                || (end < statement.Length && IsWordCharacter(statement[end])))
            {
                return false;
            }

            i = end;
        }

        return true;
    }

    public static bool IsWordCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$' || c > '\x7f';

    private static bool IsPlain(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static int SkipSpace(string text, int i)
    {
        while (i < text.Length)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                i++;
            }
            else if (text.AsSpan(i).StartsWith("--"))
            {
                int end = text.IndexOf('\n', i);
                i = end < 0 ? text.Length : end + 1;
            }
            else if (text.AsSpan(i).StartsWith("/*"))
            {
                int end = text.IndexOf("*/", i + 2, StringComparison.Ordinal);
                i = end < 0 ? text.Length : end + 2;
            }
            else
            {
                break;
            }
        }

        return i;
    }
}
