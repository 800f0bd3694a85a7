using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.State;

/// <summary>What the broker's tables held when it started. Times are microseconds since the Unix epoch.</summary>
internal sealed record SavedState(
    IReadOnlyList<SavedSession> Sessions,
    ILookup<long, SavedSubscription> Subscriptions,
    ILookup<long, SavedPlace> Queued,
    ILookup<long, ushort> Received,
    IReadOnlyList<SavedRetained> Retained,
    ILookup<string, ushort> SourceReceived,
    ILookup<string, string> SourceFilters);

/// <param name="Id">Of its rows.</param>
/// <param name="ClientId">The client's.</param>
/// <param name="User">Whose it is.</param>
/// <param name="ExpirySeconds">The Session Expiry Interval.</param>
/// <param name="ExpiresUs">When it ends; null when its client was connected.</param>
/// <param name="Sent">Messages up to this number may have been sent.</param>
/// <param name="Will">Not published yet.</param>
/// <param name="WillDueUs">When the will is due; null when its client was connected.</param>
internal sealed record SavedSession(long Id, string ClientId, string? User, uint ExpirySeconds, long? ExpiresUs, long Sent, Will? Will, long? WillDueUs);

internal sealed record SavedSubscription(SubscriptionRequest Request, uint Identifier);

/// <summary>A queued message, but for the message itself; the share is the filter of its shared subscription.</summary>
internal sealed record SavedPlace(long Number, QualityOfService QualityOfService, int Bytes, bool IsReleased, string? Share);

/// <summary>A message as a row holds it; the identifiers are those of subscriptions.</summary>
internal sealed record SavedMessage(string Topic, byte[] Payload, QualityOfService QualityOfService, bool Retain, byte[] Properties, uint[]? Identifiers, long? ExpiresUs);

internal sealed record SavedRetained(SavedMessage Message, long Version, string? Publisher);
