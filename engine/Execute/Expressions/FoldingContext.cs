namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// The surroundings of an expression that is evaluated while the statement is compiled. Only deterministic functions
/// are, and those ask for nothing; whatever is asked here is a fault in a function's <see cref="Functions.Stability"/>.
/// </summary>
internal sealed class FoldingContext : IStatementContext
{
    public static Frame Frame { get; } = new(new FoldingContext(), 0, 0, []);

    public long LastInsertRowid => throw NotConstant();

    public long Changes => throw NotConstant();

    public long TotalChanges => throw NotConstant();

    public DateTime UtcNow => throw NotConstant();

    public Random Random => throw NotConstant();

    public void CheckCancelled()
    {
    }

    private static InvalidOperationException NotConstant() => new("A constant expression depends on the statement's execution.");
}
