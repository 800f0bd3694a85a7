using Sluice.Engine.Execute;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>One operand of a join, from the left: a source, or several that are joined among themselves first.</summary>
internal sealed class JoinStep
{
    /// <summary>How it is joined with all before it; inner for the first.</summary>
    public required JoinKind Kind { get; set; }

    /// <summary>Null for a group.</summary>
    public FromSource? Source { get; init; }

    /// <summary>The operands of a group, such as (b LEFT JOIN c) in a JOIN (b LEFT JOIN c).</summary>
    public List<JoinStep> Group { get; init; } = [];

    /// <summary>ON and USING.</summary>
    public List<WhereTerm> On { get; } = [];

    public bool IsOuter => (Kind & JoinKind.Full) != 0;

    public ulong Mask => Source?.Mask ?? Group.Aggregate(0UL, (mask, step) => mask | step.Mask);

    public IEnumerable<int> Sources => Source is { } source ? [source.Source] : Group.SelectMany(step => step.Sources);
}

/// <summary>A condition of a join: one of those that AND connects, bound.</summary>
internal sealed class WhereTerm
{
    private double? _selectivity;

    public required Expr Condition { get; init; }

    /// <summary>As it is written.</summary>
    public required ExpressionNode Node { get; init; }

    /// <summary>The sources that it refers to.</summary>
    public required ulong Mask { get; init; }

    /// <summary>Whether it also refers to queries around this one, so that its truth changes with their rows.</summary>
    public bool IsCorrelated { get; init; }

    /// <summary>Ways in which a seek can answer it.</summary>
    public List<TermUse> Uses { get; init; } = [];

    /// <summary>What is left of rows by it where no seek answers it.</summary>
    public double Selectivity => _selectivity ??= Uses.Exists(static use => use.Kind is TermKind.Equal or TermKind.Is or TermKind.In) ? 0.25 : 0.93;
}

internal enum TermKind
{
    Equal,

    /// <summary>IS: NULL finds NULL.</summary>
    Is,
    Lower,
    Upper,
    In,
}

/// <summary>A condition seen as a bound on a column: column operator value.</summary>
internal sealed class TermUse
{
    public required WhereTerm Term { get; init; }

    public required FromSource Source { get; init; }

    /// <summary>The column's ordinal; -1 for the rowid, <see cref="Catalog.TableIndex.ExpressionColumn"/> for an expression.</summary>
    public required int Column { get; init; }

    /// <summary>The expression as an index may have it; null for a column.</summary>
    public ExpressionNode? Expression { get; init; }

    public required TermKind Kind { get; init; }

    /// <summary>The other side; null for IN.</summary>
    public Expr? Value { get; init; }

    /// <summary>The values of an IN.</summary>
    public Execute.Operators.InValues? Values { get; init; }

    public double ValueCount { get; init; } = 1;

    /// <summary>The sources that the other side refers to: they must be read before.</summary>
    public required ulong ValueMask { get; init; }

    public bool Inclusive { get; init; }

    /// <summary>The affinity that the comparison applies to the value.</summary>
    public required Affinity Convert { get; init; }

    public required Format.Collation Collation { get; init; }

    /// <summary>The side with the column, for a hash table.</summary>
    public required Expr ColumnSide { get; init; }
}
