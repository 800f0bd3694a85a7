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

        // An empty retained message removes the retained one (MQTT 5.0 section 3.3.1.3): it is not a reading.
        if (route.Device is null || (message.Retain && message.Payload.IsEmpty))
        {
            _counters.NotRouted.Add();
            message.Complete(IngressResult.NotRouted);
            return ValueTask.CompletedTask;
        }

        return _writers[route.Writer].Queue.EnqueueAsync(new QueuedMessage(message, route), cancellationToken);
    }

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
