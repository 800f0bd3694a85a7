using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>Rules, passwords and bans, without a broker.</summary>
public sealed class AccessTests
{
    private static readonly AccessRule[] Rules =
    [
        new() { Publish = ["public/#"] },
        new() { User = "*", Publish = ["sensors/%u/+"], Subscribe = ["commands/%u/#"] },
        new() { User = "dashboard", Subscribe = ["#", "$SYS/#"] },
        new() { Client = "gate-*-x", Publish = ["gates/%c"] },
    ];

    [Theory]
    [InlineData(null, "c", "public/a", true)]
    [InlineData(null, "c", "sensors/c/temp", false)]
    [InlineData("pump-1", "c", "sensors/pump-1/temp", true)]
    [InlineData("pump-1", "c", "sensors/pump-1/temp/raw", false)]
    [InlineData("pump-1", "c", "sensors/pump-2/temp", false)]
    [InlineData("pump-1", "c", "$SYS/x", false)]
    [InlineData("%u", "c", "sensors/%u/temp", true)]
    [InlineData("+", "c", "sensors/pump-2/temp", false)]
    [InlineData("a/b", "c", "sensors/a/b", false)]
    [InlineData(null, "gate-7-x", "gates/gate-7-x", true)]
    [InlineData(null, "gate--x", "gates/gate--x", true)]
    [InlineData(null, "gate-x", "gates/gate-x", false)]
    public void A_client_may_publish_what_a_rule_about_it_names(string? user, string clientId, string topic, bool may)
    {
        ClientAccess access = ClientAccess.Of(Rules, user, clientId);
        Assert.Equal(may, access.MayPublish(new TopicName(topic)));
        Assert.Equal(may, access.MayPublish(new TopicName(topic)));
    }

    [Theory]
    [InlineData("pump-1", "commands/pump-1/#", true)]
    [InlineData("pump-1", "commands/pump-1", true)]
    [InlineData("pump-1", "$share/all/commands/pump-1/+/x", true)]
    [InlineData("pump-1", "commands/+/x", false)]
    [InlineData("pump-1", "commands/#", false)]
    [InlineData("pump-1", "#", false)]
    [InlineData("dashboard", "#", true)]
    [InlineData("dashboard", "$SYS/broker/+", true)]
    [InlineData("dashboard", "$other/#", false)]
    [InlineData(null, "commands/x", false)]
    public void A_subscription_lies_within_what_a_rule_allows(string? user, string filter, bool may) =>
        Assert.Equal(may, ClientAccess.Of(Rules, user, "c").MaySubscribe(filter));

    /// <summary>Against the definition: every topic of a small world that the narrow one matches, the wide one matches.</summary>
    [Fact]
    public void One_filter_covers_another_exactly_when_it_matches_all_that_the_other_matches()
    {
        string[] levels = ["a", "b", "+", "#", ""];
        string[] filters = [.. Paths(levels, 3).Where(IsValid)];
        // One level more than a filter has, and names that no filter spells out.
        string[] topics = [.. Paths(["a", "b", "c", "", "$d"], 4).Where(topic => topic.Length > 0)];
        Dictionary<string, HashSet<string>> matched = filters.ToDictionary(
            filter => filter, filter => topics.Where(topic => TopicRules.Matches(filter, topic)).ToHashSet());
        foreach (string wide in filters)
        {
            foreach (string narrow in filters)
            {
                bool covers = matched[narrow].IsSubsetOf(matched[wide]);
                // What stands before the '#' of these is no topic of its own, which is not looked at.
                bool mayBeMissed = (narrow is "#" or "/#") && wide.EndsWith("/#", StringComparison.Ordinal);
                bool isRight = TopicRules.Covers(wide, narrow) == covers || (covers && mayBeMissed);
                Assert.True(isRight, $"{wide} covers {narrow}: {covers}");
            }
        }
    }

    [Fact]
    public void A_password_matches_its_own_hash_only()
    {
        PasswordHash hash = PasswordHash.TryParse(PasswordHash.Create("geheim é").ToString())!;
        Assert.True(hash.Matches("geheim é"u8));
        Assert.False(hash.Matches("geheim"u8));
        Assert.False(hash.Matches(""u8));
        Assert.NotEqual(PasswordHash.Create("x").ToString(), PasswordHash.Create("x").ToString());
    }

    /// <summary>RFC 7914 gives none for SHA-512; this one is of Python's hashlib.pbkdf2_hmac('sha512', b'password', b'salt', 1000, 32).</summary>
    [Fact]
    public void A_hash_is_PBKDF2_with_HMAC_SHA_512() =>
        Assert.True(PasswordHash.TryParse("$pbkdf2-sha512$1000$c2FsdA==$r+bFUweFtsxrHGRTOEcxvV7kMu5Un9QvtmlXea2KHFs=")!.Matches("password"u8));

    [Theory]
    [InlineData("")]
    [InlineData("plain")]
    [InlineData("$pbkdf2-sha512$0$c2FsdA==$c2FsdA==")]
    [InlineData("$pbkdf2-sha512$99999999999$c2FsdA==$c2FsdA==")]
    [InlineData("$pbkdf2-sha512$1000$*$c2FsdA==")]
    [InlineData("$pbkdf2-sha512$1000$c2FsdA==$")]
    [InlineData("$pbkdf2-sha256$1000$c2FsdA==$c2FsdA==")]
    public void What_is_no_hash_is_not_taken_for_one(string text) => Assert.Null(PasswordHash.TryParse(text));

    [Fact]
    public void A_ban_comes_after_so_many_offences_in_time_and_ends()
    {
        ManualTime time = new();
        BanList bans = new(new BanOptions { After = 3, Within = TimeSpan.FromMinutes(1), For = TimeSpan.FromMinutes(5) }, time);
        Peer far = new("203.0.113.9:1", "203.0.113.9", IsLocal: false);
        Assert.False(bans.NoteOffence(far));
        Assert.False(bans.NoteOffence(far));
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.False(bans.NoteOffence(far));
        Assert.False(bans.NoteOffence(far));
        Assert.False(bans.IsBanned(far));
        Assert.True(bans.NoteOffence(far));
        Assert.True(bans.IsBanned(far));
        Assert.False(bans.IsBanned(far with { Host = "203.0.113.10" }));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(bans.IsBanned(far));
        Assert.False(bans.NoteOffence(far));
        Assert.False(bans.IsBanned(far));
    }

    [Fact]
    public void Peers_on_this_machine_are_not_banned_and_memory_is_bounded()
    {
        BanList bans = new(new BanOptions { After = 1 }, new ManualTime());
        Peer near = new("127.0.0.1:1", "127.0.0.1", IsLocal: true);
        Assert.False(bans.NoteOffence(near));
        Assert.False(bans.IsBanned(near));
        for (int i = 0; i < 25_000; i++)
            Assert.True(bans.NoteOffence(new Peer($"h{i}:1", $"h{i}", IsLocal: false)));
        Assert.True(bans.IsBanned(new Peer("h24999:1", "h24999", IsLocal: false)));
        Assert.InRange(bans.Remembered, 1, 10_000);
    }

    private static IEnumerable<string> Paths(string[] levels, int most) =>
        most == 1 ? levels : levels.Concat(levels.SelectMany(first => Paths(levels, most - 1).Select(rest => $"{first}/{rest}"))).Distinct();

    private static bool IsValid(string filter)
    {
        try
        {
            TopicRules.ValidateFilter(filter);
            return true;
        }
        catch (MqttProtocolException)
        {
            return false;
        }
    }
}
