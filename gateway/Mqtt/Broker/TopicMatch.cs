using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>Whom the messages on a topic go to: to each of the sessions, and to one of each share. Shared by all: do not write to the arrays.</summary>
internal sealed record TopicMatch(SubscriberMatch[] Sessions, ShareMatch[] Shares)
{
    public static TopicMatch None { get; } = new([], []);

    public bool IsEmpty => Sessions.Length + Shares.Length == 0;

    /// <summary>What each session gets of a message, one of each share.</summary>
    public IEnumerable<(Session Session, Delivery Delivery)> Deliveries(PublishedMessage message)
    {
        foreach (SubscriberMatch match in Sessions)
        {
            if (match.Deliver(message) is { } delivery)
                yield return (match.Session, delivery);
        }
        foreach (ShareMatch share in Shares)
        {
            if (share.Deliver(message) is { } chosen)
                yield return chosen;
        }
    }
}

/// <summary>Whose turn it is in a share. Any thread.</summary>
internal sealed class ShareTurn
{
    private int _turns;

    public int Next() => Interlocked.Increment(ref _turns) & int.MaxValue;
}

/// <summary>
/// Subscriptions that share a filter: each message goes to one of them (MQTT 5.0 section 4.8.2). What becomes of it when that one's session ends is the
/// <see cref="Legacy"/>'s.
/// </summary>
internal readonly record struct ShareMatch(Subscription[] Members, ShareTurn Turn)
{
    /// <summary>Who gets a message, and what of it; null when nobody does.</summary>
    public (Session Session, Delivery Delivery)? Deliver(PublishedMessage message)
    {
        return Choose() is { } chosen && new SubscriberMatch(chosen.Session, chosen, []).Deliver(message) is { } delivery
            ? (chosen.Session, delivery with { Share = chosen.Request.Filter })
            : null;
    }

    /// <summary>Who gets a message that only the database holds: one whose session has rows; null when there is none.</summary>
    public Subscription? ChooseStored() =>
        new ShareMatch(Array.FindAll(Members, member => member.Session.IsStored && member.Request.MaximumQoS != QualityOfService.AtMostOnce), Turn).Choose();

    /// <summary>The next one in turn that can be sent a message now; when none can, whose client is there; when none is, the next one. Null without members.</summary>
    private Subscription? Choose()
    {
        int turn = Turn.Next();
        Subscription? present = null;
        for (int i = 0; i < Members.Length; i++)
        {
            Subscription member = Members[(turn + i) % Members.Length];
            if (member.Session.CanSend)
                return member;
            if (present is null && member.Session.Connection is not null)
                present = member;
        }
        return present ?? (Members.Length > 0 ? Members[turn % Members.Length] : null);
    }
}
