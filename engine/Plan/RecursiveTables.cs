using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Compiles common tables that refer to themselves ("The WITH Clause", section 3).</summary>
internal static class RecursiveTables
{
    /// <summary>Whether a SELECT after the first has the table itself in its FROM.</summary>
    public static bool IsRecursive(CommonTable table) =>
        table.Select.Compounds.Any(part => part.Core.From is { } from && Mentions(from, table.Name));

    public static QueryPlan Compile(CommonTable table, CommonTables home, CompileState state)
    {
        SelectStatement select = table.Select;
        CommonTables? common = CommonTables.Enter(select.With, home, home.Scope);
        int firstRecursive = 0;
        while (!Mentions(select.Compounds[firstRecursive].Core.From, table.Name))
        {
            firstRecursive++;
        }

        CompoundOperator operation = select.Compounds[firstRecursive].Operator;
        if (select.Compounds.Skip(firstRecursive).Any(part =>
            part.Operator is not (CompoundOperator.Union or CompoundOperator.UnionAll) || !Mentions(part.Core.From, table.Name)))
        {
            throw new SluiceException(ResultCode.Error, $"circular reference: {table.Name}");
        }

        List<IReadOnlyList<ResultTerm>> terms = [];
        QueryPlan initial = CompoundCompiler.CompileParts(
            new SelectStatement { First = select.First, Compounds = [.. select.Compounds.Take(firstRecursive)] }, state, home.Scope, common, terms);
        string[] names = FromBuilder.ColumnNames(initial.Columns.Select(column => column.Name), new FromBuilder.GivenNames(table.Name, table.Columns, IsView: false));
        RecursiveReference reference = new(state.NewSource(), names);
        home.Recursive.Add(table, reference);
        List<CompoundPart> recursive = [];
        bool isCorrelated = initial.IsCorrelated;
        foreach ((CompoundOperator _, SelectCore core) in select.Compounds.Skip(firstRecursive))
        {
            RequirePlain(core, state.Functions);
            int uses = reference.Uses;
            CoreCompiler compiler = new(state, home.Scope, common);
            QueryPlan part = compiler.Compile(core, [], null);
            if (reference.Uses > uses + 1)
            {
                throw new SluiceException(ResultCode.Error, $"multiple references to recursive table: {table.Name}");
            }

            terms.Add(compiler.Terms);
            if (part.Outputs.Length != initial.Outputs.Length)
            {
                throw new SluiceException(ResultCode.Error, "SELECTs to the left and right of UNION ALL do not have the same number of result columns");
            }

            recursive.Add(new CompoundPart(part.Root, part.Outputs));
            isCorrelated |= part.IsCorrelated;
        }

        _ = home.Recursive.Remove(table);
        int output = state.NewSource();
        Expr[] outputs = CompoundColumns.Of(output, [initial.Outputs, .. recursive.Select(part => part.Results.Select(value => WithoutOwn(value, reference)).ToArray())]);
        LimitClause? limit = SelectCompiler.BindLimit(select, state, home.Scope, common);
        PlanNode root = new RecursiveNode
        {
            Initial = new CompoundPart(initial.Root, initial.Outputs),
            Recursive = recursive,
            Distinct = operation == CompoundOperator.Union ? [.. outputs.Select(ComparisonRules.CollationOf)] : null,
            Order = [.. select.OrderBy.Select((term, i) => Order(term, i, terms, outputs, state))],
            Reference = reference.Source,
            Output = output,
        };
        return new QueryPlan
        {
            Root = limit is null ? root : new LimitNode(root, limit),
            Outputs = outputs,
            First = initial.First,
            Last = recursive[^1].Results,
            Columns = [.. initial.Columns.Select((column, i) => column with { Name = names[i] })],
            IsCorrelated = isCorrelated,
        };
    }

    private static (int Column, SortOrder Order) Order(OrderTerm term, int index, List<IReadOnlyList<ResultTerm>> terms, Expr[] outputs, CompileState state)
    {
        int column = CompoundCompiler.FindTerm(term.Expression, index, terms, outputs.Length, state);
        return (column, OrderTerms.Key(term, CoreCompiler.Recollated(term.Expression, outputs[column], state.Functions)).Order);
    }

    /// <summary>A column of the recursive table itself brings no new kind of value in.</summary>
    private static Expr WithoutOwn(Expr value, RecursiveReference reference) =>
        value is ColumnExpr column && column.Source == reference.Source ? ConstantExpr.Null : value;

    private static void RequirePlain(SelectCore core, FunctionSet functions)
    {
        if (core.GroupBy.Count > 0 || core.Columns.Any(column => column.Expression is { } node && NodeWalk.HasAggregate(node, functions)))
        {
            throw new SluiceException(ResultCode.Error, "recursive aggregate queries not supported");
        }

        if (core.Columns.Any(column => column.Expression is { } node && NodeWalk.HasWindow(node)))
        {
            throw new SluiceException(ResultCode.Error, "cannot use window functions in recursive queries");
        }
    }

    private static bool Mentions(TableExpression? from, string name) => from switch
    {
        TableReference reference => reference.Name.Schema is null && reference.Name.Name.Equals(name, StringComparison.OrdinalIgnoreCase),
        JoinTable join => Mentions(join.Left, name) || Mentions(join.Right, name),
        _ => false,
    };
}
