using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>SQL's three truth values.</summary>
public enum Truth : byte
{
    False = 0,
    True = 1,
    Unknown = 2,
}

/// <summary>Three-valued logic ("SQL Language Expressions", section 16: boolean expressions).</summary>
public static class Logic
{
    /// <summary>Whether a WHERE, HAVING or ON lets the row pass: neither false nor unknown.</summary>
    public static bool Passes(Expr condition, Frame frame) => condition.Test(frame) == Truth.True;

    /// <summary>The truth of a value: NULL is unknown, zero false; text counts by its numeric prefix.</summary>
    public static Truth Of(in SqlValue value) => value.Type switch
    {
        SqlType.Null => Truth.Unknown,
        SqlType.Integer => Of(value.Integer != 0),
        SqlType.Real => Of(value.Real != 0.0),
        _ => Of(SqlConvert.ToReal(value) != 0.0),
    };

    public static Truth Of(bool value) => value ? Truth.True : Truth.False;

    public static Truth Not(Truth value) => value switch
    {
        Truth.True => Truth.False,
        Truth.False => Truth.True,
        _ => Truth.Unknown,
    };

    /// <summary>1, 0 or NULL.</summary>
    public static SqlValue ToValue(Truth value) =>
        value == Truth.Unknown ? SqlValue.Null : SqlValue.FromInteger((long)value);
}

/// <summary>An expression whose value is 1, 0 or NULL.</summary>
public abstract class PredicateExpr : Expr
{
    public override ValueKinds Kinds => ValueKinds.Numeric;

    public abstract override Truth Test(Frame frame);

    public sealed override SqlValue Evaluate(Frame frame) => Logic.ToValue(Test(frame));
}
