namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// The surroundings of an expression that is evaluated while the statement is compiled. Only deterministic functions
/// are, and those ask for nothing; whatever is asked here is a fault in a function's <see cref="Functions.Stability"/>. But for the time and its zone
/// where there is a message: of a date function in a definition it is the row that decides whether it asks.
/// </summary>
internal sealed class FoldingContext(string? timeless = null) : IStatementContext
{
    private static readonly FoldingContext s_instance = new();

    public static Frame Frame { get; } = NewFrame(0, 0);

    /// <summary>A frame for expressions that no session is asked for.</summary>
    public static Frame NewFrame(int sources, int slots) => new(s_instance, sources, slots, []);

    public long LastInsertRowid => throw NotConstant();

    public long Changes => throw NotConstant();

    public long TotalChanges => throw NotConstant();

    public DateTime UtcNow => throw NoTime();

    public TimeZoneInfo LocalZone => throw NoTime();

    public Random Random => throw NotConstant();

    public void CheckCancelled()
    {
    }

    private Exception NoTime() => timeless is null ? NotConstant() : new SluiceException(ResultCode.Error, timeless);

    private static InvalidOperationException NotConstant() => new("A constant expression depends on the statement's execution.");
}
