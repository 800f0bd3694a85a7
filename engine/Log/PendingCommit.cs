using System.Threading.Tasks.Sources;

namespace Sluice.Engine.Log;

/// <summary>
/// Something that waits for its place in the log to be as durable as it asks: one commit or one note. Waited for once, either by an await
/// or by a parked thread, the one that made it.
/// </summary>
internal class PendingCommit(bool asynchronous, Synchronous synchronous) : IValueTaskSource
{
    /// <summary>What a thread parks on: always the same, for the runtime makes a lock of an object that is waited on, and keeps it.</summary>
    [ThreadStatic]
    private static object? t_place;

    private readonly object? _place = asynchronous ? null : t_place ??= new object();
    private ManualResetValueTaskSourceCore<bool> _completion;
    private bool _done;
    private SluiceException? _failure;

    public bool IsAsynchronous { get; } = asynchronous;

    /// <summary>When the wait may end.</summary>
    public Synchronous Synchronous { get; } = synchronous;

    /// <summary>
    /// Called when the commit's turn has come, before it gets its timestamp: no other commit gets one meanwhile. When it throws, nothing is
    /// committed.
    /// </summary>
    internal virtual void Ordering()
    {
    }

    /// <summary>Called when the commit has its timestamp and its place in the log, before another commit gets one.</summary>
    internal virtual void Ordered()
    {
    }

    /// <summary>Called by the log writer before anybody is woken, with the outcome: releases what the commit held.</summary>
    protected virtual void Settled(bool durable)
    {
    }

    /// <summary>
    /// Ends the wait. Called once, by the log writer, after the durable timestamp has advanced. <paramref name="inline"/>: what awaits it goes on
    /// within this call.
    /// </summary>
    internal void Complete(SluiceException? failure, bool inline)
    {
        Settled(failure is null);
        if (IsAsynchronous)
        {
            _completion.RunContinuationsAsynchronously = !inline;
            if (failure is null)
            {
                _completion.SetResult(true);
            }
            else
            {
                _completion.SetException(failure);
            }

            return;
        }

        lock (_place!)
        {
            _failure = failure;
            _done = true;
            Monitor.Pulse(_place);
        }
    }

    /// <summary>Parks the thread until the log writer, which <paramref name="writer"/> wakes, is done with it.</summary>
    internal void Wait(BackgroundLoop? writer)
    {
        lock (_place!)
        {
            while (!_done)
            {
                writer!.Wait(_place, Timeout.InfiniteTimeSpan);
            }
        }

        if (_failure is not null)
        {
            throw new SluiceException(_failure.Code, _failure.Message, _failure);
        }
    }

    internal ValueTask AsTask() => new(this, _completion.Version);

    void IValueTaskSource.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);
}
