namespace Sluice.Isolation.Histories;

/// <summary>One step of a transaction on one list: an element appended, or the whole list read.</summary>
/// <param name="Element">What was appended; no element is appended twice in a history.</param>
/// <param name="List">What was read; null for an append.</param>
public readonly record struct HistoryStep(int Key, int Element, int[]? List)
{
    public bool IsAppend => List is null;

    public static HistoryStep Append(int key, int element) => new(key, element, null);

    public static HistoryStep Read(int key, params int[] list) => new(key, 0, list);
}

/// <summary>What one session did in one transaction, and what came of it.</summary>
public sealed class HistoryTransaction
{
    public required int Number { get; init; }

    /// <summary>In the order they were done; a step that was taken back by ROLLBACK TO is not among them.</summary>
    public required IReadOnlyList<HistoryStep> Steps { get; init; }

    /// <summary>Elements that it appended and took back itself: nobody may ever see them.</summary>
    public IReadOnlyList<int> TakenBack { get; init; } = [];

    /// <summary>False: it was rolled back, or refused.</summary>
    public bool Committed { get; init; } = true;

    /// <summary>
    /// Moments on one clock of the history: before the first step, and after the commit was acknowledged. Whoever begins after another has ended
    /// must see it.
    /// </summary>
    public required long Began { get; init; }

    public required long Ended { get; init; }

    public override string ToString() => $"T{Number}[{string.Join(' ', Steps.Select(Show))}]";

    private static string Show(HistoryStep step) =>
        step.IsAppend ? $"append({step.Key},{step.Element})" : $"read({step.Key})=[{string.Join(',', step.List!)}]";
}
