using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt;

/// <summary>The log messages of the MQTT rooms: event ids 1000 to 1999. An id, once given, keeps its meaning.</summary>
internal static partial class MqttLog
{
    [LoggerMessage(1000, LogLevel.Information, "mqtt: listening on {Endpoint}")]
    public static partial void Listening(ILogger log, string endpoint);

    [LoggerMessage(1001, LogLevel.Information, "mqtt: stopped, {Connections} connections were open")]
    public static partial void Stopped(ILogger log, int connections);

    [LoggerMessage(1002, LogLevel.Warning, "mqtt: accepting connections on {Endpoint} failed, trying again in a second")]
    public static partial void AcceptFailed(ILogger log, string endpoint, Exception exception);

    [LoggerMessage(1003, LogLevel.Warning, "mqtt: refused a connection from {Address}: {Maximum} connections are open, which is the limit ({Others} more were refused without a line)")]
    public static partial void TooManyConnections(ILogger log, string address, int maximum, long others);

    [LoggerMessage(1004, LogLevel.Warning, "mqtt: {Connections} connections still waited for acknowledgements when the time to stop was over")]
    public static partial void DrainTimedOut(ILogger log, int connections);

    [LoggerMessage(1005, LogLevel.Warning, "mqtt: refused a connection from {Address}: {Maximum} from its address are open, which is the limit ({Others} more were refused without a line)")]
    public static partial void TooManyFromAddress(ILogger log, string address, int maximum, long others);

    [LoggerMessage(1006, LogLevel.Warning, "mqtt: a connection from {Address} to {Listener} did not come about: {Reason} ({Others} more did not without a line)")]
    public static partial void NotOpened(ILogger log, string address, string listener, string reason, long others);

    [LoggerMessage(1007, LogLevel.Information, "mqtt: read {Files} anew")]
    public static partial void Reloaded(ILogger log, string files);

    [LoggerMessage(1008, LogLevel.Error, "mqtt: {Files} changed and cannot be used, what was read before stays: {Reason}")]
    public static partial void NotReloaded(ILogger log, string files, string reason);

    [LoggerMessage(1009, LogLevel.Warning, "mqtt: {Host} is refused for {Duration}: {Offences} wrong passwords or broken packets")]
    public static partial void PeerBanned(ILogger log, string host, int offences, TimeSpan duration);

    [LoggerMessage(1010, LogLevel.Information, "mqtt: {Sessions} sessions with {Messages} messages that wait, and {Retained} retained messages, are there from before")]
    public static partial void Recovered(ILogger log, int sessions, int messages, int retained);

    [LoggerMessage(1011, LogLevel.Warning, "mqtt: closed a connection from {Address} that was not a client's after {Seconds} s ({Others} more were closed without a line)")]
    public static partial void ConnectTimedOut(ILogger log, string address, double seconds, long others);

    [LoggerMessage(1100, LogLevel.Debug, "mqtt: client '{ClientId}' at {Address} connected, {Version}, session present: {SessionPresent}")]
    public static partial void Connected(ILogger log, string clientId, string address, ProtocolVersion version, bool sessionPresent);

    [LoggerMessage(1101, LogLevel.Debug, "mqtt: client '{ClientId}' at {Address} left: {Reason}")]
    public static partial void Left(ILogger log, string clientId, string address, string reason);

    [LoggerMessage(1102, LogLevel.Warning, "mqtt: refused client '{ClientId}' at {Address}: {Reason} ({Code}); {Others} others were refused without a line")]
    public static partial void Refused(ILogger log, string clientId, string address, string reason, ReasonCode code, long others);

    [LoggerMessage(1103, LogLevel.Warning, "mqtt: closed client '{ClientId}' at {Address}: {Reason} ({Code}); {Others} others were closed without a line")]
    public static partial void ProtocolViolated(ILogger log, string clientId, string address, string reason, ReasonCode code, long others);

    [LoggerMessage(1104, LogLevel.Information, "mqtt: closed client '{ClientId}' at {Address}: {Reason} ({Code}); {Others} others were closed without a line")]
    public static partial void Closed(ILogger log, string clientId, string address, string reason, ReasonCode code, long others);

    [LoggerMessage(1105, LogLevel.Error, "mqtt: closed client '{ClientId}' at {Address} after an error of ours")]
    public static partial void ConnectionFailed(ILogger log, string clientId, string address, Exception exception);

    [LoggerMessage(1106, LogLevel.Warning, "mqtt: client '{ClientId}' at {Address} may not publish to '{Topic}' ({Others} more refusals without a line)")]
    public static partial void PublishForbidden(ILogger log, string clientId, string address, string topic, long others);

    [LoggerMessage(1107, LogLevel.Warning, "mqtt: client '{ClientId}' at {Address} may not subscribe to '{Filter}' ({Others} more refusals without a line)")]
    public static partial void SubscribeForbidden(ILogger log, string clientId, string address, string filter, long others);

    [LoggerMessage(1108, LogLevel.Warning, "mqtt: a message of client '{ClientId}' at {Address} to '{Topic}' says that it is UTF-8, and is not: it was refused ({Others} more refusals without a line)")]
    public static partial void PayloadFormatInvalid(ILogger log, string clientId, string address, string topic, long others);

    [LoggerMessage(1109, LogLevel.Warning, "mqtt: client '{ClientId}' at {Address} may not read '{Filter}' any more: the subscription of its session has ended ({Others} more refusals without a line)")]
    public static partial void SubscriptionEnded(ILogger log, string clientId, string address, string filter, long others);

    [LoggerMessage(1200, LogLevel.Warning, "mqtt: a message of client '{ClientId}' at {Address} was not stored ({Result}); {Consequence} ({Others} more were not stored without a line)")]
    public static partial void NotStored(ILogger log, string clientId, string address, Ingress.IngressResult result, string consequence, long others);

    [LoggerMessage(1202, LogLevel.Warning, "mqtt: the messages that wait for client '{ClientId}' cannot be read now: {Reason}")]
    public static partial void QueueNotRead(ILogger log, string clientId, string reason);

    [LoggerMessage(1201, LogLevel.Error, "mqtt: the will of client '{ClientId}' on '{Topic}' was not stored and is tried again ({Others} more were not stored without a line)")]
    public static partial void WillNotStored(ILogger log, string clientId, string topic, long others, Exception exception);

    [LoggerMessage(1203, LogLevel.Warning, "mqtt: the will of client '{ClientId}' on '{Topic}' is dropped, for it can never be stored ({Result})")]
    public static partial void WillRefused(ILogger log, string clientId, string topic, Ingress.IngressResult result);

    [LoggerMessage(1300, LogLevel.Information, "mqtt source {Source}: connected to {Server}")]
    public static partial void SourceConnected(ILogger log, string source, string server);

    [LoggerMessage(1301, LogLevel.Warning, "mqtt source {Source}: {Server} is away, tried again with pauses of up to {Seconds} s: {Reason}")]
    public static partial void SourceAway(ILogger log, string source, string server, double seconds, string reason);
}
