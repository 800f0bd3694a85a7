using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Execute.Operators.Windows;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>
/// Collects what the expressions above the window functions of a SELECT need of the rows below: the calls by window, and the columns and
/// aggregates captured from each row ("Window Functions", sqlite.org/windowfunctions.html).
/// </summary>
internal sealed class Windowing(RowScope scope, IReadOnlyList<(string Name, WindowSpecification Window)> named)
{
    private readonly Dictionary<object, Expr> _captured = [];
    private readonly List<Expr> _captures = [];
    private readonly List<(WindowSpecification Written, Window Window, List<WindowCall> Calls)> _windows = [];

    /// <summary>The source of the captured columns.</summary>
    public int Output { get; } = scope.State.NewSource();

    /// <summary>A column or an aggregate's result as the row below has it; <paramref name="bind"/> gives it there.</summary>
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

    /// <summary>A call's result; its arguments and its window are bound over the rows below.</summary>
    public Expr AddCall(FunctionNode node)
    {
        string name = node.Name.ToLowerInvariant();
        int count = node.Star ? 0 : node.Arguments.Count;
        if (node.Distinct)
        {
            throw Error("DISTINCT is not supported for window functions");
        }

        AggregateFunction? aggregate = scope.Functions.FindAggregate(name, count);
        if (aggregate is null)
        {
            RequireArguments(name, count);
            if (node.Filter is not null)
            {
                throw Error("FILTER clause may only be used with aggregate window functions");
            }
        }

        (Window window, List<WindowCall> calls) = FindWindow(WindowSpecifications.Resolve(node.Over!, named));
        Expr[] arguments = [.. node.Arguments.Select(argument => ExpressionBinder.Bind(argument, scope))];
        WindowCall call = new(
            name,
            aggregate,
            // The values of the rows below are columns, too.
            aggregate is null ? Array.ConvertAll(arguments, SubqueryColumnExpr.Of) : arguments,
            node.Filter is null ? null : ExpressionBinder.Bind(node.Filter, scope),
            arguments.Length > 0 ? ComparisonRules.CollationOf(arguments[0]) : Collation.Binary,
            scope.State.NewSlot());
        calls.Add(call);
        return Binding.Collated(new SlotExpr(call.Slot), arguments);
    }

    /// <summary>The node that computes all windows over <paramref name="input"/>.</summary>
    public PlanNode Finish(PlanNode input) =>
        new WindowNode(input, [.. _windows.Select(window => window.Window with { Calls = [.. window.Calls] })], [.. _captures], Output);

    private (Window Window, List<WindowCall> Calls) FindWindow(WindowSpecification written)
    {
        foreach ((WindowSpecification other, Window known, List<WindowCall> itsCalls) in _windows)
        {
            // Who looks for names wants those of each window.
            if (scope.State.Compilation.ColumnFound is null && WindowSpecifications.AreEqual(written, other))
            {
                return (known, itsCalls);
            }
        }

        GroupKey[] partition = [.. written.PartitionBy.Select(term => ExpressionBinder.Bind(term, scope)).Select(value => new GroupKey(value, ComparisonRules.CollationOf(value)))];
        SortKey[] order = [.. written.OrderBy.Select(term => OrderTerms.Key(term, ExpressionBinder.Bind(term.Expression, scope)))];
        Window window = new(partition, order, BindFrame(written));
        List<WindowCall> calls = [];
        _windows.Add((written, window, calls));
        return (window, calls);
    }

    private WindowFrame BindFrame(WindowSpecification written)
    {
        FrameSpecification frame = written.Frame ?? new FrameSpecification(
            FrameUnit.Range, new FrameBound(FrameBoundKind.UnboundedPreceding, null), new FrameBound(FrameBoundKind.CurrentRow, null), FrameExclude.None);
        bool hasOffset = frame.Start.Offset is not null || frame.End.Offset is not null;
        if (frame.Unit == FrameUnit.Range && hasOffset && written.OrderBy.Count != 1)
        {
            throw Error("RANGE with offset PRECEDING/FOLLOWING requires one ORDER BY expression");
        }

        return new WindowFrame(frame.Unit, frame.Start.Kind, Offset(frame.Start), frame.End.Kind, Offset(frame.End), frame.Exclude);
    }

    /// <summary>An offset must be constant; what is not counts as NULL, which is refused when it is used.</summary>
    private Expr? Offset(FrameBound bound)
    {
        if (bound.Offset is null)
        {
            return null;
        }

        Expr offset = ExpressionBinder.Bind(bound.Offset, scope);
        return offset.IsConstant ? offset : ConstantExpr.Null;
    }

    private static void RequireArguments(string name, int count)
    {
        (int min, int max) = name switch
        {
            "lag" or "lead" => (1, 3),
            "first_value" or "last_value" or "ntile" => (1, 1),
            "nth_value" => (2, 2),
            _ => (0, 0),
        };
        if (count < min || count > max)
        {
            throw Error($"wrong number of arguments to function {name}()");
        }
    }

    private static SluiceException Error(string message) => new(ResultCode.Error, message);
}
