using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>A value known when the statement is compiled: a literal or a folded subtree, with the affinity and collation that it had.</summary>
public sealed class ConstantExpr(
    SqlValue value, Affinity affinity = Affinity.None, Collation? collation = null, bool hasExplicitCollation = false) : Expr
{
    public static ConstantExpr Null { get; } = new(SqlValue.Null);

    public SqlValue Value { get; } = value;

    /// <summary>For a folded expression: the kinds by its form, not by its value.</summary>
    public ValueKinds? FoldedKinds { get; init; }

    public override ValueKinds Kinds => FoldedKinds ?? Value.Type switch
    {
        SqlType.Null => ValueKinds.None,
        SqlType.Text => ValueKinds.Text,
        SqlType.Blob => ValueKinds.Blob,
        _ => ValueKinds.Numeric,
    };

    public override Affinity Affinity => affinity;

    public override Collation? Collation => collation;

    public override bool HasExplicitCollation => hasExplicitCollation;

    public override bool IsConstant => true;

    public override SqlValue Evaluate(Frame frame) => Value;
}

/// <summary>A column of one of the frame's row sources.</summary>
public sealed class ColumnExpr(int source, int column, Affinity affinity, Collation? collation) : Expr
{
    public int Source { get; } = source;

    public int Column { get; } = column;

    /// <summary>For a column that an operator fills with an expression's values: what these may be.</summary>
    public ValueKinds? FilledKinds { get; init; }

    public override ValueKinds Kinds => FilledKinds ?? base.Kinds;

    public override Affinity Affinity => affinity;

    public override Collation? Collation => collation;

    public override SqlValue Evaluate(Frame frame)
    {
        RowSource row = frame.Sources[Source];
        if (row.IsNullRow)
        {
            return SqlValue.Null;
        }

        return row.Column(Column);
    }
}

/// <summary>The rowid of one of the frame's row sources, under any of its names.</summary>
public sealed class RowidExpr(int source) : Expr
{
    public int Source { get; } = source;

    public override Affinity Affinity => Affinity.Integer;

    public override Collation? Collation => Collation.Binary;

    public override SqlValue Evaluate(Frame frame)
    {
        RowSource row = frame.Sources[Source];
        return row.IsNullRow ? SqlValue.Null : SqlValue.FromInteger(row.Rowid);
    }
}

/// <summary>A value that an operator has put into one of the frame's slots.</summary>
public sealed class SlotExpr(int slot, Affinity affinity = Affinity.None, Collation? collation = null) : Expr
{
    public int Slot { get; } = slot;

    public override Affinity Affinity => affinity;

    public override Collation? Collation => collation;

    public override SqlValue Evaluate(Frame frame) => frame.Slots[Slot];
}

/// <summary>A bound parameter.</summary>
public sealed class ParameterExpr(int number) : Expr
{
    /// <summary>From 1.</summary>
    public int Number { get; } = number;

    public override bool IsConstant => true;

    public override SqlValue Evaluate(Frame frame) =>
        Number <= frame.Parameters.Length ? frame.Parameters[Number - 1] : SqlValue.Null;
}

/// <summary>An expression that is constant in one execution but not over all: computed at its first use and kept in two slots.</summary>
public sealed class OnceExpr(Expr inner, int valueSlot, int doneSlot) : Expr
{
    public override Affinity Affinity => inner.Affinity;

    public override Collation? Collation => inner.Collation;

    public override bool HasExplicitCollation => inner.HasExplicitCollation;

    public override ValueKinds Kinds => inner.Kinds;

    public override bool IsConstant => true;

    public override SqlValue Evaluate(Frame frame)
    {
        if (frame.Slots[doneSlot].IsNull)
        {
            frame.Slots[valueSlot] = inner.Evaluate(frame);
            frame.Slots[doneSlot] = SqlValue.FromInteger(1);
        }

        return frame.Slots[valueSlot];
    }
}
