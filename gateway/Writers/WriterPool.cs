using Sluice.Gateway.Configuration;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;

namespace Sluice.Gateway.Writers;

/// <summary>
/// The pipeline from message to disk as the protocol rooms see it: finds a message's route and hands it to the writer of
/// its device.
/// </summary>
public sealed class WriterPool : IIngress, IAsyncDisposable
{
    /// <summary>Of rows that come without a message.</summary>
    private static readonly TopicName s_noTopic = new("");

    private readonly Writer[] _writers;
    private readonly RouteTable _routes;
    private readonly GatewayCounters _counters;

    private WriterPool(Writer[] writers, RouteTable routes, GatewayCounters counters)
    {
        _writers = writers;
        _routes = routes;
        _counters = counters;
    }

    /// <summary>Messages that wait for each writer.</summary>
    public IReadOnlyList<int> QueueLengths => [.. _writers.Select(writer => writer.Queue.Count)];

    /// <summary>Starts the writers.</summary>
    public static async Task<WriterPool> StartAsync(
        TelemetryDatabase database, WriterOptions options, RouteTable routes, WriterEnvironment environment)
    {
        Writer[] writers = new Writer[options.Count];
        for (int i = 0; i < writers.Length; i++)
        {
            WriterQueue queue = new(options.Queue, options.QueueBytes);
            writers[i] = new Writer(await database.ConnectAsync(), queue, options.Batch, environment);
        }

        return new WriterPool(writers, routes, environment.Counters);
    }

    /// <inheritdoc/>
    public ValueTask EnqueueAsync(in IngressMessage message, CancellationToken cancellationToken)
    {
        RoutedTopic route = _routes.Route(message.Topic);
        WriterQueue queue = _writers[route.Writer].Queue;

        // An empty retained message removes the retained one (MQTT 5.0 section 3.3.1.3): it is not a reading.
        if (route.Device is not null && !(message.Retain && message.Payload.IsEmpty))
        {
            return queue.EnqueueAsync(new QueuedMessage(message, route), cancellationToken);
        }

        _counters.NotRouted.Add();
        if (message.Rows is not null)
        {
            return queue.EnqueueAsync(new QueuedMessage(message, Route: null), cancellationToken);
        }

        message.Complete(IngressResult.NotRouted);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask StoreAsync(string key, RowChanges rows, IAcknowledgement acknowledgement, CancellationToken cancellationToken)
    {
        IngressMessage carrier = new() { Topic = s_noTopic, ClientId = key, Rows = rows, Acknowledgement = acknowledgement };
        return _writers[_routes.WriterOf(key)].Queue.EnqueueAsync(new QueuedMessage(carrier, Route: null), cancellationToken);
    }

    /// <inheritdoc/>
    public bool Forwards(TopicName topic) => _routes.Route(topic).IsForwarded;

    /// <summary>Closes the writers' connections; what comes from now on is refused.</summary>
    public Task DetachAsync() => Task.WhenAll(_writers.Select(writer => writer.DetachAsync()));

    /// <summary>The writers store again.</summary>
    public async Task AttachAsync(TelemetryDatabase database)
    {
        foreach (Writer writer in _writers)
        {
            await writer.AttachAsync(await database.ConnectAsync());
        }
    }

    /// <summary>Stores what has been taken and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (Writer writer in _writers)
        {
            writer.Queue.Close();
        }

        foreach (Writer writer in _writers)
        {
            await writer.DisposeAsync();
        }
    }
}
