using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// Turns an expression as written into one that evaluates: names resolved, functions found, affinities and collations
/// settled, constant subtrees folded.
/// </summary>
public static class ExpressionBinder
{
    /// <summary>Functions that are no <see cref="Functions.ScalarFunction"/> because they leave arguments unevaluated or compare by their collation, with their numbers of arguments.</summary>
    internal static IEnumerable<(string Name, int Min, int Max)> SpecialForms => Binding.SpecialForms.Select(form => (form.Key, form.Value.Min, form.Value.Max));

    /// <summary>Functions that only stand before OVER.</summary>
    internal static IEnumerable<string> WindowFunctions => Binding.WindowFunctions;

    /// <summary>
    /// Binds an expression that must have one value. Throws <see cref="SluiceException"/> with SQLite's text, such as
    /// "no such column: x" or "row value misused".
    /// </summary>
    public static Expr Bind(ExpressionNode node, IScope scope) => new Binding(scope).Bind(node);

    /// <summary>Binds an expression of a table's definition; <paramref name="place"/> is what SQLite calls it: "an index", "a CHECK constraint".</summary>
    internal static Expr BindIn(string place, ExpressionNode node, IScope scope) => new Binding(scope, place).Bind(node);

    /// <summary>Binds an expression that may be a row value: (a, b), or a subquery of several columns. One member for a plain value.</summary>
    public static IReadOnlyList<Expr> BindRow(ExpressionNode node, IScope scope) => new Binding(scope).BindRow(node);

    /// <summary>A comparison, not IS, of what <see cref="BindRow"/> gave.</summary>
    internal static Expr Compare(BinaryOperator comparison, IReadOnlyList<Expr> left, IReadOnlyList<Expr> right) => Binding.BindComparison(comparison, left, right);
}
