namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>Lines that a crowd of clients causes: enough of them a minute to see what is going on.</summary>
internal sealed class BrokerLogLimits(TimeProvider time)
{
    public LogLimit TooManyConnections { get; } = new(time, linesPerMinute: 1);

    public LogLimit ProtocolViolated { get; } = new(time, linesPerMinute: 20);

    public LogLimit NotOpened { get; } = new(time, linesPerMinute: 5);

    public LogLimit ConnectTimedOut { get; } = new(time, linesPerMinute: 5);

    public LogLimit Closed { get; } = new(time, linesPerMinute: 20);

    public LogLimit Refused { get; } = new(time, linesPerMinute: 20);

    public LogLimit Forbidden { get; } = new(time, linesPerMinute: 20);

    public LogLimit NotStored { get; } = new(time, linesPerMinute: 5);
}
