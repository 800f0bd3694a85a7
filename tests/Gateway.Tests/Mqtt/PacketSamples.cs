using System.Buffers;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>At least one packet of every type in every version, with every property, as bytes of our own writers.</summary>
internal static class PacketSamples
{
    public static IEnumerable<(string Name, ProtocolVersion Version, byte[] Bytes)> All()
    {
        foreach (ProtocolVersion version in (ProtocolVersion[])[ProtocolVersion.Mqtt31, ProtocolVersion.Mqtt311, ProtocolVersion.Mqtt50])
        {
            bool v5 = version == ProtocolVersion.Mqtt50;
            yield return Sample("connect bare", version, o => new ConnectPacket { Version = version, ClientId = "c", CleanStart = true }.Write(o));
            yield return Sample("connect full", version, o => FullConnect(version).Write(o));
            yield return Sample("connack", version, o => new ConnAckPacket(version != ProtocolVersion.Mqtt31, ReasonCode.Success, v5 ? ConnAckProperties() : null).Write(o, version));
            yield return Sample("connack refused", version, o => new ConnAckPacket(false, ReasonCode.NotAuthorized).Write(o, version));
            yield return Sample("publish 0", version, o => Publish(0, v5, "hello"u8).Write(o, version));
            yield return Sample("publish 1", version, o => Publish(1, v5, "21.5"u8).Write(o, version));
            yield return Sample("publish 2 empty", version, o => Publish(2, v5, default).Write(o, version));
            yield return Sample("publish long", version, o => Publish(1, v5, new byte[300]).Write(o, version));
            foreach (PacketType type in (PacketType[])[PacketType.PubAck, PacketType.PubRec, PacketType.PubRel, PacketType.PubComp])
            {
                yield return Sample($"{type} short", version, o => new AckPacket(type, 0x1234).Write(o, version));
                ReasonCode reason = type is PacketType.PubAck or PacketType.PubRec ? ReasonCode.QuotaExceeded : ReasonCode.PacketIdentifierNotFound;
                if (v5)
                    yield return Sample($"{type} full", version, o => new AckPacket(type, 7, reason, Reasoned()).Write(o, version));
            }
            yield return Sample("subscribe", version, o => Subscribe(v5).Write(o, version));
            yield return Sample("suback", version, o => new SubAckPacket(PacketType.SubAck, 9, [ReasonCode.GrantedQoS1, ReasonCode.UnspecifiedError], v5 ? Reasoned() : null).Write(o, version));
            yield return Sample("unsubscribe", version, o => new UnsubscribePacket(9, ["a/+/c", "#"], v5 ? Users() : null).Write(o, version));
            yield return Sample("unsuback", version, o => new SubAckPacket(PacketType.UnsubAck, 9, v5 ? [ReasonCode.Success, ReasonCode.NoSubscriptionExisted] : []).Write(o, version));
            yield return Sample("pingreq", version, o => PingPacket.Write(o, PacketType.PingReq));
            yield return Sample("pingresp", version, o => PingPacket.Write(o, PacketType.PingResp));
            yield return Sample("disconnect", version, o => new DisconnectPacket().Write(o, version));
            if (!v5)
                continue;
            var leaving = new PropertySet { SessionExpiryInterval = 5, ServerReference = "elsewhere", ReasonString = "why" };
            yield return Sample("disconnect full", version, o => new DisconnectPacket(ReasonCode.DisconnectWithWill, leaving).Write(o, version));
            yield return Sample("auth", version, o => new AuthPacket().Write(o));
            var proof = new PropertySet { AuthenticationMethod = "SCRAM", AuthenticationData = [1, 2, 0] };
            yield return Sample("auth full", version, o => new AuthPacket(ReasonCode.ContinueAuthentication, proof).Write(o));
        }
    }

    /// <summary>Cuts the packet out of its bytes, parses it and writes it again.</summary>
    public static byte[] Rewrite(ReadOnlySequence<byte> bytes, ProtocolVersion version)
    {
        if (!PacketHeader.TryRead(ref bytes, int.MaxValue, out PacketHeader header, out ReadOnlySequence<byte> sequence))
            throw new InvalidDataException("the packet is not whole");
        byte[] body = sequence.ToArray();
        var output = new ArrayBufferWriter<byte>();
        switch (header.Type)
        {
            case PacketType.Connect: ConnectPacket.Parse(body, header.Flags).Write(output); break;
            case PacketType.ConnAck: ConnAckPacket.Parse(body, version).Write(output, version); break;
            case PacketType.Publish: PublishPacket.Parse(body, header.Flags, version).Write(output, version); break;
            case PacketType.Subscribe: SubscribePacket.Parse(body, version).Write(output, version); break;
            case PacketType.SubAck or PacketType.UnsubAck: SubAckPacket.Parse(body, header.Type, version).Write(output, version); break;
            case PacketType.Unsubscribe: UnsubscribePacket.Parse(body, version).Write(output, version); break;
            case PacketType.PingReq or PacketType.PingResp:
                PingPacket.Parse(body, header.Type);
                PingPacket.Write(output, header.Type);
                break;
            case PacketType.Disconnect: DisconnectPacket.Parse(body, version).Write(output, version); break;
            case PacketType.Auth: AuthPacket.Parse(body, version).Write(output); break;
            default: AckPacket.Parse(body, header.Type, version).Write(output, version); break;
        }
        return output.WrittenSpan.ToArray();
    }

