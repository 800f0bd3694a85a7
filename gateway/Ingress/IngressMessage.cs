namespace Sluice.Gateway.Ingress;

/// <summary>
/// A message on its way in, undecoded. A value: copying it copies references only.
/// <para>
/// Ownership: the payload lies in a pooled slab and may be read until <see cref="Complete"/> is called; after that the
/// memory belongs to someone else. What must live longer is copied. Completing is the only duty of the taker, there is
/// nothing else to return.
/// </para>
/// </summary>
public readonly record struct IngressMessage
{
    /// <summary>The topic name. The same object comes again for the same topic most of the time, see <see cref="TopicName.IngressState"/>.</summary>
    public required TopicName Topic { get; init; }

    /// <summary>The client identifier of the publisher, or the sensor's name.</summary>
    public required string ClientId { get; init; }

    /// <summary>The payload as published. Valid until <see cref="Complete"/>.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>When the bytes arrived, in microseconds since the Unix epoch, UTC.</summary>
    public long ReceivedUs { get; init; }

    /// <summary>The quality of service it was published with: 0, 1 or 2.</summary>
    public byte QualityOfService { get; init; }

    /// <summary>The RETAIN flag it was published with.</summary>
    public bool Retain { get; init; }

    /// <summary>The slab that holds <see cref="Payload"/>; null when the payload is ordinary garbage-collected memory.</summary>
    public PayloadSlab? Slab { get; init; }

    /// <summary>Who waits for the result; null when nobody does.</summary>
    public IAcknowledgement? Acknowledgement { get; init; }

    /// <summary>Says to <see cref="Acknowledgement"/> which message is meant.</summary>
    public long Token { get; init; }

    /// <summary>Rows that are written in the transaction of the message's reading; null for none. They are written also where no route stores the message.</summary>
    public RowChanges? Rows { get; init; }

    /// <summary>Reports the result and gives the payload's memory back. Exactly once a message; any thread.</summary>
    public void Complete(IngressResult result)
    {
        Slab?.Release();
        Acknowledgement?.Complete(Token, result);
    }
}
