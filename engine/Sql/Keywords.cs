namespace Sluice.Engine.Sql;

/// <summary>The keyword table: a small open hash over the upper-cased bytes.</summary>
internal static class Keywords
{
    private const int SlotCount = 1024;
    private const int LongestKeyword = 17;

    private static readonly (byte[] Word, TokenKind Kind)[] Slots = BuildSlots();

    /// <summary>All keywords, in capitals.</summary>
    public static IEnumerable<string> Names => All().Select(keyword => keyword.Name);

    /// <summary>The keyword's kind, or <see cref="TokenKind.Identifier"/>.</summary>
    public static TokenKind Lookup(ReadOnlySpan<byte> word)
    {
        if (word.Length is < 2 or > LongestKeyword)
        {
            return TokenKind.Identifier;
        }

        for (int slot = Hash(word); Slots[slot].Word is { } candidate; slot = (slot + 1) % SlotCount)
        {
            if (EqualsIgnoringCase(word, candidate))
            {
                return Slots[slot].Kind;
            }
        }

        return TokenKind.Identifier;
    }

    /// <summary>Whether a word is <paramref name="upper"/>, an upper-case ASCII word, in any case.</summary>
    public static bool EqualsIgnoringCase(ReadOnlySpan<byte> word, ReadOnlySpan<byte> upper)
    {
        if (word.Length != upper.Length)
        {
            return false;
        }

        for (int i = 0; i < word.Length; i++)
        {
            if (Upper(word[i]) != upper[i])
            {
                return false;
            }
        }

        return true;
    }

    private static int Upper(byte value) => value is >= (byte)'a' and <= (byte)'z' ? value - 32 : value;

    private static int Hash(ReadOnlySpan<byte> word)
    {
        int first = Upper(word[0]);
        int second = Upper(word[1]);
        int last = Upper(word[^1]);
        int middle = Upper(word[word.Length / 2]);
        return ((first * 31) + (second * 7) + (last * 131) + (middle * 17) + (word.Length * 61)) % SlotCount;
    }

    private static (byte[] Word, TokenKind Kind)[] BuildSlots()
    {
        var slots = new (byte[] Word, TokenKind Kind)[SlotCount];
        foreach ((string name, TokenKind kind) in All())
        {
            byte[] word = System.Text.Encoding.ASCII.GetBytes(name);
            int slot = Hash(word);
            while (slots[slot].Word is not null)
            {
                slot = (slot + 1) % SlotCount;
            }

            slots[slot] = (word, kind);
        }

        return slots;
    }

    private static IEnumerable<(string Name, TokenKind Kind)> All()
    {
        for (TokenKind kind = TokenKind.Abort; kind <= TokenKind.Where; kind++)
        {
            switch (kind)
            {
                case TokenKind.EndKeyword:
                    yield return ("END", kind);
                    break;
                case TokenKind.CurrentTime:
                    yield return ("CURRENT_DATE", kind);
                    yield return ("CURRENT_TIME", kind);
                    yield return ("CURRENT_TIMESTAMP", kind);
                    break;
                case TokenKind.JoinKeyword:
                    foreach (string name in (string[])["CROSS", "FULL", "INNER", "LEFT", "NATURAL", "OUTER", "RIGHT"])
                    {
                        yield return (name, kind);
                    }

                    break;
                case TokenKind.Like:
                    yield return ("LIKE", kind);
                    yield return ("GLOB", kind);
                    yield return ("REGEXP", kind);
                    break;
                case TokenKind.Temp:
                    yield return ("TEMP", kind);
                    yield return ("TEMPORARY", kind);
                    break;
                default:
                    yield return (kind.ToString().ToUpperInvariant(), kind);
                    break;
            }
        }
    }
}
