using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Compiles UPDATE ("UPDATE", sqlite.org/lang_update.html), UPDATE FROM included.</summary>
internal static class UpdateCompiler
{
    /// <param name="node">The UPDATE.</param>
    /// <param name="state">Of the statement.</param>
    /// <param name="outer">In a trigger, the scope of NEW and OLD.</param>
    public static CompiledChange Compile(UpdateStatement node, CompileState state, RowScope? outer)
    {
        LimitedRows limits = new(node.Where, node.OrderBy, node.Limit, node.Offset);
        limits.RequireLimit("UPDATE");
        if (limits.IsLimited && node.From is not null)
        {
            throw new SluiceException(ResultCode.Error, "LIMIT is not supported in UPDATE ... FROM");
        }

        Table? view = ChangeTarget.FindView(state, node.Table.Name, TriggerEvent.Update, node.Set);
        Table table = view ?? ChangeTarget.Find(state, node.Table.Name);
        RequireElsewhere(node.From, node.Table, state);
        ChangeRows rows = new(state, table, view is not null, node.Table, node.From, limits, outer, CommonTables.Enter(node.With, null, outer));
        int newRow = state.NewSource();
        RowScope newScope = new(state, outer, rows.Scope.CommonTables);
        newScope.AddRow(table.Name, table, newRow);
        (int Column, Expr Value)[] set = ChangeTarget.BindSet(node.Set, table, rows.Scope, out Expr? rowid);
        rows.BindWhere();
        PlanNode query = rows.Finish();
        List<int> changed = [.. set.Select(assignment => assignment.Column)];
        if (rowid is not null)
        {
            changed.Add(-1);
        }

        RowEvents? events = view is null
            ? RowEventsCompiler.ForUpdate(table, changed, node.OnConflict, state.Compilation)
            : new RowEvents { Table = table, BeforeUpdate = TriggerCompiler.Find(table, TriggerTiming.InsteadOf, TriggerEvent.Update, changed, node.OnConflict, state.Compilation) };
        TableWritePlan write = ChangeTarget.WritePlan(table, newScope, state, node.OnConflict, events);
        UpdatePlan plan = new()
        {
            Write = write,
            Query = query,
            IsByKey = view is null && UpdateOrder.IsByKey(node, write, limits.IsLimited, changed),
            TableSource = rows.Target.Source,
            Set = set,
            Rowid = rowid,
            NewRowSource = newRow,
            HasFrom = node.From is not null,
            Returning = ChangeTarget.BindReturning(node.Returning, newScope, table, out IReadOnlyList<ResultColumnDescription> columns),
        };
        return new CompiledChange(columns, state, run => view is null ? new UpdateExecution(plan, run) : new UpdateViewExecution(plan, run), query);
    }

    private static bool IsSame(TableReference left, TableReference right, CompileState state) =>
        (state.TryGetTable(left.Name, out Table? table) && state.TryGetTable(right.Name, out Table? other) && table == other)
        || (state.TryGetView(left.Name, out View? view) && state.TryGetView(right.Name, out View? same) && view == same);

    /// <summary>The FROM may read the table that is changed, but under another name.</summary>
    private static void RequireElsewhere(TableExpression? from, TableReference target, CompileState state)
    {
        string name = target.Alias ?? target.Name.Name;
        switch (from)
        {
            case JoinTable join:
                RequireElsewhere(join.Left, target, state);
                RequireElsewhere(join.Right, target, state);
                break;
            case TableReference reference when name.Equals(reference.Alias ?? reference.Name.Name, StringComparison.OrdinalIgnoreCase)
                && IsSame(reference, target, state):
                throw new SluiceException(ResultCode.Error, $"target object/alias may not appear in FROM clause: {name}");
            default:
                break;
        }
    }
}

/// <summary>Compiles DELETE ("DELETE", sqlite.org/lang_delete.html).</summary>
internal static class DeleteCompiler
{
    /// <param name="node">The DELETE.</param>
    /// <param name="state">Of the statement.</param>
    /// <param name="outer">In a trigger, the scope of NEW and OLD.</param>
    public static CompiledChange Compile(DeleteStatement node, CompileState state, RowScope? outer)
    {
        LimitedRows limits = new(node.Where, node.OrderBy, node.Limit, node.Offset);
        limits.RequireLimit("DELETE");
        Table? view = ChangeTarget.FindView(state, node.Table.Name, TriggerEvent.Delete);
        Table table = view ?? ChangeTarget.Find(state, node.Table.Name);
        ChangeRows rows = new(state, table, view is not null, node.Table, null, limits, outer, CommonTables.Enter(node.With, null, outer));
        int oldRow = state.NewSource();
        RowScope oldScope = new(state, outer, rows.Scope.CommonTables);
        oldScope.AddRow(table.Name, table, oldRow);
        rows.BindWhere();
        PlanNode query = rows.Finish();
        RowEvents? events = view is null
            ? RowEventsCompiler.ForDelete(table, ConflictAction.Default, state.Compilation)
            : new RowEvents { Table = table, BeforeDelete = TriggerCompiler.Find(table, TriggerTiming.InsteadOf, TriggerEvent.Delete, null, ConflictAction.Default, state.Compilation) };
        ReturningPlan? returning = ChangeTarget.BindReturning(node.Returning, oldScope, table, out IReadOnlyList<ResultColumnDescription> columns);
        DeletePlan plan = new()
        {
            Write = ChangeTarget.WritePlan(table, oldScope, state, ConflictAction.Default, events),
            Query = query,
            TableSource = rows.Target.Source,
            OldRowSource = oldRow,
            Returning = returning,
            Empties = node.Where is null && !limits.IsLimited && events is null && returning is null,
        };
        return new CompiledChange(columns, state, run => view is null ? new DeleteExecution(plan, run) : new DeleteFromViewExecution(plan, run), query);
    }
}

/// <summary>The rows that an UPDATE or DELETE is about: its table, what it is joined with, the WHERE and the LIMIT.</summary>
internal sealed class ChangeRows
{
    private readonly FromBuilder _from;
    private readonly ExpressionNode? _where;

    public ChangeRows(
        CompileState state, Table table, bool isView, TableReference reference, TableExpression? others, LimitedRows limits, RowScope? outer, CommonTables? common)
    {
        Scope = new RowScope(state, outer, common);
        _from = new FromBuilder(Scope);
        bool isLimited = limits.IsLimited;
        if (isView)
        {
            _where = isLimited ? null : limits.Where;
            Target = _from.BuildViewTarget(isLimited ? new SubqueryTable(limits.All(reference), reference.Alias ?? table.Name) : reference, others);
            return;
        }

        _where = isLimited ? limits.Condition(reference, table) : limits.Where;
        Target = _from.BuildTarget(table, isLimited ? reference with { IndexedBy = null, NotIndexed = false } : reference, others);
    }

    public RowScope Scope { get; }

    public FromSource Target { get; }

    public void BindWhere()
    {
        if (_where is not null)
        {
            _from.Conditions.AddRange(WhereTerms.Bind(_where, Scope));
        }
    }

    /// <summary>Plans the reading; everything that reads these rows must have been bound.</summary>
    public PlanNode Finish() => SubqueryLines.Wrap(new JoinPlanner(Scope).Plan(_from.Steps, _from.Conditions, DesiredOrder.None).Root, Scope);
}
