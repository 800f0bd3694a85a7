using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>How often the same arguments give the same value.</summary>
public enum Stability
{
    /// <summary>Always: a call on constants is folded when the statement is compiled.</summary>
    Deterministic,

    /// <summary>Throughout one execution of a statement: changes(), date('now').</summary>
    Statement,

    /// <summary>Never: random().</summary>
    Volatile,
}

/// <summary>A scalar function. Stateless: one instance serves all statements.</summary>
public abstract class ScalarFunction(string name, Stability stability)
{
    /// <summary>In lower case.</summary>
    public string Name { get; } = name;

    public Stability Stability { get; } = stability;

    /// <summary>
    /// The value for these arguments, whose number the catalog has checked. The span is only lent for the call.
    /// Errors are <see cref="SluiceException"/> with SQLite's text.
    /// </summary>
    public abstract SqlValue Invoke(ReadOnlySpan<SqlValue> arguments, IStatementContext context);
}
