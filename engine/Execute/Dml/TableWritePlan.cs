using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Dml;

/// <summary>A CHECK bound to the row source that the statement gives new rows.</summary>
internal sealed record BoundCheck(Expr Expression, string NameOrText);

/// <summary>
/// What writing rows of one table needs to know, worked out once a statement: which columns must not be NULL, which checks hold, what stands in
/// for a missing value. Immutable.
/// </summary>
internal sealed class TableWritePlan
{
    public TableWritePlan(
        Table table, IReadOnlyList<BoundCheck> checks, IReadOnlyList<Expr?> defaults, ConflictAction onConflict, RowEvents? events)
    {
        Table = table;
        Events = events;
        HasGenerated = table.HasGenerated;
        HasExpressions = HasGenerated || table.Indexes.Any(index => index.Expressions.Count > 0 || index.Where is not null);
        Checks = [.. checks];
        Defaults = [.. defaults];
        OnConflict = onConflict;
        Indexes = [.. table.Indexes];
        Affinities = [.. table.Columns.Select(column => column.Affinity)];
        NotNull = [.. Enumerable.Range(0, table.Columns.Count).Where(column => table.Columns[column].NotNull && column != table.RowidAlias)
            .OrderBy(column => table.Columns[column].Generated is not null)];
        FailsOnConflict = Fails(Table.RowidConflict) && Array.TrueForAll(Indexes, index => !index.Unique || Fails(index.OnConflict));
    }

    public Table Table { get; }

    /// <summary>Triggers and foreign keys; null when the table has none.</summary>
    public RowEvents? Events { get; }

    public bool HasGenerated { get; }

    /// <summary>Whether anything beside CHECK reads the row while it is written: generated columns, expressions of indexes.</summary>
    public bool HasExpressions { get; }

    /// <summary>Whether a STRICT table's types are tested after the rowid was looked for, as in SQLite where nothing needs them before.</summary>
    public bool HasLateTypes => Table.IsStrict && Table.KeyColumns is null && Checks.Length == 0 && !HasGenerated;

    /// <summary>By ordinal: the column's place in a record, or -1 for a virtual one.</summary>
    public ReadOnlySpan<int> Positions => Table.Positions;

    public BoundCheck[] Checks { get; }

    /// <summary>A column's DEFAULT by ordinal; null where it is NULL.</summary>
    public Expr?[] Defaults { get; }

    /// <summary>OR action of the statement; <see cref="ConflictAction.Default"/> leaves it to each constraint.</summary>
    public ConflictAction OnConflict { get; }

    public TableIndex[] Indexes { get; }

    public Affinity[] Affinities { get; }

    /// <summary>Ordinals of the columns that must not be NULL, generated ones last; the rowid alias never is.</summary>
    public int[] NotNull { get; }

    /// <summary>In which order an update looks for conflicts, see <see cref="ConflictResolver"/>.</summary>
    public int[] ConflictOrder => field ??= ConflictResolver.OrderOf(this, []);

    /// <summary>Whether a row that collides with others is an error, and neither passed over nor put in their place.</summary>
    public bool FailsOnConflict { get; }

    /// <summary>The action of a constraint: the statement's, else the constraint's own, else ABORT.</summary>
    public ConflictAction ActionOf(ConflictAction constraint) =>
        OnConflict != ConflictAction.Default ? OnConflict
        : constraint != ConflictAction.Default ? constraint
        : ConflictAction.Abort;

    private bool Fails(ConflictAction constraint) => ActionOf(constraint) is not (ConflictAction.Ignore or ConflictAction.Replace);
}
