namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>A peer broke the protocol. Carries the reason code owed to it and the section of the specification it broke.</summary>
public sealed class MqttProtocolException : Exception
{
    /// <param name="reason">What a 5.0 peer is told.</param>
    /// <param name="section">Section of MQTT 5.0; prefixed "3.1.1:" where that document is meant.</param>
    /// <param name="message">What is wrong, without the section.</param>
    public MqttProtocolException(ReasonCode reason, string section, string message)
        : base($"{message} (section {section})")
    {
        Reason = reason;
        Section = section;
        IsOffence = reason is not (ReasonCode.QuotaExceeded or ReasonCode.ServerBusy or ReasonCode.ServerUnavailable or ReasonCode.UnspecifiedError);
    }

    /// <summary>The reason code owed to the peer.</summary>
    public ReasonCode Reason { get; }

    /// <summary>The section of the specification.</summary>
    public string Section { get; }

    /// <summary>It counts towards a ban of the peer's address; not where the peer has shown who it is, or is banned already, nor what is no fault of the peer's.</summary>
    public bool IsOffence { get; init; }

    internal static MqttProtocolException Malformed(string section, string message) => new(ReasonCode.MalformedPacket, section, message);

    internal static MqttProtocolException Protocol(string section, string message) => new(ReasonCode.ProtocolError, section, message);
}
