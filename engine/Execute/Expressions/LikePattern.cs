using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// A compiled LIKE or GLOB pattern: pieces between runs of the any-run wildcard. The first piece stands at the start, the
/// last at the end, and those between are found one after the other, each as early as possible. An earliest find
/// never has to be taken back, so a match takes at most (length of text) x (length of pattern) steps.
/// </summary>
internal sealed class LikePattern
{
    /// <summary>SQLITE_MAX_LIKE_PATTERN_LENGTH ("Limits In SQLite", section 7).</summary>
    public const int MaxLength = 50_000;

    private readonly Piece[] _pieces;
    private readonly bool _never;

    private LikePattern(Piece[] pieces, bool never)
    {
        _pieces = pieces;
        _never = never;
    }

    /// <summary>LIKE: % and _, letters of ASCII in either case, an optional escape character.</summary>
    public static LikePattern Like(ReadOnlySpan<byte> pattern, int? escape, bool foldCase = true)
    {
        LikePatternBuilder builder = new(foldCase);
        return builder.BuildLike(Checked(pattern), escape) ? new(builder.Finish(), never: false) : new([], never: true);
    }

    /// <summary>GLOB: *, ? and [sets], letters as they are.</summary>
    public static LikePattern Glob(ReadOnlySpan<byte> pattern)
    {
        LikePatternBuilder builder = new(foldCase: false);
        return builder.BuildGlob(Checked(pattern)) ? new(builder.Finish(), never: false) : new([], never: true);
    }

    /// <summary>The one character of an ESCAPE clause.</summary>
    public static int EscapeOf(in SqlValue escape)
    {
        SqlValue text = SqlConvert.ToText(escape);
        ReadOnlySpan<byte> bytes = Utf8.UntilNul(text.Bytes);
        if (Utf8.Count(bytes) != 1)
        {
            throw new SluiceException(ResultCode.Error, "ESCAPE expression must be a single character");
        }

        int at = 0;
        return Utf8.Read(bytes, ref at);
    }

    public bool Matches(ReadOnlySpan<byte> text)
    {
        if (_never)
        {
            return false;
        }

        text = Utf8.UntilNul(text);
        int at = _pieces[0].MatchAt(text, 0);
        if (_pieces.Length == 1)
        {
            return at == text.Length;
        }

        for (int i = 1; i < _pieces.Length - 1 && at >= 0; i++)
        {
            at = _pieces[i].Find(text, at);
        }

        return at >= 0 && _pieces[^1].MatchesEnd(text, at);
    }

    private static ReadOnlySpan<byte> Checked(ReadOnlySpan<byte> pattern) => pattern.Length <= MaxLength
        ? Utf8.UntilNul(pattern)
        : throw new SluiceException(ResultCode.Error, "LIKE or GLOB pattern too complex");

    /// <summary>What one place of a pattern takes.</summary>
    internal enum StepKind : byte
    {
        Byte,
        AnyCharacter,
        Set,
    }

    /// <summary>One place of a pattern: a byte (in lower case where case is folded), any character, or one of a set.</summary>
    internal readonly record struct Step(StepKind Kind, byte Value, CharacterSet? Set);

    /// <summary>The places between two any-run wildcards.</summary>
    internal sealed class Piece(Step[] steps, bool foldCase)
    {
        private readonly bool _plain = Array.TrueForAll(steps, step => step.Kind == StepKind.Byte);

        /// <summary>Where the text goes on behind a match at <paramref name="at"/>, or -1.</summary>
        public int MatchAt(ReadOnlySpan<byte> text, int at)
        {
            foreach (ref readonly Step step in steps.AsSpan())
            {
                if (at >= text.Length)
                {
                    return -1;
                }

                switch (step.Kind)
                {
                    case StepKind.Byte when Fold(text[at]) == step.Value:
                        at++;
                        break;
                    case StepKind.AnyCharacter:
                        at = Utf8.Next(text, at);
                        break;
                    case StepKind.Set when step.Set!.Contains(Utf8.Read(text, ref at)):
                        break;
                    default:
                        return -1;
                }
            }

            return at;
        }

        /// <summary>Where the text goes on behind the first match at or after <paramref name="at"/>, or -1.</summary>
        public int Find(ReadOnlySpan<byte> text, int at)
        {
            while (at <= text.Length)
            {
                int skip = Skip(text[at..]);
                if (skip < 0)
                {
                    return -1;
                }

                at += skip;
                int end = MatchAt(text, at);
                if (end >= 0)
                {
                    return end;
                }

                if (at == text.Length)
                {
                    return -1;
                }

                at = Utf8.Next(text, at);
            }

            return -1;
        }

        /// <summary>Whether there is a match at or after <paramref name="at"/> that ends with the text.</summary>
        public bool MatchesEnd(ReadOnlySpan<byte> text, int at)
        {
            if (_plain)
            {
                int start = text.Length - steps.Length;
                return start >= at && MatchAt(text, start) == text.Length;
            }

            for (; at < text.Length; at = Utf8.Next(text, at))
            {
                if (MatchAt(text, at) == text.Length)
                {
                    return true;
                }
            }

            return false;
        }

        /// <summary>How many bytes cannot begin a match, or -1 when none of the text can.</summary>
        private int Skip(ReadOnlySpan<byte> text)
        {
            if (steps.Length == 0 || steps[0].Kind != StepKind.Byte)
            {
                return 0;
            }

            byte first = steps[0].Value;
            return foldCase && first is >= (byte)'a' and <= (byte)'z'
                ? text.IndexOfAny(first, (byte)(first - 32))
                : text.IndexOf(first);
        }

        private byte Fold(byte value) => foldCase && value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value + 32) : value;
    }
}

/// <summary>A set of GLOB: [abc], [a-z], [^...].</summary>
internal sealed class CharacterSet(List<(int From, int To)> ranges, bool inverted)
{
    public bool Contains(int character)
    {
        foreach ((int from, int to) in ranges)
        {
            if (character >= from && character <= to)
            {
                return !inverted;
            }
        }

        return inverted;
    }
}
