namespace Sluice.Gateway.Sync;

/// <summary>
/// A kind of upstream. It keeps the cursor: the cursor that it returns is the truth, and a batch and its cursor are
/// upstream both or not at all, so each reading is there once, however often either side dies in between.
/// </summary>
public interface IUpstreamSink : IAsyncDisposable
{
    /// <summary>Where it sends to, for people: no secrets.</summary>
    string Upstream { get; }

    /// <summary>
    /// Connects anew, makes what is missing there, and returns the id of the last reading that is there (0 for none).
    /// </summary>
    /// <param name="instance">Tells this gateway's database from another one.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="UpstreamException">It is away or refuses; trying again later is right.</exception>
    Task<long> ConnectAsync(string instance, CancellationToken cancellation);

    /// <summary>
    /// Sends a batch. When it throws, the batch may be there or not: only <see cref="ConnectAsync"/> tells.
    /// </summary>
    /// <exception cref="UpstreamException">It is away or refuses.</exception>
    Task SendAsync(OutboxBatch batch, CancellationToken cancellation);
}

/// <summary>The upstream is away or refuses, with the reason in one line.</summary>
public sealed class UpstreamException(string message, Exception? inner = null) : Exception(message, inner);
