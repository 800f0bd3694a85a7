using System.Runtime.CompilerServices;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>A call of a scalar function. Up to four arguments are handed over without an allocation.</summary>
internal sealed class FunctionExpr(ScalarFunction function, Expr[] arguments) : Expr
{
    public override bool IsConstant =>
        function.Stability != Stability.Volatile && Array.TrueForAll(arguments, argument => argument.IsConstant);

    public override SqlValue Evaluate(Frame frame)
    {
        if (arguments.Length > InlineArguments.Capacity)
        {
            return Call(frame, new SqlValue[arguments.Length]);
        }

        InlineArguments buffer = default;
        return Call(frame, buffer[..arguments.Length]);
    }

    private SqlValue Call(Frame frame, Span<SqlValue> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i].Evaluate(frame);
        }

        return function.Invoke(values, frame.Context);
    }

    [InlineArray(Capacity)]
    private struct InlineArguments
    {
        public const int Capacity = 4;

#pragma warning disable IDE0044, IDE0051 // An inline array's one field is reached by index only, and must not be readonly.
        private SqlValue _first;
#pragma warning restore IDE0044, IDE0051
    }
}

/// <summary>coalesce(x, y, ...) and ifnull(x, y): the first that is not NULL; those after it are not evaluated.</summary>
internal sealed class CoalesceExpr(Expr[] arguments) : Expr
{
    public override bool IsConstant => Array.TrueForAll(arguments, argument => argument.IsConstant);

    public override SqlValue Evaluate(Frame frame)
    {
        foreach (Expr argument in arguments)
        {
            SqlValue value = argument.Evaluate(frame);
            if (!value.IsNull)
            {
                return value;
            }
        }

        return SqlValue.Null;
    }
}

/// <summary>nullif(x, y): x, or NULL where they are equal; no affinity is applied.</summary>
internal sealed class NullIfExpr(Expr left, Expr right, Collation collation) : Expr
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    public override SqlValue Evaluate(Frame frame)
    {
        SqlValue value = left.Evaluate(frame);
        return ValueOrder.Compare(value, right.Evaluate(frame), collation) == 0 ? SqlValue.Null : value;
    }
}

/// <summary>min(x, y, ...) and max(x, y, ...) of one row: NULL if an argument is. Of equal ones max() gives the first, min() the last.</summary>
internal sealed class ExtremeExpr(Expr[] arguments, Collation collation, bool max) : Expr
{
    public override bool IsConstant => Array.TrueForAll(arguments, argument => argument.IsConstant);

    public override SqlValue Evaluate(Frame frame)
    {
        SqlValue best = arguments[0].Evaluate(frame);
        for (int i = 1; i < arguments.Length && !best.IsNull; i++)
        {
            SqlValue value = arguments[i].Evaluate(frame);
            if (value.IsNull)
            {
                return value;
            }

            int order = ValueOrder.Compare(best, value, collation);
            if (max ? order < 0 : order >= 0)
            {
                best = value;
            }
        }

        return best;
    }
}
