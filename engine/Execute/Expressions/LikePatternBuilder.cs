using Piece = Sluice.Engine.Execute.Expressions.LikePattern.Piece;
using Step = Sluice.Engine.Execute.Expressions.LikePattern.Step;
using StepKind = Sluice.Engine.Execute.Expressions.LikePattern.StepKind;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>Compiles the text of a pattern into pieces. A Build method returns false for a pattern that nothing can match.</summary>
internal sealed class LikePatternBuilder(bool foldCase)
{
    private readonly List<Piece> _pieces = [];
    private readonly List<Step> _steps = [];

    /// <summary>False where the escape character is the last: nothing is escaped.</summary>
    public bool BuildLike(ReadOnlySpan<byte> pattern, int? escape)
    {
        int at = 0;
        while (at < pattern.Length)
        {
            int start = at;
            int character = Utf8.Read(pattern, ref at);
            if (character == escape)
            {
                if (at == pattern.Length)
                {
                    return false;
                }

                start = at;
                at = Utf8.Next(pattern, at);
                AddBytes(pattern[start..at]);
            }
            else if (character == '%')
            {
                EndPiece();
            }
            else if (character == '_')
            {
                _steps.Add(new Step(StepKind.AnyCharacter, 0, null));
            }
            else
            {
                AddBytes(pattern[start..at]);
            }
        }

        return true;
    }

    /// <summary>False where a set is not closed.</summary>
    public bool BuildGlob(ReadOnlySpan<byte> pattern)
    {
        int at = 0;
        while (at < pattern.Length)
        {
            int start = at;
            at = Utf8.Next(pattern, at);
            switch (pattern[start])
            {
                case (byte)'*':
                    EndPiece();
                    break;
                case (byte)'?':
                    _steps.Add(new Step(StepKind.AnyCharacter, 0, null));
                    break;
                case (byte)'[':
                    CharacterSet? set = ReadSet(pattern, ref at);
                    if (set is null)
                    {
                        return false;
                    }

                    _steps.Add(new Step(StepKind.Set, 0, set));
                    break;
                default:
                    AddBytes(pattern[start..at]);
                    break;
            }
        }

        return true;
    }

    /// <summary>The pieces; between two wildcards in a row there is an empty one, which matches anywhere.</summary>
    public Piece[] Finish()
    {
        EndPiece();
        return [.. _pieces];
    }

    private void EndPiece()
    {
        _pieces.Add(new Piece([.. _steps], foldCase));
        _steps.Clear();
    }

    private void AddBytes(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            byte folded = foldCase && value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value + 32) : value;
            _steps.Add(new Step(StepKind.Byte, folded, null));
        }
    }

    /// <summary>Reads behind '['. A ']' in first place is a member, and so is a '-' that has no character on both sides.</summary>
    private static CharacterSet? ReadSet(ReadOnlySpan<byte> pattern, ref int at)
    {
        List<(int From, int To)> ranges = [];
        bool inverted = at < pattern.Length && pattern[at] == '^';
        if (inverted)
        {
            at++;
        }

        if (at < pattern.Length && pattern[at] == ']')
        {
            ranges.Add((']', ']'));
            at++;
        }

        int prior = 0;
        while (at < pattern.Length)
        {
            int character = Utf8.Read(pattern, ref at);
            if (character == ']')
            {
                return new CharacterSet(ranges, inverted);
            }

            if (character == '-' && prior > 0 && at < pattern.Length && pattern[at] != ']')
            {
                ranges.Add((prior, Utf8.Read(pattern, ref at)));
                prior = 0;
            }
            else
            {
                ranges.Add((character, character));
                prior = character;
            }
        }

        return null;
    }
}
