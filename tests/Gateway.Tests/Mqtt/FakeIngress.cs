using System.Collections.Concurrent;
using System.Text;
using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>An ingress whose test decides when a message is durable, and when it takes no more.</summary>
internal sealed class FakeIngress : IIngress
{
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly ConcurrentQueue<IngressMessage> _held = new();
    private TaskCompletionSource? _full;

    /// <summary>What a message is answered with at once; null holds it for <see cref="TakeAsync"/>.</summary>
    public IngressResult? Answer { get; set; } = IngressResult.Stored;

    /// <summary>What rows without a message are answered with at once; null holds them in <see cref="HeldRows"/>.</summary>
    public IngressResult? RowsAnswer { get; set; } = IngressResult.Stored;

    /// <summary>Rows without a message that wait for their answer.</summary>
    public ConcurrentQueue<IAcknowledgement> HeldRows { get; } = new();

    /// <summary>The statements of rows without a message that were answered with success.</summary>
    public ConcurrentQueue<string> StoredRows { get; } = new();

    /// <summary>"topic=payload" of every message that was taken.</summary>
    public ConcurrentQueue<string> Taken { get; } = new();

    public ValueTask EnqueueAsync(in IngressMessage message, CancellationToken cancellationToken)
    {
        IngressMessage copy = message;
        if (Volatile.Read(ref _full) is { } full)
            return WaitAsync(full, copy, cancellationToken);
        Take(copy);
        return ValueTask.CompletedTask;
    }

    public ValueTask StoreAsync(string key, RowChanges rows, IAcknowledgement acknowledgement, CancellationToken cancellationToken)
    {
        if (RowsAnswer is not { } result)
        {
            HeldRows.Enqueue(acknowledgement);
            return ValueTask.CompletedTask;
        }
        if (result.IsDone())
        {
            foreach ((string sql, _) in rows.Statements)
                StoredRows.Enqueue(sql);
        }
        acknowledgement.Complete(0, result);
        return ValueTask.CompletedTask;
    }

    public bool Forwards(TopicName topic) => true;

    public void BecomeFull() => _full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void HaveRoom()
    {
        TaskCompletionSource? full = Interlocked.Exchange(ref _full, null);
        full?.SetResult();
    }

    /// <summary>What is held is refused, and what comes is taken.</summary>
    public void LetGo()
    {
        Answer = RowsAnswer = IngressResult.Stored;
        while (_held.TryDequeue(out IngressMessage message))
            message.Complete(IngressResult.Failed);
        while (HeldRows.TryDequeue(out IAcknowledgement? rows))
            rows.Complete(0, IngressResult.Failed);
    }

    /// <summary>The next held message, within ten seconds.</summary>
    public async Task<IngressMessage> TakeAsync()
    {
        Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(10)), "no message came to the ingress");
        Assert.True(_held.TryDequeue(out IngressMessage message));
        return message;
    }

    private async ValueTask WaitAsync(TaskCompletionSource full, IngressMessage message, CancellationToken cancellationToken)
    {
        await full.Task.WaitAsync(cancellationToken);
        Take(message);
    }

    private void Take(IngressMessage message)
    {
        Taken.Enqueue($"{message.Topic}={Encoding.UTF8.GetString(message.Payload.Span)}");
        if (Answer is { } result)
        {
            message.Complete(result);
            return;
        }
        _held.Enqueue(message);
        _arrived.Release();
    }
}
