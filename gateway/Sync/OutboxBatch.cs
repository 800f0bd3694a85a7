namespace Sluice.Gateway.Sync;

/// <summary>One row on its way upstream.</summary>
/// <param name="Id">The reading's rowid: unique within a database, in the order of commits.</param>
/// <param name="Device">The series' device.</param>
/// <param name="Metric">The series' metric.</param>
/// <param name="Unit">The series' unit, or null.</param>
/// <param name="Ts">When it was measured, UTC.</param>
/// <param name="Value">The number; null when the value is text.</param>
/// <param name="Text">The text; null when the value is a number that <paramref name="Value"/> holds exactly.</param>
public readonly record struct OutboxRow(long Id, string Device, string Metric, string? Unit, DateTime Ts, double? Value, string? Text);

/// <summary>Rows in the order of their ids, which go upstream in one transaction with the cursor.</summary>
/// <param name="After">The cursor before: every row's id is above it.</param>
/// <param name="LastId">The cursor after.</param>
/// <param name="Rows">None when all readings of the range have lost their series, by somebody's own DELETE.</param>
public sealed record OutboxBatch(long After, long LastId, IReadOnlyList<OutboxRow> Rows);
