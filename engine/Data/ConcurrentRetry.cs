namespace Sluice.Engine.Data;

/// <summary>
/// Runs work in concurrent transactions until one commits. The wait before the next attempt is drawn from a range that doubles
/// with each attempt, so that transactions that met do not meet again.
/// </summary>
internal sealed class ConcurrentRetry(TimeProvider time, Random random)
{
    /// <summary>With waits of at most <see cref="LongestWaitMs"/> this many attempts take some ten seconds: then it is no passing conflict.</summary>
    internal const int MostAttempts = 200;

    private const int FirstWaitMs = 1;
    private const int LongestWaitMs = 100;

    internal static ConcurrentRetry Default { get; } = new(TimeProvider.System, Random.Shared);

    internal async Task<T> RunAsync<T>(
        SluiceConnection connection, Func<SluiceConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                // Disposal rolls back what has not been committed.
                await using SluiceTransaction transaction = await connection
                    .BeginTransactionAsync(SluiceTransactionMode.Concurrent, cancellationToken).ConfigureAwait(false);
                T result = await work(connection, cancellationToken).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return result;
            }
            catch (SluiceException error) when (error.IsTransient && attempt < MostAttempts)
            {
                await Task.Delay(Wait(attempt), time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private TimeSpan Wait(int attempt)
    {
        int range = Math.Min(LongestWaitMs, FirstWaitMs << Math.Min(attempt - 1, 10));
        return TimeSpan.FromMilliseconds(random.NextDouble() * range);
    }
}
