using Sluice.Gateway.Configuration;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;

namespace Sluice.Gateway.Tests.Pipeline;

public sealed class RouteTableTests
{
    [Theory]
    [InlineData("sensors/{device}/{metric}", "sensors/pump-1/temp", "pump-1 temp")]
    [InlineData("sensors/{device}/{metric}", "sensors/pump-1", null)]
    [InlineData("sensors/{device}/{metric}", "sensors/pump-1/temp/raw", null)]
    [InlineData("sensors/{device}/{metric}", "sensors//temp", null)]
    [InlineData("sensors/{device}/{metric}", "Sensors/a/b", null)]
    [InlineData("{site}/{device}/+/{metric}", "berlin/p1/x/temp", "p1 temp")]
    [InlineData("meters/{device}/#", "meters/m1/a/b/c", "m1 -")]
    [InlineData("meters/{device}/#", "meters/m1", "m1 -")]
    [InlineData("{device}/{metric}", "$SYS/uptime", null)]
    [InlineData("$SYS/{device}/{metric}", "$SYS/a/b", "a b")]
    public void Templates_match_level_by_level(string template, string topic, string? expected)
    {
        RoutedTopic routed = Table(4, template).Route(new TopicName(topic));
        Assert.Equal(expected, routed.Device is { } device ? $"{device.Name} {routed.Metric ?? "-"}" : null);
    }

    [Fact]
    public void The_first_route_that_matches_wins()
    {
        RouteTable table = Table(4, "a/{device}/{metric}", "a/{metric}/{device}");
        Assert.Equal("x", table.Route(new TopicName("a/x/y")).Device!.Name);
    }

    [Fact]
    public void The_decision_is_remembered_at_the_topic_but_not_by_another_table()
    {
        TopicName topic = new("a/x/y");
        RouteTable first = Table(4, "a/{device}/{metric}");
        RouteTable second = Table(4, "b/{device}/{metric}");
        Assert.Same(first.Route(topic), first.Route(topic));
        Assert.Null(second.Route(topic).Device);
    }

    [Fact]
    public void A_device_has_one_writer_and_devices_use_all_writers()
    {
        RouteTable table = Table(8, "s/{device}/{metric}");
        Dictionary<int, int> used = [];
        for (int i = 0; i < 1000; i++)
        {
            int writer = table.Route(new TopicName($"s/pump-{i}/temp")).Writer;
            Assert.Equal(writer, table.Route(new TopicName($"s/pump-{i}/rpm")).Writer);
            used[writer] = used.GetValueOrDefault(writer) + 1;
        }

        Assert.Equal(8, used.Count);
        Assert.True(used.Values.Min() > 60, $"spread: {string.Join(' ', used.Values)}");
    }

    private static RouteTable Table(int writers, params string[] templates) =>
        new(templates.Select(topic => Checked(new TopicRoute { Topic = topic, Origin = default })), new DeviceCatalog(), writers);

    private static TopicRoute Checked(TopicRoute route)
    {
        Assert.Null(TopicTemplate.Validate(route));
        return route;
    }
}
