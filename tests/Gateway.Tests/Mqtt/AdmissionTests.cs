using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>Who is let in, and what who was let in may do, with what each is told and what the log says.</summary>
public sealed class AdmissionTests : IDisposable
{
    // Slow on purpose, so made once.
    private static readonly PasswordHash Right = PasswordHash.Create("right");
    private static readonly PasswordHash RightToo = PasswordHash.Create("right too");

    private readonly string _users = Path.Combine(Directory.CreateTempSubdirectory("sluice-users-").FullName, "users");

    public AdmissionTests()
    {
        UserFile users = UserFile.Empty();
        users.Set("pump-1", Right);
        users.Set("pump-2", RightToo);
        users.Write(_users);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_users)!, recursive: true);

    [Theory]
    [InlineData(AnonymousAccess.Local, true, ReasonCode.Success)]
    [InlineData(AnonymousAccess.Local, false, ReasonCode.NotAuthorized)]
    [InlineData(AnonymousAccess.Yes, false, ReasonCode.Success)]
    [InlineData(AnonymousAccess.No, true, ReasonCode.NotAuthorized)]
    public async Task Without_credentials_a_client_comes_in_only_from_this_machine_unless_it_is_said_otherwise(AnonymousAccess anonymous, bool isLocal, ReasonCode expected)
    {
        await using BrokerHost host = await StartAsync(new SecurityOptions { Anonymous = anonymous });
        using RawClient client = await OpenAsync(host, isLocal);
        Assert.Equal(expected, (await client.ConnectAsync("c")).Reason);
        if (expected != ReasonCode.Success)
        {
            Assert.Null(await client.ReadAsync());
            await BrokerHost.UntilAsync(() => host.LogLines.Any(line => line.Contains("refused client 'c'", StringComparison.Ordinal)), "the log says it");
            Assert.Equal(1, host.Broker.Statistics.Refused);
        }
    }

    [Theory]
    [InlineData("pump-1", "right", ReasonCode.Success)]
    [InlineData("pump-1", "wrong", ReasonCode.BadUserNameOrPassword)]
    [InlineData("pump-1", "right too", ReasonCode.BadUserNameOrPassword)]
    [InlineData("pump-1", null, ReasonCode.BadUserNameOrPassword)]
    [InlineData("nobody", "right", ReasonCode.BadUserNameOrPassword)]
    public async Task A_password_is_looked_up(string user, string? password, ReasonCode expected)
    {
        await using BrokerHost host = await StartAsync(new SecurityOptions { UsersFile = _users });
        using RawClient client = await OpenAsync(host, isLocal: true);
        Assert.Equal(expected, (await client.ConnectAsync("c", user, password)).Reason);
        // In 3.1.1 there is one code for both (section 3.2.2.3).
        using RawClient old = await host.OpenAsync(ProtocolVersion.Mqtt311);
        Assert.Equal(expected, (await old.ConnectAsync("c2", user, password)).Reason);
    }

    [Fact]
    public async Task A_password_that_was_right_is_wrong_when_it_has_been_changed()
    {
        ManualTime time = new();
        await using BrokerHost host = await BrokerHost.StartAsync(new MqttOptions { Security = new SecurityOptions { UsersFile = _users } }, time);
        Assert.Equal(ReasonCode.Success, await TryAsync(host, "right"));
        Assert.Equal(ReasonCode.Success, await TryAsync(host, "right"));

        await File.WriteAllTextAsync(_users, "garbage\n");
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ReasonCode.Success, await TryAsync(host, "right"));
        Assert.Contains(host.LogLines, line => line.Contains("line 1: is not NAME:", StringComparison.Ordinal));

        UserFile users = UserFile.Empty();
        users.Set("pump-1", PasswordHash.Create("new"));
        users.Write(_users);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ReasonCode.BadUserNameOrPassword, await TryAsync(host, "right"));
        Assert.Equal(ReasonCode.Success, await TryAsync(host, "new"));
    }

    [Fact]
    public async Task Who_guesses_passwords_is_refused_for_a_while()
    {
        BanOptions ban = new() { After = 3 };
        await using BrokerHost host = await StartAsync(new SecurityOptions { UsersFile = _users, Ban = ban });
        for (int i = 0; i < 3; i++)
        {
            using RawClient guesser = await OpenAsync(host, isLocal: false);
            Assert.Equal(ReasonCode.BadUserNameOrPassword, (await guesser.ConnectAsync("g", "pump-1", $"guess {i}")).Reason);
        }

        using RawClient banned = await OpenAsync(host, isLocal: false);
        Assert.Equal(ReasonCode.Banned, (await banned.ConnectAsync("g", "pump-1", "right")).Reason);
        using RawClient other = await OpenAsync(host, isLocal: true);
        Assert.Equal(ReasonCode.Success, (await other.ConnectAsync("o", "pump-1", "right")).Reason);
        Assert.Contains(host.LogLines, line => line.Contains("203.0.113.9 is refused for", StringComparison.Ordinal));
    }

    /// <summary>A broker that is full, or whose disk is, has nobody banned for it.</summary>
    [Fact]
    public async Task Who_is_refused_for_no_fault_of_its_own_is_not_banned()
    {
        await using BrokerHost host = await StartAsync(new SecurityOptions { UsersFile = _users, Ban = new BanOptions { After = 3 } });
        host.Ingress.RowsAnswer = IngressResult.Failed;
        for (int i = 0; i < 5; i++)
        {
            using RawClient unlucky = await OpenAsync(host, isLocal: false);
            await unlucky.SendAsync(o => new ConnectPacket
            {
                Version = unlucky.Version,
                ClientId = "u",
                UserName = "pump-1",
                Password = "right"u8.ToArray(),
                Properties = new PropertySet { SessionExpiryInterval = 100 },
            }.Write(o));
            (PacketHeader _, byte[] body) = await unlucky.ReadAsync(PacketType.ConnAck);
            Assert.Equal(ReasonCode.ServerUnavailable, ConnAckPacket.Parse(body, unlucky.Version).Reason);
        }
        Assert.Equal(0, host.Broker.Statistics.ProtocolErrors);
        using RawClient again = await OpenAsync(host, isLocal: false);
        Assert.Equal(ReasonCode.Success, (await again.ConnectAsync("g", "pump-1", "right")).Reason);
    }

    [Fact]
    public async Task What_no_rule_allows_is_refused_and_the_publisher_is_told()
    {
        await using BrokerHost host = await StartAsync(new SecurityOptions
        {
            UsersFile = _users,
            Access = [new AccessRule { User = "*", Publish = ["sensors/%u/#"], Subscribe = ["commands/%u/#"] }],
        });
        using RawClient client = await OpenAsync(host, isLocal: true);
        await client.ConnectAsync("c", "pump-1", "right");
        await client.PublishAsync("sensors/pump-1/temp", "1", qos: 1, identifier: 1);
        await client.PublishAsync("sensors/pump-2/temp", "2", qos: 1, identifier: 2);
        await client.PublishAsync("sensors/pump-2/temp", "3", qos: 2, identifier: 3);
        await client.PublishAsync("sensors/pump-2/temp", "4");
        Assert.Equal(ReasonCode.Success, (await client.ReadAckAsync(PacketType.PubAck)).Reason);
        Assert.Equal(ReasonCode.NotAuthorized, (await client.ReadAckAsync(PacketType.PubAck)).Reason);
        Assert.Equal(ReasonCode.NotAuthorized, (await client.ReadAckAsync(PacketType.PubRec)).Reason);
        Assert.Equal(ReasonCode.Success, await client.SubscribeAsync("commands/pump-1/+"));
        Assert.Equal(ReasonCode.NotAuthorized, await client.SubscribeAsync("commands/#"));
        Assert.Equal(["sensors/pump-1/temp=1"], host.Ingress.Taken);
        Assert.Equal(3, host.Broker.Statistics.Dropped[DropReason.NotAuthorized]);
        Assert.Contains(host.LogLines, line => line.Contains("may not publish to 'sensors/pump-2/temp'", StringComparison.Ordinal));
        Assert.Contains(host.LogLines, line => line.Contains("may not subscribe to 'commands/#'", StringComparison.Ordinal));

        using RawClient old = await host.OpenAsync(ProtocolVersion.Mqtt311);
        await old.ConnectAsync("old", "pump-1", "right");
        Assert.Equal(ReasonCode.UnspecifiedError, await old.SubscribeAsync("#"));
        await old.PublishAsync("sensors/pump-2/temp", "5", qos: 1, identifier: 1);
        Assert.Null(await old.ReadAsync());
    }

    [Fact]
    public async Task A_will_needs_the_right_to_publish_it()
    {
        await using BrokerHost host = await StartAsync(new SecurityOptions { Access = [new AccessRule { Publish = ["wills/%c"] }] });
        using RawClient wrong = await OpenAsync(host, isLocal: true);
        Assert.Equal(ReasonCode.NotAuthorized, (await wrong.ConnectAsync("c", will: new Will("wills/d", [1], QualityOfService.AtMostOnce, false, null))).Reason);
        using RawClient right = await OpenAsync(host, isLocal: true);
        Assert.Equal(ReasonCode.Success, (await right.ConnectAsync("c", will: new Will("wills/c", [1], QualityOfService.AtMostOnce, false, null))).Reason);
    }

    [Fact]
    public async Task A_session_is_its_users()
    {
        await using BrokerHost host = await StartAsync(new SecurityOptions { UsersFile = _users });
        using (RawClient first = await host.OpenAsync(ProtocolVersion.Mqtt311))
        {
            await first.ConnectAsync("shared", "pump-1", "right", clean: false);
            using RawClient thief = await host.OpenAsync(ProtocolVersion.Mqtt311);
            Assert.Equal(ReasonCode.NotAuthorized, (await thief.ConnectAsync("shared", "pump-2", "right too", clean: false)).Reason);
            await first.PingAsync();
        }

        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 0, "the first one has left");
        using RawClient heir = await host.OpenAsync(ProtocolVersion.Mqtt311);
        Assert.False((await heir.ConnectAsync("shared", "pump-2", "right too", clean: false)).SessionPresent);
    }

    private static Task<BrokerHost> StartAsync(SecurityOptions security) =>
        BrokerHost.StartAsync(new MqttOptions { Security = security, Listen = ["tcp://127.0.0.1:0", "tcp://127.0.0.1:0?proxy"] });

    /// <summary>A client of this machine, or one that a proxy says is elsewhere.</summary>
    private static async Task<RawClient> OpenAsync(BrokerHost host, bool isLocal)
    {
        if (isLocal)
            return await host.OpenAsync();
        RawClient client = await RawClient.OpenAsync(new Uri(host.Broker.ListeningOn[1]).Port, ProtocolVersion.Mqtt50);
        await client.SendAsync("PROXY TCP4 203.0.113.9 198.51.100.1 40000 1883\r\n"u8.ToArray());
        return client;
    }

    private static async Task<ReasonCode> TryAsync(BrokerHost host, string password)
    {
        using RawClient client = await host.OpenAsync();
        return (await client.ConnectAsync("c", "pump-1", password)).Reason;
    }
}
