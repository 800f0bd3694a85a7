using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Turns syntax trees into statements that can run: SELECT, INSERT, UPDATE, DELETE, and EXPLAIN QUERY PLAN of them.</summary>
public static class Planner
{
    /// <exception cref="SluiceException">A name that does not exist, a wrong number of columns, something that is not supported; in SQLite's words.</exception>
    public static CompiledStatement Compile(StatementNode node, Schemas schemas, bool foreignKeys = false, FunctionSet? functions = null)
    {
        if (node.Explain == ExplainKind.Program)
        {
            throw new SluiceException(ResultCode.Error, "EXPLAIN is not supported: there is no bytecode; EXPLAIN QUERY PLAN is");
        }

        CompileState state = new(new Compilation(schemas, foreignKeys) { Functions = functions ?? FunctionSet.BuiltIn });
        return node switch
        {
            SelectStatement select => CompileSelect(select, state),
            InsertStatement insert => Explained(InsertCompiler.Compile(insert, state, null), node),
            UpdateStatement update => Explained(UpdateCompiler.Compile(update, state, null), node),
            DeleteStatement delete => Explained(DeleteCompiler.Compile(delete, state, null), node),
            _ => throw new SluiceException(ResultCode.Misuse, $"{node.GetType().Name} has no plan"),
        };
    }

    private static CompiledStatement CompileSelect(SelectStatement select, CompileState state)
    {
        QueryPlan plan = SelectCompiler.Compile(select, state);
        return select.Explain == ExplainKind.QueryPlan ? new CompiledExplain(plan.Root) : new CompiledSelect(plan, state.Size);
    }

    private static CompiledStatement Explained(CompiledChange change, StatementNode node) =>
        node.Explain == ExplainKind.QueryPlan ? new CompiledExplain(change.Query) : change;
}
