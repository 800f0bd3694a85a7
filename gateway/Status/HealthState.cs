using System.Collections.Concurrent;

namespace Sluice.Gateway.Status;

/// <summary>How bad a problem is.</summary>
public enum ProblemSeverity
{
    /// <summary>The gateway takes and keeps readings; something around it is missing.</summary>
    Degraded,

    /// <summary>Readings cannot be stored.</summary>
    Failed,
}

/// <summary>Something that is wrong now.</summary>
/// <param name="Part">The part of the gateway: <c>storage</c>, <c>sync cloud</c>.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Reason">In words for the operator.</param>
/// <param name="Since">When it began.</param>
public sealed record Problem(string Part, ProblemSeverity Severity, string Reason, DateTimeOffset Since);

/// <summary>What is wrong now, by part. Each part reports its own; any thread.</summary>
public sealed class HealthState(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Problem> _problems = new(StringComparer.Ordinal);

    /// <summary>The problems of this moment, by part.</summary>
    public IReadOnlyList<Problem> Problems => [.. _problems.Values.OrderBy(problem => problem.Part, StringComparer.Ordinal)];

    /// <summary>Notes a problem; true if this part had none.</summary>
    public bool Report(string part, ProblemSeverity severity, string reason)
    {
        bool isNew = false;
        _problems.AddOrUpdate(
            part,
            _ =>
            {
                isNew = true;
                return new Problem(part, severity, reason, time.GetUtcNow());
            },
            (_, known) =>
            {
                isNew = false;
                return known with { Severity = severity, Reason = reason };
            });
        return isNew;
    }

    /// <summary>The part is well; returns the problem that it had, or null.</summary>
    public Problem? Clear(string part) => _problems.TryRemove(part, out Problem? problem) ? problem : null;
}