    public static byte[] Bytes(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }

    private static (string, ProtocolVersion, byte[]) Sample(string name, ProtocolVersion version, Action<IBufferWriter<byte>> write) =>
        (name, version, Bytes(write));

    private static ConnectPacket FullConnect(ProtocolVersion version)
    {
        bool v5 = version == ProtocolVersion.Mqtt50;
        var will = new PropertySet
        {
            WillDelayInterval = 3,
            PayloadFormatIndicator = 1,
            MessageExpiryInterval = 60,
            ContentType = "text/plain",
            ResponseTopic = "reply/here",
            CorrelationData = [0, 255],
        };
        var properties = new PropertySet
        {
            SessionExpiryInterval = 100,
            ReceiveMaximum = 10,
            MaximumPacketSize = 1000,
            TopicAliasMaximum = 5,
            RequestResponseInformation = 1,
            RequestProblemInformation = 0,
            AuthenticationMethod = "PLAIN",
            AuthenticationData = [9],
        };
        properties.UserProperties.Add(new("ключ", "значение"));
        properties.UserProperties.Add(new("", ""));
        return new ConnectPacket
        {
            Version = version,
            ClientId = "device-ü-1",
            KeepAlive = 65535,
            Will = new Will("will/topic", [1, 2, 3], QualityOfService.AtLeastOnce, true, v5 ? will : null),
            UserName = "user",
            Password = [0, 1, 2],
            Properties = v5 ? properties : null,
        };
    }

    private static PropertySet ConnAckProperties() => new()
    {
        SessionExpiryInterval = 1,
        AssignedClientIdentifier = "auto",
        ServerKeepAlive = 30,
        AuthenticationMethod = "x",
        AuthenticationData = [1],
        ResponseInformation = "r",
        ServerReference = "s",
        ReasonString = "t",
        ReceiveMaximum = 1024,
        TopicAliasMaximum = 2,
        MaximumQoS = 1,
        RetainAvailable = 0,
        MaximumPacketSize = 5000,
        WildcardSubscriptionAvailable = 1,
        SubscriptionIdentifierAvailable = 1,
        SharedSubscriptionAvailable = 0,
    };

    private static PublishPacket Publish(int qos, bool v5, ReadOnlySpan<byte> payload)
    {
        var set = new PropertySet
        {
            PayloadFormatIndicator = 1,
            MessageExpiryInterval = 10,
            TopicAlias = 2,
            ResponseTopic = "a/b",
            CorrelationData = [1, 2],
            ContentType = "json",
        };
        set.SubscriptionIdentifiers.Add(1);
        set.SubscriptionIdentifiers.Add(268_435_455);
        set.UserProperties.Add(new("k", "v"));
        return new PublishPacket
        {
            QualityOfService = (QualityOfService)qos,
            Duplicate = qos > 0,
            Retain = qos == 1,
            Topic = "sensors/pump-1/temp"u8,
            PacketIdentifier = (ushort)(qos == 0 ? 0 : 77),
            Properties = v5 ? PublishPacket.EncodeProperties(set) : [],
            Payload = payload,
        };
    }

    private static SubscribePacket Subscribe(bool v5)
    {
        if (!v5)
            return new SubscribePacket(9, [new("a/b", QualityOfService.ExactlyOnce), new("+/#", QualityOfService.AtMostOnce)]);
        PropertySet properties = Users();
        properties.SubscriptionIdentifiers.Add(200);
        return new SubscribePacket(
            9,
            [
                new("a/b", QualityOfService.ExactlyOnce, NoLocal: true, RetainAsPublished: true, RetainHandling.SendIfNew),
                new("$share/group/x/+", QualityOfService.AtLeastOnce, RetainHandling: RetainHandling.DoNotSend),
            ],
            properties);
    }

    private static PropertySet Reasoned()
    {
        PropertySet set = Users();
        set.ReasonString = "because";
        return set;
    }

    private static PropertySet Users()
    {
        var set = new PropertySet();
        set.UserProperties.Add(new("name", "value"));
        return set;
    }
}
