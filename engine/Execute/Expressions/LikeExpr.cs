using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// x LIKE pattern [ESCAPE e] and x GLOB pattern. A pattern that does not change from row to row is compiled once: the last
/// one is remembered, and a statement run by several threads at a time at worst compiles it again.
/// </summary>
internal sealed class LikeExpr(bool glob, Expr value, Expr pattern, Expr? escape, bool negated) : PredicateExpr
{
    private Compiled? _last;

    /// <summary>It is a function that a program may replace.</summary>
    public override ValueKinds Kinds => ValueKinds.Any;

    public override bool IsConstant => value.IsConstant && pattern.IsConstant && escape?.IsConstant != false;

    /// <summary>Whether it is the same for all sessions: LIKE may tell the cases of letters apart or not.</summary>
    public bool IsFoldable => glob;

    public override Truth Test(Frame frame)
    {
        SqlValue text = value.Evaluate(frame);
        SqlValue like = pattern.Evaluate(frame);
        SqlValue escaped = escape?.Evaluate(frame) ?? SqlValue.Null;
        Truth truth = Match(text, like, escape is not null, escaped, foldCase: !glob && !frame.Context.CaseSensitiveLike);
        return negated ? Logic.Not(truth) : truth;
    }

    private Truth Match(in SqlValue text, in SqlValue like, bool hasEscape, in SqlValue escaped, bool foldCase)
    {
        if (text.Type == SqlType.Blob || like.Type == SqlType.Blob)
        {
            return Truth.False;
        }

        if (hasEscape && escaped.IsNull)
        {
            return Truth.Unknown;
        }

        if (text.IsNull || like.IsNull)
        {
            if (hasEscape)
            {
                LikePattern.EscapeOf(escaped);
            }

            return Truth.Unknown;
        }

        LikePattern compiled = Compile(SqlConvert.ToText(like), hasEscape, escaped, foldCase);
        if (text.Type == SqlType.Text)
        {
            return Logic.Of(compiled.Matches(text.Bytes));
        }

        Span<byte> number = stackalloc byte[NumberText.MaxLength];
        return Logic.Of(compiled.Matches(number[..SqlConvert.WriteNumber(text, number)]));
    }

    private LikePattern Compile(in SqlValue like, bool hasEscape, in SqlValue escaped, bool foldCase)
    {
        int? character = hasEscape ? LikePattern.EscapeOf(escaped) : null;
        Compiled? last = _last;
        if (last is not null && last.Escape == character && last.FoldCase == foldCase && last.Source.Bytes.SequenceEqual(like.Bytes))
        {
            return last.Pattern;
        }

        LikePattern compiled = glob ? LikePattern.Glob(like.Bytes) : LikePattern.Like(like.Bytes, character, foldCase);
        _last = new Compiled(like, character, foldCase, compiled);
        return compiled;
    }

    private sealed record Compiled(SqlValue Source, int? Escape, bool FoldCase, LikePattern Pattern);
}
