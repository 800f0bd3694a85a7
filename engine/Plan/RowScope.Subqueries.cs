using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Subqueries in the expressions of a scope.</summary>
internal sealed partial class RowScope
{
    /// <summary>A condition is bound more than once when an index is sought for it; its subqueries are compiled once for each phase.</summary>
    private Dictionary<(object Node, int Phase), (object Bound, ulong Touched)>? _bound;

    /// <summary>What EXPLAIN QUERY PLAN tells of the subqueries.</summary>
    public List<(string Label, PlanNode Root)> Subqueries { get; } = [];

    public override IReadOnlyList<Expr> BindSelect(ScalarSelectNode node) => Once<IReadOnlyList<Expr>>(node, () =>
    {
        QueryPlan plan = Compile(node.Select, "SCALAR SUBQUERY");
        return ScalarSubquery.Create(plan, State);
    });

    public override Expr BindExists(ExistsNode node) => Once<Expr>(node, () =>
    {
        QueryPlan plan = Compile(node.Select, "SCALAR SUBQUERY");
        return new ExistsExpr(plan.Root, State.NewSubplan(), plan.IsCorrelated ? null : State.NewSlot());
    });

    public override Expr BindIn(InSelectNode node, IReadOnlyList<Expr> value) => Once<Expr>(node, () => BindIn(node.Select, value, node.Negated));

    public override Expr BindIn(InTableNode node, IReadOnlyList<Expr> value) => Once<Expr>(node, () =>
    {
        SelectStatement all = new()
        {
            First = new SelectCore
            {
                Columns = [new ResultColumn(null, null, null)],
                From = new TableReference(new QualifiedName(node.Schema, node.Table), null) { Arguments = node.Arguments },
            },
        };
        return BindIn(all, value, node.Negated);
    });

    private InSubqueryExpr BindIn(SelectStatement select, IReadOnlyList<Expr> value, bool negated)
    {
        QueryPlan plan = Compile(select, "LIST SUBQUERY");
        if (plan.Outputs.Length != value.Count)
        {
            throw new SluiceException(ResultCode.Error, $"sub-select returns {plan.Outputs.Length} columns - expected {value.Count}");
        }

        return new InSubqueryExpr(value, plan, State.NewSubplan(), negated);
    }

    private QueryPlan Compile(SelectStatement select, string label)
    {
        QueryPlan plan = SelectCompiler.Compile(select, State, this, CommonTables);
        Subqueries.Add(((plan.IsCorrelated ? "CORRELATED " : "") + $"{label} {State.NextSubqueryNumber++}", plan.Root));
        return plan;
    }

    private T Once<T>(object node, Func<T> bind)
        where T : class
    {
        (object, int) key = (node, Windowing is not null ? 2 : Grouping is not null ? 1 : 0);
        _bound ??= new(SubqueryKeyComparer.Instance);
        if (_bound.TryGetValue(key, out (object Bound, ulong Touched) known))
        {
            From.Touched |= known.Touched;
            return (T)known.Bound;
        }

        ulong before = From.Touched;
        From.Touched = 0;
        T bound = bind();
        _bound.Add(key, (bound, From.Touched));
        From.Touched |= before;
        return bound;
    }
}

/// <summary>Tells nodes apart by identity: two subqueries that are written alike are still two.</summary>
internal sealed class SubqueryKeyComparer : IEqualityComparer<(object Node, int Phase)>
{
    public static SubqueryKeyComparer Instance { get; } = new();

    public bool Equals((object Node, int Phase) x, (object Node, int Phase) y) =>
        ReferenceEquals(x.Node, y.Node) && x.Phase == y.Phase;

    public int GetHashCode((object Node, int Phase) key) =>
        System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(key.Node);
}
