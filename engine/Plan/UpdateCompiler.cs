using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Compiles UPDATE ("UPDATE", sqlite.org/lang_update.html), UPDATE FROM included.</summary>
internal static class UpdateCompiler
{
    public static CompiledChange Compile(UpdateStatement node, Schema schema)
    {
        if (node.Limit is not null || node.OrderBy.Count > 0)
        {
            throw new SluiceException(ResultCode.Error, $"near \"{(node.OrderBy.Count > 0 ? "ORDER" : "LIMIT")}\": syntax error");
        }

        CompileState state = new(schema);
        Table table = ChangeTarget.Find(schema, node.Table.Name);
        ChangeRows rows = new(state, table, node.Table, node.From, CommonTables.Enter(node.With, null, null));
        int newRow = state.NewSource();
        RowScope newScope = new(state, null, rows.Scope.CommonTables);
        newScope.AddRow(node.Table.Alias ?? table.Name, table, newRow);

        (int Column, Expr Value)[] set = ChangeTarget.BindSet(node.Set, table, rows.Scope, out Expr? rowid);
        rows.BindWhere(node.Where);
        PlanNode query = rows.Finish();
        UpdatePlan plan = new()
        {
            Write = ChangeTarget.WritePlan(table, newScope, state, node.OnConflict),
            Query = query,
            TableSource = rows.Target.Source,
            Set = set,
            Rowid = rowid,
            NewRowSource = newRow,
            Returning = ChangeTarget.BindReturning(node.Returning, newScope, table, out IReadOnlyList<ResultColumnDescription> columns),
        };
        return new CompiledChange(columns, state.Size, run => new UpdateExecution(plan, run), query);
    }
}

/// <summary>Compiles DELETE ("DELETE", sqlite.org/lang_delete.html).</summary>
internal static class DeleteCompiler
{
    public static CompiledChange Compile(DeleteStatement node, Schema schema)
    {
        if (node.Limit is not null || node.OrderBy.Count > 0)
        {
            throw new SluiceException(ResultCode.Error, $"near \"{(node.OrderBy.Count > 0 ? "ORDER" : "LIMIT")}\": syntax error");
        }

        CompileState state = new(schema);
        Table table = ChangeTarget.Find(schema, node.Table.Name);
        ChangeRows rows = new(state, table, node.Table, null, CommonTables.Enter(node.With, null, null));
        int oldRow = state.NewSource();
        RowScope oldScope = new(state, null, rows.Scope.CommonTables);
        oldScope.AddRow(node.Table.Alias ?? table.Name, table, oldRow);
        rows.BindWhere(node.Where);
        PlanNode query = rows.Finish();
        DeletePlan plan = new()
        {
            Write = ChangeTarget.WritePlan(table, oldScope, state, ConflictAction.Default),
            Query = query,
            TableSource = rows.Target.Source,
            OldRowSource = oldRow,
            Returning = ChangeTarget.BindReturning(node.Returning, oldScope, table, out IReadOnlyList<ResultColumnDescription> columns),
        };
        return new CompiledChange(columns, state.Size, run => new DeleteExecution(plan, run), query);
    }
}

/// <summary>The rows that an UPDATE or DELETE is about: its table, what it is joined with, and the WHERE.</summary>
internal sealed class ChangeRows
{
    private readonly FromBuilder _from;

    public ChangeRows(CompileState state, Table table, TableReference reference, TableExpression? others, CommonTables? common)
    {
        Scope = new RowScope(state, null, common);
        _from = new FromBuilder(Scope);
        Target = _from.BuildTarget(table, reference, others);
    }

    public RowScope Scope { get; }

    public FromSource Target { get; }

    public void BindWhere(ExpressionNode? where)
    {
        if (where is not null)
        {
            _from.Conditions.AddRange(WhereTerms.Bind(where, Scope));
        }
    }

    /// <summary>Plans the reading; everything that reads these rows must have been bound.</summary>
    public PlanNode Finish() => SubqueryLines.Wrap(new JoinPlanner(Scope).Plan(_from.Steps, _from.Conditions, DesiredOrder.None).Root, Scope);
}
