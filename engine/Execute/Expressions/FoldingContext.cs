namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// The surroundings of an expression that is evaluated while the statement is compiled. Only deterministic functions
/// are, and those ask for nothing; whatever is asked here is a fault in a function's <see cref="Functions.Stability"/>.
/// </summary>
internal sealed class FoldingContext : IStatementContext
{
    private static readonly FoldingContext s_instance = new();

    public static Frame Frame { get; } = NewFrame(0, 0);

    /// <summary>A frame for expressions that no session is asked for.</summary>
    public static Frame NewFrame(int sources, int slots) => new(s_instance, sources, slots, []);

    public long LastInsertRowid => throw NotConstant();

    public long Changes => throw NotConstant();

    public long TotalChanges => throw NotConstant();

    /// <summary>In an index or a generated column, 'now' is only seen when a row asks for it.</summary>
    public DateTime UtcNow => throw new SluiceException(ResultCode.Error, "non-deterministic use of a date function in an index or a generated column");

    public Random Random => throw NotConstant();

    public void CheckCancelled()
    {
    }

    private static InvalidOperationException NotConstant() => new("A constant expression depends on the statement's execution.");
}
