namespace Sluice.Gateway.Writers;

/// <summary>
/// Wakes those who wait for new readings, without a queue: a wait completes when anything was committed since the
/// version that the waiter has seen.
/// </summary>
public sealed class CommitSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _next = New();
    private long _version;

    /// <summary>To be read before looking at the database, then given to <see cref="WaitAsync"/>.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Something was committed.</summary>
    public void Set()
    {
        TaskCompletionSource due;
        lock (_gate)
        {
            _version++;
            due = _next;
            _next = New();
        }

        due.SetResult();
    }

    /// <summary>Completes when something was committed after <paramref name="version"/> was read.</summary>
    public Task WaitAsync(long version, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return _version != version ? Task.CompletedTask : _next.Task.WaitAsync(cancellation);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
