using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Mqtt.State;

/// <summary>Hands the broker's rows to the writers. Changes of one client, by its identifier, are committed in the order in which they are given.</summary>
internal sealed class StateWriter(IIngress ingress, TimeProvider time)
{
    /// <summary>Between the attempts of <see cref="SaveSurely"/>.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private volatile bool _isStopped;

    /// <summary>Saves, and says then whether it is durable. Completes when the writers have taken it, which holds up a client that sends faster than they write.</summary>
    public async ValueTask Save(string key, RowChanges rows, Action<bool> then)
    {
        try
        {
            await ingress.StoreAsync(key, rows, new Then(then), CancellationToken.None).ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            // The writers have stopped.
            _isStopped = true;
            then(false);
        }
    }

    /// <summary>Saves; whether it is durable.</summary>
    public Task<bool> SaveAsync(string key, RowChanges rows)
    {
        if (rows.IsEmpty)
            return Task.FromResult(true);
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Save(key, rows, done.SetResult).AsTask();
        return done.Task;
    }

    /// <summary>Saves, again and again until it succeeds or the writers stop; for rows whose order among others does not matter, such as those of what is over.</summary>
    /// <param name="key">Orders them among others.</param>
    /// <param name="rows">What is saved.</param>
    /// <param name="then">Called when they are durable.</param>
    public void SaveSurely(string key, RowChanges rows, Action? then = null) => _ = Save(key, rows, isDurable =>
    {
        if (isDurable)
            then?.Invoke();
        else if (!_isStopped)
            _ = AgainAsync(key, rows, then);
    }).AsTask();

    private async Task AgainAsync(string key, RowChanges rows, Action? then)
    {
        await Task.Delay(Pause, time).ConfigureAwait(false);
        SaveSurely(key, rows, then);
    }

    private sealed class Then(Action<bool> then) : IAcknowledgement
    {
        public void Complete(long token, IngressResult result) => then(result.IsDone());
    }
}
