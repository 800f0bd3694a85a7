using System.Buffers;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>The will of a CONNECT (MQTT 5.0 section 3.1.3.2 to 3.1.3.4).</summary>
public sealed record Will(string Topic, byte[] Payload, QualityOfService QualityOfService, bool Retain, PropertySet? Properties);

/// <summary>CONNECT (MQTT 5.0 section 3.1; 3.1.1 section 3.1; 3.1 "CONNECT").</summary>
public sealed record ConnectPacket
{
    // Connect Flags, section 3.1.2.3.
    private const int UserNameFlag = 0x80;
    private const int PasswordFlag = 0x40;
    private const int WillRetainFlag = 0x20;
    private const int WillQoSMask = 0x18;
    private const int WillFlag = 0x04;
    private const int CleanStartFlag = 0x02;
    private const int ReservedFlag = 0x01;

    // Of the protocol level; in no specification. Mosquitto's bridges set it (their try_private).
    private const int BridgeBit = 0x80;

    public required ProtocolVersion Version { get; init; }

    /// <summary>A Mosquitto bridge in 3.1.1 or 3.1 says that it is one: what it published itself is not for it, and RETAIN is as it was published.</summary>
    public bool IsBridge { get; init; }

    /// <summary>Clean Start (5.0) or Clean Session (3.1.1).</summary>
    public bool CleanStart { get; init; }

    /// <summary>Seconds; 0 switches keep alive off.</summary>
    public ushort KeepAlive { get; init; }

    /// <summary>May be empty.</summary>
    public required string ClientId { get; init; }

    public Will? Will { get; init; }

    public string? UserName { get; init; }

    public byte[]? Password { get; init; }

    /// <summary>Null in 3.1.1.</summary>
    public PropertySet? Properties { get; init; }

    /// <summary>
    /// The protocol level that a CONNECT asks for, whether supported or not; null when the body is none of MQTT's. So a
    /// refusal can be written in the peer's own version.
    /// </summary>
    public static byte? PeekLevel(ReadOnlySpan<byte> body)
    {
        if (body.StartsWith("\0\u0004MQTT"u8) && body.Length > 6)
            return (byte)(body[6] & ~BridgeBit);
        if (body.StartsWith("\0\u0006MQIsdp"u8) && body.Length > 8)
            return (byte)(body[8] & ~BridgeBit);
        return null;
    }

    /// <summary>Reads the body of a CONNECT.</summary>
    public static ConnectPacket Parse(ReadOnlySpan<byte> body, byte headerFlags)
    {
        var reader = new PacketReader(body, PacketType.Connect);
        ProtocolVersion version = ReadVersion(ref reader, out bool isBridge);
        byte flags = reader.ReadByte("connect flags");
        ValidateFlags(flags, headerFlags, version);
        ushort keepAlive = reader.ReadUInt16("keep alive");
        PropertySet? properties = null;
        if (version == ProtocolVersion.Mqtt50)
        {
            properties = PropertySet.Parse(reader.ReadPropertyBlock(), PacketType.Connect);
            if (properties.AuthenticationData is not null && properties.AuthenticationMethod is null)
                throw MqttProtocolException.Protocol("3.1.2.11.10", "CONNECT with authentication data but no authentication method");
        }
        string clientId = reader.ReadString("client identifier");
        Will? will = (flags & WillFlag) != 0 ? ReadWill(ref reader, flags, version) : null;
        string? userName = (flags & UserNameFlag) != 0 ? reader.ReadString("user name") : null;
        byte[]? password = (flags & PasswordFlag) != 0 ? reader.ReadBinary("password").ToArray() : null;
        reader.ExpectEnd();
        return new ConnectPacket
        {
            Version = version,
            IsBridge = isBridge,
            CleanStart = (flags & CleanStartFlag) != 0,
            KeepAlive = keepAlive,
            ClientId = clientId,
            Will = will,
            UserName = userName,
            Password = password,
            Properties = properties,
        };
    }

