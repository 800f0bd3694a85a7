using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>The code of a function of its arguments alone.</summary>
internal delegate SqlValue PureBody(ReadOnlySpan<SqlValue> arguments);

/// <summary>The code of a function that also asks the statement's surroundings.</summary>
internal delegate SqlValue ContextBody(ReadOnlySpan<SqlValue> arguments, IStatementContext context);

/// <summary>A built-in function whose value depends on its arguments alone.</summary>
internal sealed class PureFunction(string name, PureBody body) : ScalarFunction(name, Stability.Deterministic)
{
    public override SqlValue Invoke(ReadOnlySpan<SqlValue> arguments, IStatementContext context) => body(arguments);
}

/// <summary>A built-in function of its arguments and the statement's surroundings.</summary>
internal sealed class ContextFunction(string name, Stability stability, ContextBody body) : ScalarFunction(name, stability)
{
    public override SqlValue Invoke(ReadOnlySpan<SqlValue> arguments, IStatementContext context) => body(arguments, context);
}
