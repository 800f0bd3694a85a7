using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// What a session leaves when it ends: rows to delete, and messages of shares that go to other members (MQTT 5.0 section 4.8.2): in QoS 1 and 2 those that were
/// not sent, and in QoS 1 those that were not acknowledged. Both are one transaction, so that a crash leaves a message with either. What nobody takes is
/// counted as dropped. A message that only the database holds goes to a member that has rows, too: there it changes its owner.
/// <para>Filled by who ends the session, then only read.</para>
/// </summary>
internal sealed class Legacy(BrokerCore core)
{
    private readonly Dictionary<string, ShareMatch?> _shares = new(StringComparer.Ordinal);
    private readonly List<(Session Heir, QueuedDelivery Place)> _places = [];

    /// <summary>What is to be written. It may be written again and again.</summary>
    public RowChanges Rows { get; } = new();

    /// <summary>Gives a message to one who shares its filter, at once where neither of the two has rows.</summary>
    /// <param name="left">Its place in the session that is over.</param>
    /// <param name="from">That session.</param>
    public void HandOn(QueuedDelivery left, long from)
    {
        string filter = left.Share!;
        if (!_shares.TryGetValue(filter, out ShareMatch? share))
            _shares.Add(filter, share = core.Subscriptions.FindShare(filter));
        if (left.Message is not { } message)
        {
            Move(left, from, share);
            return;
        }
        if (share?.Deliver(message) is not var (heir, delivery))
        {
            core.Counters.Dropped(DropReason.SessionEnded);
            return;
        }
        DeliveryState state = left.IsStored || heir.IsStored ? DeliveryState.Pending : DeliveryState.Ready;
        if (heir.Offer(delivery, state, Rows) is { } place && state == DeliveryState.Pending)
            _places.Add((heir, place));
    }

    private void Move(QueuedDelivery left, long from, ShareMatch? share)
    {
        if (share?.ChooseStored() is not { } heir)
            core.Counters.Dropped(DropReason.SessionEnded);
        else if (heir.Session.Adopt(left, from, heir, Rows) is { } place)
            _places.Add((heir.Session, place));
    }

    /// <summary>The rows are durable: the heirs may have their messages.</summary>
    public void Settle()
    {
        foreach ((Session heir, QueuedDelivery place) in _places)
            heir.Settle(place, isDurable: true);
    }
}
