using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Finds what follows from a statement's changes to a table: triggers and foreign keys.</summary>
internal static class RowEventsCompiler
{
    /// <summary>
    /// Of an INSERT; where it may replace rows, also what follows from their removal. Null when nothing does. One row alone, without
    /// RETURNING (<paramref name="isSingle"/>), mends no foreign key, and so SQLite does not ask whether one that refers to the table fits.
    /// </summary>
    public static RowEvents? ForInsert(Table table, ConflictAction onConflict, bool isSingle, Compilation compilation)
    {
        bool replaces = MayReplace(table, onConflict, null);
        TriggerProgram[] before = TriggerCompiler.Find(table, TriggerTiming.Before, TriggerEvent.Insert, null, onConflict, compilation);
        TriggerProgram[] after = TriggerCompiler.Find(table, TriggerTiming.After, TriggerEvent.Insert, null, onConflict, compilation);
        bool isAlone = isSingle && !replaces && before.Length == 0 && after.Length == 0;
        return OrNull(new RowEvents
        {
            Table = table,
            BeforeInsert = before,
            AfterInsert = after,
            BeforeDelete = replaces ? TriggerCompiler.Find(table, TriggerTiming.Before, TriggerEvent.Delete, null, onConflict, compilation) : [],
            AfterDelete = replaces ? TriggerCompiler.Find(table, TriggerTiming.After, TriggerEvent.Delete, null, onConflict, compilation) : [],
            Parents = ForeignKeyCompiler.Parents(table, null, all: true, compilation),
            Children = ForeignKeyCompiler.Children(table, null, all: !isAlone, compilation),
        });
    }

    /// <summary>Of an UPDATE that sets these columns; -1 among them is the rowid.</summary>
    public static RowEvents? ForUpdate(Table table, IReadOnlyCollection<int> changed, ConflictAction onConflict, Compilation compilation)
    {
        IReadOnlyCollection<int> all = WithGenerated(table, changed);
        bool replaces = MayReplace(table, onConflict, all);
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

    /// <summary>Whether rows may have to make room, of an UPDATE for what is <paramref name="changed"/>.</summary>
    private static bool MayReplace(Table table, ConflictAction onConflict, IReadOnlyCollection<int>? changed)
    {
        bool Replaces(ConflictAction constraint) => (onConflict == ConflictAction.Default ? constraint : onConflict) == ConflictAction.Replace;
        bool isKeyChanged = changed is null || changed.Contains(-1) || changed.Contains(table.RowidAlias) || table.KeyColumns?.Any(changed.Contains) == true;
        return (isKeyChanged && Replaces(table.RowidConflict))
            || table.Indexes.Any(index => index.Unique && Replaces(index.OnConflict)
                && (changed is null || index.Where is not null || index.Columns.Any(column => column < 0 || changed.Contains(column))));
    }

    /// <summary>Generated columns may change with those that are set.</summary>
    private static IReadOnlyCollection<int> WithGenerated(Table table, IReadOnlyCollection<int> changed) =>
        table.HasGenerated ? [.. changed, .. table.Expressions.GeneratedOrder] : changed;
}
