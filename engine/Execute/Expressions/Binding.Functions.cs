using System.Collections.Frozen;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Execute.Functions.Dates;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Expressions;

/// <content>Calls of functions.</content>
internal sealed partial class Binding
{
    /// <summary>SQLITE_MAX_FUNCTION_ARG ("Limits In SQLite", section 6).</summary>
    private const int MaxArguments = 1000;

    public static readonly FrozenSet<string> WindowFunctions = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value", "last_value", "nth_value");

    /// <summary>
    /// Functions that are more than a value for values: they leave arguments unevaluated, or compare with the
    /// arguments' collation. By name with the least and greatest number of arguments.
    /// </summary>
    public static readonly FrozenDictionary<string, (int Min, int Max)> SpecialForms = new Dictionary<string, (int Min, int Max)>
    {
        ["coalesce"] = (2, MaxArguments),
        ["ifnull"] = (2, 2),
        ["iif"] = (2, MaxArguments),
        ["if"] = (2, MaxArguments),
        ["nullif"] = (2, 2),
        ["min"] = (2, MaxArguments),
        ["max"] = (2, MaxArguments),
        ["like"] = (2, 3),
        ["glob"] = (2, 2),
        ["likely"] = (1, 1),
        ["unlikely"] = (1, 1),
        ["likelihood"] = (2, 2),
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private Expr BindFunction(FunctionNode node)
    {
        int count = node.Arguments.Count;
        if (count > MaxArguments)
        {
            throw Error($"too many arguments on function {node.Name}");
        }

        if (node.Over is not null)
        {
            return BindWindow(node);
        }

        if (scope.Functions.FindAggregate(node.Name, count) is { } aggregate)
        {
            return node.Star && !string.Equals(node.Name, "count", StringComparison.OrdinalIgnoreCase)
                ? throw WrongCount(node)
                : scope.BindAggregate(node, aggregate);
        }

        bool special = SpecialForms.TryGetValue(node.Name, out (int Min, int Max) range);
        bool fits = special && count >= range.Min && count <= range.Max;
        ScalarFunction? scalar = fits ? null : scope.Functions.FindScalar(node.Name, count);
        if (!fits && scalar is null)
        {
            throw special || scope.Functions.Exists(node.Name) ? WrongCount(node)
                : WindowFunctions.Contains(node.Name) ? Error($"misuse of window function {node.Name}()")
                : Error($"no such function: {node.Name}");
        }

        if (node.Filter is not null)
        {
            throw Error($"FILTER may not be used with non-aggregate {node.Name}()");
        }

        if (node.OrderBy.Count > 0)
        {
            throw Error($"ORDER BY may not be used with non-aggregate {node.Name}()");
        }

        return scalar is null ? BindSpecialForm(node) : BindScalar(scalar, BindAll(node.Arguments));
    }

    private Expr BindWindow(FunctionNode node)
    {
        if (WindowFunctions.Contains(node.Name) || scope.Functions.FindAggregate(node.Name, node.Arguments.Count) is not null)
        {
            return scope.BindWindow(node);
        }

        throw !SpecialForms.ContainsKey(node.Name) && !scope.Functions.Exists(node.Name) ? Error($"no such function: {node.Name}")
            : scope.Functions.FindScalar(node.Name, node.Arguments.Count) is null && !SpecialForms.ContainsKey(node.Name) ? WrongCount(node)
            : Error($"{node.Name}() may not be used as a window function");
    }

    private Expr BindScalar(ScalarFunction found, Expr[] arguments)
    {
        ScalarFunction function = place is not null && found is DateFunction date ? date.In(place) : found;
        FunctionExpr call = new(function, arguments);
        Expr bound = function.Stability == Stability.Deterministic ? Finish(call, arguments) : Collated(call, arguments);
        return bound is ConstantExpr || !bound.IsConstant ? bound : Once(bound);
    }

    private Expr BindSpecialForm(FunctionNode node)
    {
        Expr[] arguments = BindAll(node.Arguments);
        Expr bound = node.Name.ToLowerInvariant() switch
        {
            "coalesce" or "ifnull" => new CoalesceExpr(arguments),
            "iif" or "if" => Conditional(arguments),
            "nullif" => new NullIfExpr(arguments[0], arguments[1], FirstCollation(arguments)),
            "min" => new ExtremeExpr(arguments, FirstCollation(arguments), max: false),
            "max" => new ExtremeExpr(arguments, FirstCollation(arguments), max: true),
            "like" => new LikeExpr(false, arguments[1], arguments[0], arguments.Length == 3 ? arguments[2] : null, false),
            "glob" => new LikeExpr(true, arguments[1], arguments[0], null, false),
            "likelihood" when !IsProbability(node.Arguments[1]) =>
                throw Error("second argument to likelihood() must be a constant between 0.0 and 1.0"),
            _ => arguments[0].Affinity == Affinity.None && arguments[0].Collation is null ? arguments[0] : new PassedExpr(arguments[0]),
        };
        return Finish(bound, arguments);
    }

    /// <summary>iif(c1, v1, c2, v2, ..., otherwise): the otherwise may be left out.</summary>
    private static CaseExpr Conditional(Expr[] arguments)
    {
        var branches = new (Expr When, Expr Then)[arguments.Length / 2];
        for (int i = 0; i < branches.Length; i++)
        {
            branches[i] = (arguments[2 * i], arguments[(2 * i) + 1]);
        }

        return new CaseExpr(branches, arguments.Length % 2 == 1 ? arguments[^1] : ConstantExpr.Null);
    }

    private static bool IsProbability(ExpressionNode node) =>
        node is LiteralNode { Value: { Type: SqlType.Real, Real: >= 0.0 and <= 1.0 } };

    private static Collation FirstCollation(Expr[] arguments) =>
        Array.Find(arguments, argument => argument.Collation is not null)?.Collation ?? Collation.Binary;

    /// <summary>A call with the first collation that one of its arguments is written with.</summary>
    public static Expr Collated(Expr expression, Expr[] parts) =>
        Array.Find(parts, part => part.HasExplicitCollation) is { } collated ? new CollateExpr(expression, collated.Collation!) : expression;

    private static SluiceException WrongCount(FunctionNode node) => Error($"wrong number of arguments to function {node.Name}()");
}
