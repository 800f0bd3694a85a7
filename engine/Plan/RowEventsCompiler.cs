using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Finds what follows from a statement's changes to a table: triggers and foreign keys.</summary>
internal static class RowEventsCompiler
{
    /// <summary>Of an INSERT; where it may replace rows, also what follows from their removal. Null when nothing does.</summary>
    public static RowEvents? ForInsert(Table table, ConflictAction onConflict, Compilation compilation)
    {
        bool replaces = MayReplace(table, onConflict);
        return OrNull(new RowEvents
        {
            Table = table,
            BeforeInsert = TriggerCompiler.Find(table, TriggerTiming.Before, TriggerEvent.Insert, null, onConflict, compilation),
            AfterInsert = TriggerCompiler.Find(table, TriggerTiming.After, TriggerEvent.Insert, null, onConflict, compilation),
            BeforeDelete = replaces ? TriggerCompiler.Find(table, TriggerTiming.Before, TriggerEvent.Delete, null, onConflict, compilation) : [],
            AfterDelete = replaces ? TriggerCompiler.Find(table, TriggerTiming.After, TriggerEvent.Delete, null, onConflict, compilation) : [],
            Parents = ForeignKeyCompiler.Parents(table, null, all: true, compilation),
            Children = ForeignKeyCompiler.Children(table, null, all: true, compilation),
        });
    }

    /// <summary>Of an UPDATE that sets these columns; -1 among them is the rowid.</summary>
    public static RowEvents? ForUpdate(Table table, IReadOnlyCollection<int> changed, ConflictAction onConflict, Compilation compilation)
    {
        bool replaces = MayReplace(table, onConflict);
        IReadOnlyCollection<int> all = WithGenerated(table, changed);
        return OrNull(new RowEvents
        {
            Table = table,
            BeforeUpdate = TriggerCompiler.Find(table, TriggerTiming.Before, TriggerEvent.Update, changed, onConflict, compilation),
            AfterUpdate = TriggerCompiler.Find(table, TriggerTiming.After, TriggerEvent.Update, changed, onConflict, compilation),
            BeforeDelete = replaces ? TriggerCompiler.Find(table, TriggerTiming.Before, TriggerEvent.Delete, null, onConflict, compilation) : [],
            AfterDelete = replaces ? TriggerCompiler.Find(table, TriggerTiming.After, TriggerEvent.Delete, null, onConflict, compilation) : [],
            Parents = ForeignKeyCompiler.Parents(table, all, replaces, compilation),
            Children = ForeignKeyCompiler.Children(table, all, replaces, compilation),
        });
    }

    public static RowEvents? ForDelete(Table table, ConflictAction onConflict, Compilation compilation) => OrNull(new RowEvents
    {
        Table = table,
        BeforeDelete = TriggerCompiler.Find(table, TriggerTiming.Before, TriggerEvent.Delete, null, onConflict, compilation),
        AfterDelete = TriggerCompiler.Find(table, TriggerTiming.After, TriggerEvent.Delete, null, onConflict, compilation),
        Parents = ForeignKeyCompiler.Parents(table, null, all: true, compilation),
        Children = ForeignKeyCompiler.Children(table, null, all: true, compilation),
    });

    private static RowEvents? OrNull(RowEvents events) => events.IsEmpty ? null : events;

    private static bool MayReplace(Table table, ConflictAction onConflict) =>
        onConflict == ConflictAction.Replace
        || (onConflict == ConflictAction.Default
            && (table.RowidConflict == ConflictAction.Replace || table.Indexes.Any(index => index.OnConflict == ConflictAction.Replace)));

    /// <summary>Generated columns may change with those that are set.</summary>
    private static IReadOnlyCollection<int> WithGenerated(Table table, IReadOnlyCollection<int> changed) =>
        table.HasGenerated ? [.. changed, .. table.Expressions.GeneratedOrder] : changed;
}
