using System.Diagnostics.CodeAnalysis;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;

namespace Sluice.Gateway.Writers;

/// <summary>A message on its way to a writer.</summary>
/// <param name="Message">The message; whoever takes the item completes it.</param>
/// <param name="Route">Its topic's way, with a device; null when it is no reading and only its rows are written.</param>
public readonly record struct QueuedMessage(IngressMessage Message, RoutedTopic? Route)
{
    /// <summary>What it counts for: its payload and its rows.</summary>
    public long SizeBytes => Message.Payload.Length + (Message.Rows?.SizeBytes ?? 0);
}

/// <summary>
/// What waits for one writer: first in, first out, bounded in messages and in bytes of payloads and rows. Who finds it full waits,
/// in order, and that wait is the backpressure that reaches a publisher's socket. One reader, any number of senders.
///
/// Invariants, under the lock: a sender waits only if the queue was full or another one waited before it, so order is
/// kept; a message larger than the byte bound is taken when the queue is empty, so it does not wait for ever.
/// </summary>
public sealed class WriterQueue(int maximumMessages, long maximumBytes)
{
    private readonly Lock _gate = new();

    // All under the lock.
    private readonly Queue<QueuedMessage> _messages = new();
    private readonly LinkedList<Sender> _senders = new();
    private TaskCompletionSource? _reader;
    private int _wakeAt = 1;
    private long _bytes;
    private bool _closed;

    /// <summary>Messages that wait now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _messages.Count;
            }
        }
    }

    /// <summary>Completes when the message is in the queue; until then it is the caller's.</summary>
    public ValueTask EnqueueAsync(in QueuedMessage message, CancellationToken cancellation)
    {
        Sender sender;
        lock (_gate)
        {
            if (_closed)
            {
                throw new InvalidOperationException("The gateway is stopping and takes no more messages.");
            }

            if (_senders.Count == 0 && HasRoomFor(message))
            {
                Add(message);
                return ValueTask.CompletedTask;
            }

            sender = new Sender(message);
            sender.Node = _senders.AddLast(sender);
            WakeReader();
        }

        return new ValueTask(WaitAsync(sender, cancellation));
    }

    /// <summary>Completes when there is something to take; false when the queue is closed and empty.</summary>
    public async ValueTask<bool> WaitToTakeAsync() => await WaitForAsync(1, Timeout.InfiniteTimeSpan) > 0;

    /// <summary>Waits until so many messages are there, or no more can come in, or the time is over; returns how many there are.</summary>
    public async ValueTask<int> WaitForAsync(int enough, TimeSpan patience)
    {
        Task wait;
        lock (_gate)
        {
            if (_messages.Count >= enough || _senders.Count > 0 || _closed)
            {
                return _messages.Count;
            }

            _wakeAt = enough;
            _reader = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            wait = _reader.Task;
        }

        await wait.WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _wakeAt = 1;
            _reader = null;
            return _messages.Count;
        }
    }

    /// <summary>Moves up to <paramref name="maximum"/> messages into <paramref name="batch"/> and lets waiting senders in.</summary>
    public void Take(List<QueuedMessage> batch, int maximum)
    {
        lock (_gate)
        {
            while (maximum-- > 0 && _messages.TryDequeue(out QueuedMessage message))
            {
                _bytes -= message.SizeBytes;
                batch.Add(message);
            }

            while (_senders.First is { } first && HasRoomFor(first.Value.Message))
            {
                _senders.RemoveFirst();
                Add(first.Value.Message);
                first.Value.Entered.TrySetResult();
            }
        }
    }

    /// <summary>Takes no more messages; those inside can still be taken, and who waits to enter is refused.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (Sender sender in _senders)
            {
                sender.Entered.TrySetException(new InvalidOperationException("The gateway is stopping and takes no more messages."));
            }

            _senders.Clear();
            WakeReader();
        }
    }

    private async Task WaitAsync(Sender sender, CancellationToken cancellation)
    {
        await using CancellationTokenRegistration registration = cancellation.Register(() =>
        {
            lock (_gate)
            {
                // In the list means not entered and not refused: only then it can still be withdrawn.
                if (sender.Node!.List is not null)
                {
                    _senders.Remove(sender.Node);
                    sender.Entered.TrySetCanceled(cancellation);
                }
            }
        });
        await sender.Entered.Task;
    }

    private bool HasRoomFor(in QueuedMessage message) =>
        _messages.Count == 0
        || (_messages.Count < maximumMessages && _bytes + message.SizeBytes <= maximumBytes);

    private void Add(in QueuedMessage message)
    {
        _messages.Enqueue(message);
        _bytes += message.SizeBytes;
        if (_messages.Count >= _wakeAt)
        {
            WakeReader();
        }
    }

    private void WakeReader()
    {
        _reader?.TrySetResult();
        _reader = null;
    }

    private sealed class Sender(in QueuedMessage message)
    {
        public QueuedMessage Message { get; } = message;

        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        [DisallowNull]
        public LinkedListNode<Sender>? Node { get; set; }
    }
}