    private static ProtocolVersion ReadVersion(ref PacketReader reader, out bool isBridge)
    {
        ReadOnlySpan<byte> name = reader.ReadUtf8("protocol name");
        byte level = reader.ReadByte("protocol level");
        bool old = name.SequenceEqual("MQIsdp"u8);
        if (!old && !name.SequenceEqual("MQTT"u8))
            throw new MqttProtocolException(ReasonCode.UnsupportedProtocolVersion, "3.1.2.1", "the protocol name is not MQTT");
        bool supported = old ? level == 3 : level is 4 or 5;
        isBridge = level == (BridgeBit | (old ? 3 : 4));
        if (isBridge)
            return (ProtocolVersion)(level & ~BridgeBit);
        if (!supported)
            throw new MqttProtocolException(ReasonCode.UnsupportedProtocolVersion, "3.1.2.2", $"protocol level {level} is not supported");
        return (ProtocolVersion)level;
    }

    private static void ValidateFlags(byte flags, byte headerFlags, ProtocolVersion version)
    {
        // 3.1 leaves the reserved bits open ("bits 3 to 0 of CONNECT are not used").
        if (version != ProtocolVersion.Mqtt31)
        {
            if (headerFlags != 0)
                throw MqttProtocolException.Malformed("2.1.3", $"Connect with flags {headerFlags:X}, must be 0");
            if ((flags & ReservedFlag) != 0)
                throw MqttProtocolException.Malformed("3.1.2.3", "the reserved connect flag is set");
        }
        if ((flags & WillFlag) == 0)
        {
            if ((flags & (WillQoSMask | WillRetainFlag)) != 0)
                throw MqttProtocolException.Malformed("3.1.2.6", "will QoS or will retain without a will");
        }
        else if ((flags & WillQoSMask) == WillQoSMask)
        {
            throw MqttProtocolException.Malformed("3.1.2.6", "will QoS 3");
        }
        if (version != ProtocolVersion.Mqtt50 && (flags & PasswordFlag) != 0 && (flags & UserNameFlag) == 0)
            throw MqttProtocolException.Malformed("3.1.1:3.1.2.9", "a password without a user name");
    }

    private static Will ReadWill(ref PacketReader reader, byte flags, ProtocolVersion version)
    {
        PropertySet? properties = version == ProtocolVersion.Mqtt50
            ? PropertySet.Parse(reader.ReadPropertyBlock(), PropertyTable.Will)
            : null;
        ReadOnlySpan<byte> topic = reader.ReadUtf8("will topic");
        TopicRules.ValidateName(topic, "will topic");
        return new Will(
            System.Text.Encoding.UTF8.GetString(topic),
            reader.ReadBinary("will payload").ToArray(),
            (QualityOfService)((flags & WillQoSMask) >> 3),
            (flags & WillRetainFlag) != 0,
            properties);
    }

    /// <summary>Writes the whole packet.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        string name = Version == ProtocolVersion.Mqtt31 ? "MQIsdp" : "MQTT";
        bool v5 = Version == ProtocolVersion.Mqtt50;
        int size = PacketWriter.StringSize(name) + 4 + PacketWriter.StringSize(ClientId)
            + (v5 ? PropertySet.SizeWithLength(Properties) : 0)
            + (UserName is null ? 0 : PacketWriter.StringSize(UserName))
            + (Password is null ? 0 : 2 + Password.Length);
        int flags = (CleanStart ? CleanStartFlag : 0) | (UserName is null ? 0 : UserNameFlag) | (Password is null ? 0 : PasswordFlag);
        if (Will is not null)
        {
            flags |= WillFlag | ((int)Will.QualityOfService << 3) | (Will.Retain ? WillRetainFlag : 0);
            size += PacketWriter.StringSize(Will.Topic) + 2 + Will.Payload.Length + (v5 ? PropertySet.SizeWithLength(Will.Properties) : 0);
        }
        PacketWriter writer = PacketWriter.Begin(output, PacketType.Connect, 0, size);
        writer.WriteString(name);
        writer.WriteByte((byte)((int)Version | (IsBridge ? BridgeBit : 0)));
        writer.WriteByte((byte)flags);
        writer.WriteUInt16(KeepAlive);
        if (v5)
            PropertySet.WriteWithLength(ref writer, Properties);
        writer.WriteString(ClientId);
        if (Will is not null)
        {
            if (v5)
                PropertySet.WriteWithLength(ref writer, Will.Properties);
            writer.WriteString(Will.Topic);
            writer.WriteBinary(Will.Payload);
        }
        if (UserName is not null)
            writer.WriteString(UserName);
        if (Password is not null)
            writer.WriteBinary(Password);
        writer.End();
    }
}
