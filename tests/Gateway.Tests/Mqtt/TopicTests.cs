using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

public class TopicTests
{
    [Theory]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1", true)]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true)]
    [InlineData("sport/#", "sport", true)]
    [InlineData("#", "a/b/c", true)]
    [InlineData("sport/tennis/+", "sport/tennis/player1", true)]
    [InlineData("sport/tennis/+", "sport/tennis/player1/ranking", false)]
    [InlineData("sport/+", "sport", false)]
    [InlineData("sport/+", "sport/", true)]
    [InlineData("+/+", "/finance", true)]
    [InlineData("/+", "/finance", true)]
    [InlineData("+", "/finance", false)]
    [InlineData("#", "$SYS/x", false)]
    [InlineData("+/monitor", "$SYS/monitor", false)]
    [InlineData("$SYS/#", "$SYS/x", true)]
    [InlineData("$SYS/monitor/+", "$SYS/monitor/Clients", true)]
    [InlineData("a/b", "a/B", false)]
    [InlineData("+/b/#", "a/b", true)]
    public void A_filter_matches_as_the_specification_says(string filter, string topic, bool matches)
    {
        Assert.Equal(matches, TopicRules.Matches(filter, topic));
        Assert.Equal(matches ? 1 : 0, TreeOf(filter).Match(new TopicName(topic)).Sessions.Length);
    }

    [Fact]
    public void The_tree_finds_exactly_the_filters_that_match_one_by_one()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        string[] words = ["a", "b", "", "$x", "+"];
        string Name(int most) => string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => words[random.Next(most)]));
        BrokerCore core = Core();
        var filters = new Dictionary<string, Session>();
        for (int round = 0; round < 2000; round++)
        {
            string filter = Name(5) + (random.Next(3) == 0 ? "/#" : "");
            if (filters.Remove(filter, out Session? there))
                Assert.True(core.Subscriptions.Remove(there, filter));
            else
            {
                Session session = filters[filter] = new Session(core, filter, user: null, id: 0, isStored: false);
                core.Subscriptions.Add(new Subscription(session, new(filter, QualityOfService.AtMostOnce), 0));
            }
            string topic = Name(4);
            if (topic.Length == 0)
                continue;
            IEnumerable<string> expected = filters.Keys.Where(f => TopicRules.Matches(f, topic)).Order();
            IEnumerable<string> found = core.Subscriptions.Match(new TopicName(topic)).Sessions.Select(m => m.Session.ClientId).Order();
            Assert.True(expected.SequenceEqual(found), $"seed {seed}, round {round}, topic '{topic}'");
        }
        Assert.Equal(filters.Count, core.Subscriptions.Count);
    }

    [Fact]
    public void A_remembered_match_is_forgotten_when_the_subscriptions_change()
    {
        SubscriptionTree tree = TreeOf("a/+");
        var topic = new TopicName("a/b");
        TopicMatch first = tree.Match(topic);
        Assert.Same(first, tree.Match(topic));
        tree.Remove(first.Sessions[0].Session, "a/+");
        Assert.True(tree.Match(topic).IsEmpty);
    }

    [Fact]
    public void The_topic_cache_gives_the_same_object_for_the_same_topic()
    {
        var cache = new TopicCache();
        TopicName name = cache.Get("sensors/a/b"u8);
        Assert.Same(name, cache.Get("sensors/a/b"u8));
        Assert.Equal("sensors/a/c", cache.Get("sensors/a/c"u8).Text);
    }

    private static SubscriptionTree TreeOf(string filter)
    {
        BrokerCore core = Core();
        core.Subscriptions.Add(new Subscription(new Session(core, "s", user: null, id: 0, isStored: false), new(filter, QualityOfService.AtMostOnce), 0));
        return core.Subscriptions;
    }

    private static BrokerCore Core() => new(new MqttOptions(), new FakeIngress(), store: null, NullLogger.Instance, TimeProvider.System);
}
