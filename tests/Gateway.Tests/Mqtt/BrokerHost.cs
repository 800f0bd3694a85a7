using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>A broker on a free port with an ingress and a log that the test looks into.</summary>
internal sealed class BrokerHost : IAsyncDisposable, ILogger<MqttBroker>
{
    private BrokerHost(TimeProvider time)
    {
        Broker = new MqttBroker(Ingress, this, time);
    }

    public FakeIngress Ingress { get; } = new();

    public MqttBroker Broker { get; }

    public ConcurrentQueue<string> LogLines { get; } = new();

    public int Port => new Uri(Broker.ListeningOn[0]).Port;

    public static async Task<BrokerHost> StartAsync(MqttOptions? options = null, TimeProvider? time = null)
    {
        var host = new BrokerHost(time ?? TimeProvider.System);
        options ??= new MqttOptions();
        // The default is a port that another broker may have.
        bool isDefault = options.Listen.SequenceEqual(new MqttOptions().Listen);
        await host.Broker.StartAsync(isDefault ? options with { Listen = ["tcp://127.0.0.1:0"] } : options, store: null, CancellationToken.None);
        return host;
    }

    /// <summary>A client that has connected.</summary>
    public async Task<RawClient> ConnectAsync(
        string clientId, ProtocolVersion version = ProtocolVersion.Mqtt50, bool clean = true, ushort keepAlive = 0,
        Will? will = null, PropertySet? properties = null)
    {
        RawClient client = await OpenAsync(version);
        await client.SendAsync(o => new ConnectPacket
        {
            Version = version,
            ClientId = clientId,
            CleanStart = clean,
            KeepAlive = keepAlive,
            Will = will,
            Properties = properties,
        }.Write(o));
        client.ConnAck = ConnAckPacket.Parse((await client.ReadAsync(PacketType.ConnAck)).Body, version);
        Assert.Equal(ReasonCode.Success, client.ConnAck.Reason);
        return client;
    }

    /// <summary>A client that has a socket and nothing more.</summary>
    public Task<RawClient> OpenAsync(ProtocolVersion version = ProtocolVersion.Mqtt50) => RawClient.OpenAsync(Port, version);

    /// <summary>Waits until a condition holds, ten seconds at most.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!condition())
        {
            Assert.False(deadline.IsCancellationRequested, $"waited in vain until {what}");
            await Task.Delay(5);
        }
    }

    public ValueTask DisposeAsync() => Broker.DisposeAsync();

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        LogLines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");
}
