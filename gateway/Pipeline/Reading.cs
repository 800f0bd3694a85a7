using Sluice.Engine.Format;

namespace Sluice.Gateway.Pipeline;

/// <summary>A decoded value on its way to the table <c>readings</c>. Its text is a copy: the payload may be gone.</summary>
/// <param name="Series">Which series it belongs to.</param>
/// <param name="TsUs">When it was measured, microseconds since the Unix epoch, UTC.</param>
/// <param name="Value">Integer, real or text.</param>
/// <param name="Unit">The unit that the message names when it is not the one that the series has; else null.</param>
public readonly record struct Reading(Series Series, long TsUs, SqlValue Value, string? Unit);
