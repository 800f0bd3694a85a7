using System.Text;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>
/// Walks a property block and validates it (MQTT 5.0 section 2.2.2): known identifiers only, only those that may stand in the
/// packet, each once where it may not repeat, values within their ranges. Allocates nothing.
/// </summary>
internal ref struct PropertyReader
{
    private PacketReader _reader;
    private readonly PacketType _place;
    private ulong _seen;

    /// <param name="block">The block without its length.</param>
    /// <param name="place">The packet, or <see cref="PropertyTable.Will"/>.</param>
    public PropertyReader(ReadOnlySpan<byte> block, PacketType place)
    {
        _reader = new PacketReader(block, place == PropertyTable.Will ? PacketType.Connect : place);
        _place = place;
    }

    /// <summary>The property read last.</summary>
    public PropertyId Id { get; private set; }

    /// <summary>Offset in the block where the property read last begins.</summary>
    public int Start { get; private set; }

    /// <summary>Offset in the block after the property read last.</summary>
    public readonly int End => _reader.Position;

    /// <summary>The value of a Byte, Two Byte, Four Byte or Variable Byte Integer.</summary>
    public uint Number { get; private set; }

    /// <summary>The value of a string or of binary data, or the name of a user property.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The value of a user property.</summary>
    public ReadOnlySpan<byte> PairValue { get; private set; }

    /// <summary>Reads the next property; false at the end of the block.</summary>
    public bool Read()
    {
        if (_reader.IsAtEnd)
            return false;
        Start = _reader.Position;
        uint id = _reader.ReadVariable("property identifier");
        PropertyType type = PropertyTable.TypeOf(id);
        if (type == PropertyType.Unknown)
            throw MqttProtocolException.Malformed("2.2.2.2", $"property 0x{id:X2} does not exist");
        Id = (PropertyId)id;
        ReadValue(type);
        if (!PropertyTable.IsAllowed(Id, _place))
            throw MqttProtocolException.Malformed("2.2.2.2", $"property {Id} does not belong in {PlaceName}");
        ulong bit = 1UL << (int)id;
        if ((_seen & bit) != 0 && !PropertyTable.MayRepeat(Id, _place))
            throw MqttProtocolException.Protocol("2.2.2.2", $"property {Id} is twice in {PlaceName}");
        _seen |= bit;
        CheckRange();
        return true;
    }

    private readonly string PlaceName => _place == PropertyTable.Will ? "the will of CONNECT" : _place.ToString();

    private void ReadValue(PropertyType type)
    {
        switch (type)
        {
            case PropertyType.Byte:
                Number = _reader.ReadByte("property value");
                break;
            case PropertyType.UInt16:
                Number = _reader.ReadUInt16("property value");
                break;
            case PropertyType.UInt32:
                Number = _reader.ReadUInt32("property value");
                break;
            case PropertyType.Variable:
                Number = _reader.ReadVariable("property value");
                break;
            case PropertyType.Text:
                Bytes = _reader.ReadUtf8("property value");
                break;
            case PropertyType.Binary:
                Bytes = _reader.ReadBinary("property value");
                break;
            default:
                Bytes = _reader.ReadUtf8("user property name");
                PairValue = _reader.ReadUtf8("user property value");
                break;
        }
    }

    private readonly void CheckRange()
    {
        switch (Id)
        {
            // Sections 3.1.2.11.6, 3.1.2.11.7, 3.2.2.3.4, .5, .11, .12, .13 and 3.3.2.3.2: a byte that is 0 or 1.
            case PropertyId.PayloadFormatIndicator or PropertyId.RequestProblemInformation or PropertyId.RequestResponseInformation
                or PropertyId.MaximumQoS or PropertyId.RetainAvailable or PropertyId.WildcardSubscriptionAvailable
                or PropertyId.SubscriptionIdentifierAvailable or PropertyId.SharedSubscriptionAvailable when Number > 1:
                throw MqttProtocolException.Protocol("2.2.2.2", $"property {Id} is {Number}, must be 0 or 1");
            // Sections 3.1.2.11.3, 3.1.2.11.4, 3.8.2.1.2: never 0.
            case PropertyId.ReceiveMaximum or PropertyId.MaximumPacketSize or PropertyId.SubscriptionIdentifier when Number == 0:
                throw MqttProtocolException.Protocol("2.2.2.2", $"property {Id} is 0");
            // Section 3.3.2.3.4.
            case PropertyId.TopicAlias when Number == 0:
                throw new MqttProtocolException(ReasonCode.TopicAliasInvalid, "3.3.2.3.4", "topic alias 0 is not permitted");
            // Section 3.3.2.3.5.
            case PropertyId.ResponseTopic:
                TopicRules.ValidateName(Bytes, "response topic");
                break;
        }
    }

    /// <summary><see cref="Bytes"/> as text.</summary>
    public readonly string Text() => Encoding.UTF8.GetString(Bytes);
}
