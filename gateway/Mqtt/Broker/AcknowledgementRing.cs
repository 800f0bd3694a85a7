using System.Buffers;
using System.Diagnostics;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// The PUBACKs and PUBRECs that a connection owes, in the order in which the messages arrived (MQTT 5.0 section 4.6). Completions come in
/// any order; <see cref="Drain"/> writes the completed ones from the head up to the first that is still open.
/// <para>Not thread-safe: its owner locks. A token is the position since the connection began, so a stale one is recognized.</para>
/// </summary>
internal sealed class AcknowledgementRing
{
    private const int FirstCapacity = 16;

    // Of a packet without its properties, with the longest fixed header.
    private const int AckBytes = 8;

    private Entry[] _entries = [];
    private long _head;
    private long _tail;

    /// <summary>Acknowledgements owed.</summary>
    public int Count => (int)(_tail - _head);

    /// <summary>The PUBACKs among them.</summary>
    public int PubAckCount { get; private set; }

    /// <summary>True when <see cref="Drain"/> has something to write.</summary>
    public bool IsHeadReady => _head < _tail && _entries[_head & (_entries.Length - 1)].IsComplete;

    /// <param name="packetIdentifier">The message's.</param>
    /// <param name="type">PUBACK or PUBREC.</param>
    /// <param name="hasSubscribers">Whether a subscriber gets it; says which success code is owed when no route takes it.</param>
    /// <returns>The token that <see cref="Complete"/> wants.</returns>
    public long Add(ushort packetIdentifier, PacketType type, bool hasSubscribers)
    {
        if (Count == _entries.Length)
            Grow();
        _entries[_tail & (_entries.Length - 1)] = new Entry
        {
            PacketIdentifier = packetIdentifier,
            Type = type,
            HasSubscribers = hasSubscribers,
        };
        if (type == PacketType.PubAck)
            PubAckCount++;
        return _tail++;
    }

    /// <summary>Notes a result.</summary>
    public void Complete(long token, IngressResult result)
    {
        Debug.Assert(token >= _head && token < _tail, "A message was completed twice.");
        if (token < _head || token >= _tail)
            return;
        ref Entry entry = ref _entries[token & (_entries.Length - 1)];
        entry.IsComplete = true;
        entry.Result = result;
    }

    /// <summary>
    /// Writes what is ready. In 3.1.1 there is no failing PUBACK: it stops before a failed message, which stays unacknowledged, and
    /// says so in <paramref name="failure"/>. The same is said, for the log, of a failure that was written.
    /// </summary>
    /// <param name="output">Where to.</param>
    /// <param name="version">The peer's.</param>
    /// <param name="failure">The last failure.</param>
    /// <param name="client">What a client is told of a failure; null for a peer that is a broker.</param>
    /// <returns>How many were written.</returns>
    public int Drain(IBufferWriter<byte> output, ProtocolVersion version, out IngressResult? failure, ClientLimits? client = null)
    {
        failure = null;
        int written = 0;
        while (IsHeadReady)
        {
            ref Entry entry = ref _entries[_head & (_entries.Length - 1)];
            if (entry.Result > IngressResult.NotRouted)
            {
                failure = entry.Result;
                if (version != ProtocolVersion.Mqtt50)
                    break;
            }
            new AckPacket(entry.Type, entry.PacketIdentifier, Reason(in entry), client?.Explain(Why(entry.Result), AckBytes)).Write(output, version);
            if (entry.Type == PacketType.PubAck)
                PubAckCount--;
            _head++;
            written++;
        }
        return written;
    }

    private static ReasonCode Reason(in Entry entry) => entry.Result switch
    {
        IngressResult.Stored => ReasonCode.Success,
        IngressResult.NotRouted => entry.HasSubscribers ? ReasonCode.Success : ReasonCode.NoMatchingSubscribers,
        IngressResult.NotAuthorized => ReasonCode.NotAuthorized,
        IngressResult.PayloadFormatInvalid => ReasonCode.PayloadFormatInvalid,
        IngressResult.QuotaExceeded => ReasonCode.QuotaExceeded,
        _ => ReasonCode.UnspecifiedError,
    };

    private static string? Why(IngressResult result) => result switch
    {
        IngressResult.Stored or IngressResult.NotRouted => null,
        IngressResult.NotAuthorized => "it may not publish to this topic",
        IngressResult.PayloadFormatInvalid => "its payload is not the UTF-8 that it says it is",
        IngressResult.QuotaExceeded => "there is no room to store it",
        _ => "it could not be stored",
    };

    private void Grow()
    {
        var grown = new Entry[Math.Max(FirstCapacity, _entries.Length * 2)];
        for (long i = _head; i < _tail; i++)
            grown[i & (grown.Length - 1)] = _entries[i & (_entries.Length - 1)];
        _entries = grown;
    }

    private struct Entry
    {
        public ushort PacketIdentifier;
        public PacketType Type;
        public IngressResult Result;
        public bool IsComplete;
        public bool HasSubscribers;
    }
}
