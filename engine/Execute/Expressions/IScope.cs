using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// What <see cref="ExpressionBinder"/> asks of an expression's surroundings: names, subqueries, aggregates and slots.
/// A scope refuses what its place does not allow by throwing <see cref="SluiceException"/> with SQLite's text.
/// </summary>
public interface IScope
{
    /// <summary>The functions and collations that may be named. In the definitions of tables, which all connections share, the built-in ones.</summary>
    FunctionSet Functions => FunctionSet.BuiltIn;

    /// <summary>
    /// The column that a name means, or null when there is none: the binder then says "no such column" or, for a bare
    /// name in double quotes, takes it as a string. Throws "ambiguous column name: x" where two sources have it.
    /// </summary>
    Expr? ResolveColumn(ColumnNode node);

    /// <summary>A new slot in the statement's <see cref="Frame.Slots"/>, NULL at the start of every execution.</summary>
    int AllocateSlot();

    /// <summary>
    /// The columns of a subquery used as a value: one for a scalar, more for a row value (the binder checks the number).
    /// Members are evaluated from the first on, and the first is evaluated whenever any is, so the first one runs the
    /// subquery and the others read what it left. All are NULL when there is no row.
    /// </summary>
    IReadOnlyList<Expr> BindSelect(ScalarSelectNode node);

    Expr BindExists(ExistsNode node);

    /// <summary>
    /// value IN (SELECT ...). <paramref name="value"/> has one member, or as many as the row value on the left.
    /// The number of columns is checked by the scope ("sub-select returns 2 columns - expected 1").
    /// </summary>
    Expr BindIn(InSelectNode node, IReadOnlyList<Expr> value);

    /// <summary>value IN table.</summary>
    Expr BindIn(InTableNode node, IReadOnlyList<Expr> value);

    /// <summary>
    /// A call of an aggregate function. The scope binds the arguments itself, because they see rows that the
    /// surroundings of the call do not. Without OVER; with OVER it is <see cref="BindWindow"/> that is asked.
    /// Where no aggregate may stand: "misuse of aggregate function F()".
    /// </summary>
    Expr BindAggregate(FunctionNode node, AggregateFunction function);

    /// <summary>A call with OVER. Where no window function may stand: "misuse of window function F()".</summary>
    Expr BindWindow(FunctionNode node);

    /// <summary>RAISE(...); outside a trigger: "RAISE() may only be used within a trigger-program".</summary>
    Expr BindRaise(RaiseNode node);
}
