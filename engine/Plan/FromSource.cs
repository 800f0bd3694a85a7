using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Operators;

namespace Sluice.Engine.Plan;

/// <summary>
/// One thing that a join reads: a table, or a subquery whose rows are made apart. It has a source of the frame, and a bit among the sources of its SELECT.
/// </summary>
internal sealed class FromSource
{
    public required int Source { get; init; }

    public required int Bit { get; init; }

    /// <summary>As EXPLAIN QUERY PLAN names it.</summary>
    public required string Name { get; init; }

    public required int ColumnCount { get; init; }

    /// <summary>Set for a table.</summary>
    public TableAccess? Access { get; set; }

    /// <summary>Set for a subquery.</summary>
    public QueryPlan? Derived { get; init; }

    /// <summary>Set for the row set of a recursive common table, or another source that is read through a node of its own.</summary>
    public PlanNode? Node { get; init; }

    /// <summary>For a table-valued function: the sources that its arguments refer to, which must be read before it.</summary>
    public ulong ArgumentMask { get; set; }

    /// <summary>INDEXED BY.</summary>
    public TableIndex? RequiredIndex { get; init; }

    public bool NotIndexed { get; init; }

    /// <summary>
    /// Whether its rows are changed. As in SQLite they are then not found by going through an index from end to end: with some conflict clauses
    /// the order in which they are changed shows.
    /// </summary>
    public bool IsChanged { get; set; }

    /// <summary>Ordinals of the columns that the statement reads.</summary>
    public ColumnSet UsedColumns { get; } = new();

    public ulong Mask => 1UL << Bit;

    public Table? Table => Access?.Shape.Table;
}

/// <summary>The sources of one SELECT core, those of flattened subqueries among them, and which of them were just referred to.</summary>
internal sealed class FromSources
{
    /// <summary>As in SQLite: the sources of a join are the bits of one word.</summary>
    public const int MaxSources = 64;

    private readonly List<FromSource> _sources = [];

    public IReadOnlyList<FromSource> All => _sources;

    /// <summary>The sources that expressions bound since the last reset refer to.</summary>
    public ulong Touched { get; set; }

    public int NextBit => _sources.Count < MaxSources
        ? _sources.Count
        : throw new SluiceException(ResultCode.Error, "at most 64 tables in a join");

    public void Add(FromSource source) => _sources.Add(source);
}
