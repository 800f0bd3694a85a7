using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Compiles triggers ("CREATE TRIGGER", sqlite.org/lang_createtrigger.html).</summary>
internal static class TriggerCompiler
{
    /// <summary>
    /// The triggers of a table or view for an event, the newest first, as SQLite fires them. <paramref name="changed"/> are the columns that an
    /// UPDATE sets; null for other events.
    /// </summary>
    public static TriggerProgram[] Find(
        Table table, TriggerTiming timing, TriggerEvent change, IReadOnlyCollection<int>? changed, ConflictAction onConflict, Compilation compilation)
    {
        List<TriggerProgram> programs = [];
        if (compilation.Dropped is not null)
        {
            return [];
        }

        foreach (Trigger trigger in compilation.Schemas.TriggersOf(table))
        {
            CreateTriggerStatement definition = trigger.Definition;
            if (definition.Timing == timing && definition.Event == change && Concerns(definition, table, changed))
            {
                programs.Add(Compile(trigger, trigger.Home, definition.When, definition.Body, table, change, onConflict, isForeignKeyAction: false, compilation));
            }
        }

        return [.. programs];
    }

    /// <summary>Compiles a program, or finds the one that was compiled for the same owner.</summary>
    public static TriggerProgram Compile(
        object owner,
        Schema? home,
        ExpressionNode? when,
        IReadOnlyList<StatementNode> body,
        Table table,
        TriggerEvent change,
        ConflictAction onConflict,
        bool isForeignKeyAction,
        Compilation compilation)
    {
        (object, TriggerEvent, ConflictAction) key = (owner, change, onConflict);
        if (compilation.Programs.TryGetValue(key, out TriggerProgram? known))
        {
            return known;
        }

        TriggerProgram program = new(isForeignKeyAction);
        compilation.Programs.Add(key, program);
        CompileState state = new(compilation) { TriggerHome = home };
        RowTyping typing = isForeignKeyAction ? RowTyping.Column : RowTyping.Trigger;
        RowScope scope = NewScope(state, table, change, typing);
        Expr? condition = when is null ? null : ExpressionBinder.Bind(when, scope);
        FrameSize size = state.Size;
        program.Complete(condition, size, [.. body.Select(step => CompileStep(step, home, table, change, onConflict, typing, compilation))]);
        return program;
    }

    /// <summary>The names new and old, over the first two sources of a statement's frame.</summary>
    public static RowScope NewScope(CompileState state, Table table, TriggerEvent? change, RowTyping typing)
    {
        int newRow = state.NewSource();
        int oldRow = state.NewSource();
        RowScope scope = new(state) { IsTrigger = true };
        if (change != TriggerEvent.Delete)
        {
            scope.AddRow("new", table, newRow, isQualifiedOnly: true, typing);
        }

        if (change != TriggerEvent.Insert)
        {
            scope.AddRow("old", table, oldRow, isQualifiedOnly: true, typing);
        }

        return scope;
    }

    private static CompiledStatement CompileStep(
        StatementNode step, Schema? home, Table table, TriggerEvent change, ConflictAction onConflict, RowTyping typing, Compilation compilation)
    {
        CompileState state = new(compilation) { IsTrigger = true, TriggerHome = home };
        RowScope scope = NewScope(state, table, change, typing);
        switch (step)
        {
            case InsertStatement insert:
                return InsertCompiler.Compile(onConflict == ConflictAction.Default ? insert : insert with { OnConflict = onConflict }, state, scope);
            case UpdateStatement update:
                return UpdateCompiler.Compile(onConflict == ConflictAction.Default ? update : update with { OnConflict = onConflict }, state, scope);
            case DeleteStatement delete:
                return DeleteCompiler.Compile(delete, state, scope);
            default:
                QueryPlan plan = SelectCompiler.Compile((SelectStatement)step, state, scope);
                return new CompiledSelect(plan, state.Size);
        }
    }

    /// <summary>UPDATE OF: whether one of its columns is set.</summary>
    private static bool Concerns(CreateTriggerStatement definition, Table table, IReadOnlyCollection<int>? changed) =>
        changed is null || definition.UpdateOf is not { } columns || columns.Any(column => changed.Contains(table.OrdinalOf(column)));
}
