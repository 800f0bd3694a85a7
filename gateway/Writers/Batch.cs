using System.Runtime.InteropServices;
using System.Text.Unicode;
using Sluice.Engine.Format;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;

namespace Sluice.Gateway.Writers;

/// <summary>A message that could not be decoded, as it is kept in the table <c>dead_letters</c>.</summary>
internal readonly record struct DeadLetter(long ReceivedUs, SqlValue Topic, SqlValue Payload, SqlValue Reason);

/// <summary>The messages of one transaction and what they decode to. One writer's; reused from batch to batch.</summary>
internal sealed class Batch
{
    public List<QueuedMessage> Messages { get; } = [];

    public List<Reading> Readings { get; } = [];

    public List<DeadLetter> DeadLetters { get; } = [];

    /// <summary>Rows that came with the messages, in their order.</summary>
    public List<RowChanges> Rows { get; } = [];

    /// <summary>Messages that are no readings and only bring rows.</summary>
    public int OnlyRows { get; private set; }

    public void Clear()
    {
        Messages.Clear();
        Readings.Clear();
        DeadLetters.Clear();
        Rows.Clear();
        OnlyRows = 0;
    }

    /// <summary>Decodes all messages. Nothing of the result refers to the payloads, which others own after the completion.</summary>
    public void Decode()
    {
        foreach (ref readonly QueuedMessage item in CollectionsMarshal.AsSpan(Messages))
        {
            if (item.Message.Rows is { } rows)
            {
                Rows.Add(rows);
            }

            if (item.Route is null)
            {
                OnlyRows++;
                continue;
            }

            ReadOnlySpan<byte> payload = item.Message.Payload.Span;
            if (PayloadDecoder.Decode(payload, item.Route, item.Message.ReceivedUs, Readings) is { } reason)
            {
                DeadLetters.Add(new DeadLetter(
                    item.Message.ReceivedUs, SqlValue.FromText(item.Message.Topic.Text), KeepPayload(payload), SqlValue.FromText(reason)));
            }
        }
    }

    /// <summary>Tells the messages' senders.</summary>
    public void Complete(IngressResult result)
    {
        foreach (ref readonly QueuedMessage item in CollectionsMarshal.AsSpan(Messages))
        {
            item.Message.Complete(item.Route is null && result == IngressResult.Stored ? IngressResult.NotRouted : result);
        }
    }

    /// <summary>Text when it is text, so that people can read it; a blob when it is not.</summary>
    private static SqlValue KeepPayload(ReadOnlySpan<byte> payload)
    {
        byte[] copy = payload.ToArray();
        bool isText = Utf8.IsValid(payload) && !payload.Contains((byte)0);
        return isText ? SqlValue.FromText(copy) : SqlValue.FromBlob(copy);
    }
}
