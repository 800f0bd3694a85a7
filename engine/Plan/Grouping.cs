using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Collects what the expressions over the groups of a SELECT need of them: aggregate calls, and columns captured from a row.</summary>
internal sealed class Grouping(CompileState state)
{
    private readonly Dictionary<object, Expr> _captured = [];
    private readonly List<Expr> _captures = [];
    private readonly List<(FunctionNode Node, AggregateCall Call, Expr Result)> _calls = [];
    private int _extreme = -1;

    /// <summary>The source of the captured columns.</summary>
    public int Output { get; } = state.NewSource();

    public IReadOnlyList<AggregateCall> Calls => _calls.ConvertAll(static call => call.Call);

    public int CaptureCount => _captures.Count;

    /// <summary>The column <paramref name="key"/> as the group has it; <paramref name="bind"/> gives it over a row.</summary>
    public Expr Capture(object key, Func<Expr> bind)
    {
        if (!_captured.TryGetValue(key, out Expr? captured))
        {
            Expr column = bind();
            captured = new ColumnExpr(Output, _captures.Count, column.Affinity, column.Collation);
            _captures.Add(column);
            _captured.Add(key, captured);
        }

        return captured;
    }

    /// <summary>A call's result; equal calls are computed once.</summary>
    public Expr AddCall(FunctionNode node, AggregateFunction function, RowScope rows)
    {
        foreach ((FunctionNode other, _, Expr same) in _calls)
        {
            // Who looks for names wants those of each call.
            if (state.Compilation.ColumnFound is null && NodeEquality.AreEqual(node, other))
            {
                return same;
            }
        }

        if (node.Distinct && node.Arguments.Count != 1)
        {
            throw new SluiceException(ResultCode.Error, "DISTINCT aggregates must have exactly one argument");
        }

        Expr[] arguments = [.. node.Arguments.Select(argument => ExpressionBinder.Bind(argument, rows))];
        AggregateCall call = new(
            function,
            arguments,
            node.Distinct,
            node.Filter is null ? null : ExpressionBinder.Bind(node.Filter, rows),
            [.. node.OrderBy.Select(term => OrderTerms.Key(term, ExpressionBinder.Bind(term.Expression, rows)))],
            arguments.Length > 0 ? ComparisonRules.CollationOf(arguments[0]) : Collation.Binary,
            state.NewSlot());
        if (function.Name is "min" or "max")
        {
            _extreme = _calls.Count;
        }

        Expr result = Binding.Collated(new SlotExpr(call.Slot), arguments);
        _calls.Add((node, call, result));
        return result;
    }

    public Aggregation Finish() => new(Calls, _captures, Output, _captures.Count == 0 ? -1 : _extreme, _extreme >= 0 && _calls[_extreme].Call.Function.Name == "max");
}
