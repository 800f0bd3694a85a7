namespace Sluice.Differential;

internal enum StepKind
{
    /// <summary>Makes tables and other definitions, or begins and ends transactions.</summary>
    Setup,

    /// <summary>Reads.</summary>
    Query,

    /// <summary>Changes rows: the tables are compared after it.</summary>
    Change,

    /// <summary>Only for the engine, where nothing may change by it: a checkpoint.</summary>
    Ours,
}

/// <summary>What of a query's order of rows is decided by its text.</summary>
internal enum RowOrder
{
    /// <summary>Nothing: the rows are compared as a bag.</summary>
    None,

    /// <summary>Some columns are in order; rows that are equal in these come in any order.</summary>
    Keys,

    /// <summary>As <see cref="Keys"/>, and a LIMIT takes of rows with equal keys whichever it finds: only the keys are compared.</summary>
    KeysOnly,

    /// <summary>All of it.</summary>
    Total,
}

/// <summary>A statement of a case.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Sql">One statement.</param>
/// <param name="Order">What of the order of rows counts.</param>
/// <param name="Keys">The columns by which a query is ordered, from 0.</param>
internal sealed record Step(StepKind Kind, string Sql, RowOrder Order = RowOrder.None, IReadOnlyList<int>? Keys = null);

/// <summary>Statements that run one after the other on an empty database.</summary>
/// <param name="Steps">The statements.</param>
/// <param name="Contents">Queries that show the tables, run after changes.</param>
internal sealed record Case(IReadOnlyList<Step> Steps, IReadOnlyList<Step> Contents);
