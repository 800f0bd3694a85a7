using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Operators;

namespace Sluice.Engine.Plan;

/// <summary>A compiled SELECT: while <see cref="Root"/> stands on a row, <see cref="Outputs"/> evaluate to its columns.</summary>
internal sealed class QueryPlan
{
    public required PlanNode Root { get; init; }

    public required Expr[] Outputs { get; init; }

    /// <summary>The outputs of a compound's first SELECT, whose collations its columns have where it is a table; else <see cref="Outputs"/>.</summary>
    public IReadOnlyList<Expr> First { get => field ?? Outputs; init; }

    /// <summary>The outputs of a compound's last SELECT, whose affinities and collations count where it is a value or a set of them; else <see cref="Outputs"/>.</summary>
    public IReadOnlyList<Expr> Last { get => field ?? Outputs; init; }

    public required IReadOnlyList<ResultColumnDescription> Columns { get; init; }

    /// <summary>Whether it reads columns of the queries around it, and so changes with their rows.</summary>
    public required bool IsCorrelated { get; init; }

    /// <summary>A guess at the number of rows, for those who join it.</summary>
    public double EstimatedRows { get; init; } = 1000;
}
