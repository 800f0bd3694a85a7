using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Compiles SELECT ("SELECT", sqlite.org/lang_select.html).</summary>
internal static class SelectCompiler
{
    /// <param name="select">The SELECT as written.</param>
    /// <param name="state">Of the whole statement.</param>
    /// <param name="outer">The scope around a subquery; null for the outermost.</param>
    /// <param name="common">The common tables around it.</param>
    public static QueryPlan Compile(SelectStatement select, CompileState state, RowScope? outer = null, CommonTables? common = null)
    {
        state.EnterSelect();
        CommonTables? tables = CommonTables.Enter(select.With, common, outer);
        QueryPlan plan = select.Compounds.Count > 0
            ? CompoundCompiler.Compile(select, state, outer, tables)
            : new CoreCompiler(state, outer, tables).Compile(select.First, select.OrderBy, BindLimit(select, state, outer, tables));
        state.LeaveSelect();
        return plan;
    }

    /// <summary>LIMIT and OFFSET see no columns of the SELECT itself, but those around it.</summary>
    public static LimitClause? BindLimit(SelectStatement select, CompileState state, RowScope? outer, CommonTables? common)
    {
        if (select.Limit is null)
        {
            return null;
        }

        RowScope scope = new(state, outer, common);
        return new LimitClause(
            ExpressionBinder.Bind(select.Limit, scope),
            select.Offset is null ? null : ExpressionBinder.Bind(select.Offset, scope));
    }

    /// <summary>A VALUES with one or more rows.</summary>
    public static QueryPlan CompileValues(IReadOnlyList<IReadOnlyList<ExpressionNode>> rows, RowScope scope)
    {
        Expr[][] bound = new Expr[rows.Count][];
        for (int i = 0; i < bound.Length; i++)
        {
            if (rows[i].Count != rows[0].Count)
            {
                throw new SluiceException(ResultCode.Error, "all VALUES must have the same number of terms");
            }

            bound[i] = [.. rows[i].Select(value => ExpressionBinder.Bind(value, scope))];
        }

        int output = scope.State.NewSource();
        return new QueryPlan
        {
            Root = SubqueryLines.Wrap(new ValuesNode(bound, output), scope),
            Outputs = CompoundColumns.Of(output, bound),
            First = bound[0],
            Last = bound[^1],
            Columns = [.. bound[0].Select((_, i) => new ResultColumnDescription($"column{i + 1}", null, null, null))],
            IsCorrelated = scope.IsCorrelated,
            EstimatedRows = rows.Count,
        };
    }
}

/// <summary>Adds to EXPLAIN QUERY PLAN what the subqueries of a SELECT's expressions do.</summary>
internal sealed class SubqueryLines(PlanNode root, IReadOnlyList<(string Label, PlanNode Root)> subqueries) : PlanNode
{
    public static PlanNode Wrap(PlanNode root, RowScope scope) =>
        scope.Subqueries.Count == 0 ? root : new SubqueryLines(root, scope.Subqueries);

    public override Operator Build(Run run) => root.Build(run);

    public override void Explain(ExplainWriter writer)
    {
        root.Explain(writer);
        foreach ((string label, PlanNode plan) in subqueries)
        {
            writer.Group(label, plan.Explain);
        }
    }
}
