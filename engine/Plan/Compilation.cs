using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>
/// What a statement and the triggers and foreign key actions below it share while they are compiled. A program is made once for each conflict
/// action that the outer statement imposes, and may refer to itself.
/// </summary>
internal sealed class Compilation(Schemas schemas, bool foreignKeys)
{
    public Schemas Schemas { get; } = schemas;

    /// <summary>PRAGMA foreign_keys.</summary>
    public bool ForeignKeys { get; } = foreignKeys;

    /// <summary>The functions and collations of the connection.</summary>
    public FunctionSet Functions { get; init; } = FunctionSet.BuiltIn;

    /// <summary>The table that is being dropped, if one is: foreign keys that refer to it count, its own do not, and no trigger is fired.</summary>
    public Table? Dropped { get; init; }

    /// <summary>The tables that are written, by triggers too.</summary>
    public HashSet<Table> Written => field ??= [];

    /// <summary>The tables that are read, in the order in which they are met.</summary>
    public List<Table> Read { get; } = [];

    /// <summary>Told of each column that a name turns out to mean: by ALTER TABLE, which then changes the name.</summary>
    public Action<ColumnNode, NamedColumn>? ColumnFound { get; init; }

    /// <summary>By trigger, or foreign key and event, and conflict action.</summary>
    public Dictionary<(object Owner, TriggerEvent Event, ConflictAction OnConflict), TriggerProgram> Programs => field ??= [];
}
