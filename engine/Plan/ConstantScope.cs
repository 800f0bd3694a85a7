using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>A place without rows: a DEFAULT, or LIMIT. Names, subqueries and aggregates are refused.</summary>
internal class ConstantScope(CompileState state) : IScope
{
    public FunctionSet Functions => state.Functions;

    public virtual Expr? ResolveColumn(ColumnNode node) => null;

    public int AllocateSlot() => state.NewSlot();

    public virtual IReadOnlyList<Expr> BindSelect(ScalarSelectNode node) => throw NoSubquery();

    public virtual Expr BindExists(ExistsNode node) => throw NoSubquery();

    public virtual Expr BindIn(InSelectNode node, IReadOnlyList<Expr> value) => throw NoSubquery();

    public virtual Expr BindIn(InTableNode node, IReadOnlyList<Expr> value) => throw NoSubquery();

    public virtual Expr BindAggregate(FunctionNode node, AggregateFunction function) =>
        throw new SluiceException(ResultCode.Error, $"misuse of aggregate function {node.Name.ToUpperInvariant()}()");

    public virtual Expr BindWindow(FunctionNode node) =>
        throw new SluiceException(ResultCode.Error, $"misuse of window function {node.Name.ToUpperInvariant()}()");

    public virtual Expr BindRaise(RaiseNode node) =>
        throw new SluiceException(ResultCode.Error, "RAISE() may only be used within a trigger-program");

    private static SluiceException NoSubquery() => new(ResultCode.Error, "subqueries prohibited here");
}
