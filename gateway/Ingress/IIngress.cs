namespace Sluice.Gateway.Ingress;

/// <summary>
/// Where protocol rooms hand messages to the pipeline that stores them. The broker knows nothing of routes, writers
/// or the database; tests put a controllable ingress here and decide when a message counts as durable.
/// </summary>
public interface IIngress
{
    /// <summary>
    /// Takes a message over. When the returned task completes, the message is the ingress's: it then calls
    /// <see cref="IngressMessage.Complete"/> exactly once, when the message is durable or never will be. The call may
    /// come before this task completes, from any thread and in any order among messages.
    /// <para>
    /// The task stays incomplete while the pipeline is full. That is the backpressure: the caller awaits it before it
    /// reads on from its socket.
    /// </para>
    /// <para>
    /// When it throws or is cancelled, the message was not taken and the caller completes it. Messages of one caller
    /// are enqueued one after another; different callers enqueue at the same time.
    /// </para>
    /// </summary>
    ValueTask EnqueueAsync(in IngressMessage message, CancellationToken cancellationToken);

    /// <summary>
    /// Takes rows that come without a message. Changes with the same key are committed in the order in which they were given; the task completes as that of
    /// <see cref="EnqueueAsync"/> does, and <paramref name="acknowledgement"/> is told once.
    /// </summary>
    ValueTask StoreAsync(string key, RowChanges rows, IAcknowledgement acknowledgement, CancellationToken cancellationToken);

    /// <summary>What is done with the messages of a topic: whether they go to subscribers.</summary>
    bool Forwards(TopicName topic);
}
