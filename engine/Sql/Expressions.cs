using Sluice.Engine.Format;

namespace Sluice.Engine.Sql;

/// <summary>An expression as written ("SQL Language Expressions", sqlite.org/lang_expr.html).</summary>
public abstract record ExpressionNode
{
    /// <summary>Byte offset in the statement's text, for messages.</summary>
    public int Position { get; init; }

    /// <summary>Levels of the tree from here down, a subquery's included; the parser bounds it at 1000.</summary>
    public int Height { get; init; } = 1;
}

public sealed record LiteralNode(SqlValue Value) : ExpressionNode;

public enum CurrentKind
{
    Date,
    Time,
    Timestamp,
}

/// <summary>CURRENT_DATE, CURRENT_TIME, CURRENT_TIMESTAMP.</summary>
public sealed record CurrentNode(CurrentKind Kind) : ExpressionNode;

/// <summary>A parameter by its number from 1; the name with its prefix (?5 is a name too), null for a bare question mark.</summary>
public sealed record ParameterNode(int Number, string? Name) : ExpressionNode;

/// <summary>
/// [[schema.]table.]column. A name in double quotes that is no column becomes a string, so the parser tells.
/// </summary>
public sealed record ColumnNode(string? Schema, string? Table, string Column, bool DoubleQuoted) : ExpressionNode;

public enum UnaryOperator
{
    Negate,
    Plus,
    BitNot,
    Not,
}

public sealed record UnaryNode(UnaryOperator Operator, ExpressionNode Operand) : ExpressionNode;

public enum BinaryOperator
{
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,

    /// <summary>IS, IS NOT DISTINCT FROM.</summary>
    Is,

    /// <summary>IS NOT, IS DISTINCT FROM.</summary>
    IsNot,
    BitAnd,
    BitOr,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Concatenate,
    JsonArrow,
    JsonDoubleArrow,
}

public sealed record BinaryNode(BinaryOperator Operator, ExpressionNode Left, ExpressionNode Right) : ExpressionNode;

public enum LikeOperator
{
    Like,
    Glob,
    Regexp,
    Match,
}

public sealed record LikeNode(LikeOperator Operator, ExpressionNode Value, ExpressionNode Pattern, ExpressionNode? Escape, bool Negated)
    : ExpressionNode;

public sealed record IsNullNode(ExpressionNode Operand, bool Negated) : ExpressionNode;

public sealed record BetweenNode(ExpressionNode Value, ExpressionNode Low, ExpressionNode High, bool Negated) : ExpressionNode;

public sealed record InListNode(ExpressionNode Value, IReadOnlyList<ExpressionNode> List, bool Negated) : ExpressionNode;

public sealed record InSelectNode(ExpressionNode Value, SelectStatement Select, bool Negated) : ExpressionNode;

/// <summary>value IN table, or value IN table-function(arguments).</summary>
public sealed record InTableNode(ExpressionNode Value, string? Schema, string Table, IReadOnlyList<ExpressionNode>? Arguments, bool Negated)
    : ExpressionNode;

public sealed record ExistsNode(SelectStatement Select) : ExpressionNode;

/// <summary>(SELECT ...) as a value or a row value.</summary>
public sealed record ScalarSelectNode(SelectStatement Select) : ExpressionNode;

/// <summary>(a, b, ...) with two or more members.</summary>
public sealed record RowValueNode(IReadOnlyList<ExpressionNode> Items) : ExpressionNode;

public sealed record CaseNode(ExpressionNode? Operand, IReadOnlyList<(ExpressionNode When, ExpressionNode Then)> Branches, ExpressionNode? Else)
    : ExpressionNode;

public sealed record CastNode(ExpressionNode Operand, string TypeName) : ExpressionNode;

public sealed record CollateNode(ExpressionNode Operand, string Collation) : ExpressionNode;

/// <summary>RAISE(IGNORE) or RAISE(ABORT|FAIL|ROLLBACK, message).</summary>
public sealed record RaiseNode(ConflictAction Action, ExpressionNode? Message) : ExpressionNode;

/// <summary>A call of a scalar, aggregate or window function.</summary>
public sealed record FunctionNode(string Name, IReadOnlyList<ExpressionNode> Arguments) : ExpressionNode
{
    /// <summary>f(*).</summary>
    public bool Star { get; init; }

    public bool Distinct { get; init; }

    /// <summary>ORDER BY among the arguments of an aggregate.</summary>
    public IReadOnlyList<OrderTerm> OrderBy { get; init; } = [];

    public ExpressionNode? Filter { get; init; }

    public WindowSpecification? Over { get; init; }
}

public enum FrameUnit
{
    Rows,
    Range,
    Groups,
}

public enum FrameBoundKind
{
    UnboundedPreceding,
    Preceding,
    CurrentRow,
    Following,
    UnboundedFollowing,
}

public enum FrameExclude
{
    /// <summary>There is no EXCLUDE.</summary>
    None,

    /// <summary>The same rows, but each frame's aggregate is computed from its rows alone, as in SQLite: an infinity that has left the frame does not stay in its sum.</summary>
    NoOthers,
    CurrentRow,
    Group,
    Ties,
}

public sealed record FrameBound(FrameBoundKind Kind, ExpressionNode? Offset);

public sealed record FrameSpecification(FrameUnit Unit, FrameBound Start, FrameBound End, FrameExclude Exclude);

/// <summary>OVER name, or OVER ([base] PARTITION BY ... ORDER BY ... frame). <see cref="Name"/> alone means OVER name.</summary>
public sealed record WindowSpecification
{
    public string? Name { get; init; }

    public string? BaseName { get; init; }

    public IReadOnlyList<ExpressionNode> PartitionBy { get; init; } = [];

    public IReadOnlyList<OrderTerm> OrderBy { get; init; } = [];

    public FrameSpecification? Frame { get; init; }
}

/// <summary>One term of an ORDER BY. <see cref="NullsFirst"/> is null where not written.</summary>
public sealed record OrderTerm(ExpressionNode Expression, bool Descending, bool? NullsFirst);
