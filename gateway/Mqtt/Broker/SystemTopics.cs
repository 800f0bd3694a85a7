using System.Globalization;
using System.Reflection;
using System.Text;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// The broker's figures as topics below <c>$SYS/broker</c> (MQTT 5.0 section 4.7.2), named as Mosquitto names them. Who subscribes gets them at once, as retained messages, and then
/// every <see cref="MqttOptions.SystemInterval"/>. They are made when they are asked for and are in no store.
/// </summary>
internal sealed class SystemTopics(BrokerCore core)
{
    public const string Root = "$SYS/";

    private static readonly string s_version = typeof(SystemTopics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    private readonly long _startedMs = core.NowMs;
    private long _publishedMs = core.NowMs;

    /// <summary>True for a topic that only the broker publishes to. A Mosquitto bridge tells on <c>$SYS/broker/connection/NAME/state</c> whether it is there (its <c>notifications</c>, by default on).</summary>
    public static bool IsOne(TopicName topic) => topic.Utf8.StartsWith("$SYS/"u8) && !IsStateOfBridge(topic.Utf8);

    /// <summary>The present messages on the topics that match a filter.</summary>
    public IEnumerable<PublishedMessage> Match(string filter) =>
        filter.StartsWith(Root, StringComparison.Ordinal) && core.Options.SystemInterval > TimeSpan.Zero
            ? Messages().Where(message => TopicRules.Matches(filter, message.Topic.Text))
            : [];

    /// <summary>The broker's clock: publishes when it is time.</summary>
    public void Tick(long nowMs)
    {
        if (core.Options.SystemInterval <= TimeSpan.Zero || nowMs - _publishedMs < core.Options.SystemInterval.TotalMilliseconds)
            return;
        _publishedMs = nowMs;
        foreach (PublishedMessage message in Messages())
            BrokerCore.Forward(message, core.Subscriptions.Match(message.Topic));
    }

    private IEnumerable<PublishedMessage> Messages()
    {
        BrokerStatistics now = core.Statistics;
        return new (string Name, string Value)[]
        {
            ("version", $"sluice {s_version}"),
            ("uptime", $"{(core.NowMs - _startedMs) / 1000} seconds"),
            ("clients/connected", Text(now.ClientsConnected)),
            ("clients/disconnected", Text(now.Sessions - now.ClientsConnected)),
            ("clients/total", Text(now.Sessions)),
            ("subscriptions/count", Text(now.Subscriptions)),
            ("retained messages/count", Text(now.Retained)),
            ("store/messages/bytes", Text(now.QueuedBytes)),
            ("publish/messages/received", Text(now.MessagesIn)),
            ("publish/messages/sent", Text(now.MessagesOut)),
            ("publish/messages/dropped", Text(now.Dropped.Values.Sum())),
            ("bytes/received", Text(now.BytesIn)),
            ("bytes/sent", Text(now.BytesOut)),
        }.Select(figure => new PublishedMessage(
            core.Topics.Get(Encoding.UTF8.GetBytes($"{Root}broker/{figure.Name}")), Encoding.UTF8.GetBytes(figure.Value), QualityOfService.AtMostOnce, Retain: true,
            [], PublishedMessage.NeverExpires, Publisher: null));
    }

    private static bool IsStateOfBridge(ReadOnlySpan<byte> topic)
    {
        ReadOnlySpan<byte> before = "$SYS/broker/connection/"u8;
        ReadOnlySpan<byte> after = "/state"u8;
        return topic.Length > before.Length + after.Length && topic.StartsWith(before) && topic.EndsWith(after) && !topic[before.Length..^after.Length].Contains((byte)'/');
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
