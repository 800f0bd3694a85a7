using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Operators.Windows;

/// <summary>A window, bound: which rows belong together, in which order, and which of them a row sees.</summary>
internal sealed record Window(GroupKey[] Partition, SortKey[] Order, WindowFrame Frame)
{
    public WindowCall[] Calls { get; init; } = [];
}

/// <summary>The frame of a window; offsets are null where their bound has none.</summary>
internal sealed record WindowFrame(FrameUnit Unit, FrameBoundKind Start, Expr? StartOffset, FrameBoundKind End, Expr? EndOffset, FrameExclude Exclude);

/// <summary>A call of a window function; its result goes into a slot of the frame. Aggregate is null for row_number() and the like.</summary>
internal sealed record WindowCall(string Name, AggregateFunction? Aggregate, Expr[] Arguments, Expr? Filter, Collation Collation, int Slot);
