using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Plan;

/// <summary>A compiled SELECT: while <see cref="Root"/> stands on a row, <see cref="Outputs"/> evaluate to its columns.</summary>
internal sealed class QueryPlan
{
    public required PlanNode Root { get; init; }

    public required Expr[] Outputs { get; init; }

    public required IReadOnlyList<ResultColumnDescription> Columns { get; init; }

    /// <summary>Whether it reads columns of the queries around it, and so changes with their rows.</summary>
    public required bool IsCorrelated { get; init; }

    /// <summary>A guess at the number of rows, for those who join it.</summary>
    public double EstimatedRows { get; init; } = 1000;

    /// <summary>The collation by which an output is compared, sorted and told apart.</summary>
    public Collation CollationOf(int output) => Outputs[output].Collation ?? Collation.Binary;
}
