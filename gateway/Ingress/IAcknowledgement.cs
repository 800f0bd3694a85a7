namespace Sluice.Gateway.Ingress;

/// <summary>Told what became of a message. One object serves many messages; the token says which one is meant.</summary>
public interface IAcknowledgement
{
    /// <summary>
    /// Called once a message, from any thread. It only notes the result and wakes the socket's writer, so a commit that
    /// completes hundreds of messages in a row leaves as one write a client. It does not block and does not throw.
    /// </summary>
    void Complete(long token, IngressResult result);
}

/// <summary>What became of a message that was handed to <see cref="IIngress"/>.</summary>
public enum IngressResult : byte
{
    /// <summary>Its transaction is durable (as a reading, or as a dead letter).</summary>
    Stored = 0,

    /// <summary>No route stores its topic, so there is no reading; rows that came with it are durable. The publisher gets its acknowledgement.</summary>
    NotRouted = 1,

    /// <summary>It will not be stored: storing failed. MQTT 5.0 reason code 0x80; an MQTT 3.1.1 client is disconnected.</summary>
    Failed = 2,

    /// <summary>It will not be stored: the publisher may not. MQTT 5.0 reason code 0x87; an MQTT 3.1.1 client is disconnected.</summary>
    NotAuthorized = 3,

    /// <summary>It will not be stored: a limit is reached (disk full). MQTT 5.0 reason code 0x97; an MQTT 3.1.1 client is disconnected.</summary>
    QuotaExceeded = 4,

    /// <summary>It will not be stored: its payload is not in the format that it says. MQTT 5.0 reason code 0x99; 3.1.1 has no such formats.</summary>
    PayloadFormatInvalid = 5,
}

internal static class IngressResults
{
    /// <summary>True when everything of the message that was to be stored is durable.</summary>
    public static bool IsDone(this IngressResult result) => result <= IngressResult.NotRouted;

    /// <summary>True when the message would be refused again; a store that fails may work later.</summary>
    public static bool IsLasting(this IngressResult result) => result is IngressResult.NotAuthorized or IngressResult.PayloadFormatInvalid;
}
