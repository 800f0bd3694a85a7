namespace Sluice.Gateway.Mqtt.Security;

/// <summary>
/// Peers that misbehave and are refused for a while, by their address. Bounded: when there are too many to remember, those whose last offence is oldest
/// are forgotten. Any thread.
/// </summary>
internal sealed class BanList(BanOptions options, TimeProvider time)
{
    /// <summary>Addresses remembered: a flood from more is not stopped by counting.</summary>
    private const int MostRemembered = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Record> _records = new(StringComparer.Ordinal);

    /// <summary>Addresses remembered now.</summary>
    public int Remembered => _records.Count;

    /// <summary>Whether a peer is refused now.</summary>
    public bool IsBanned(Peer peer)
    {
        if (options.After == 0 || peer.IsLocal)
            return false;
        lock (_gate)
        {
            return _records.TryGetValue(peer.Host, out Record? record) && IsBanned(record);
        }
    }

    /// <summary>Notes an offence; true when it leads to a ban.</summary>
    public bool NoteOffence(Peer peer)
    {
        if (options.After == 0 || peer.IsLocal)
            return false;
        lock (_gate)
        {
            long now = time.GetTimestamp();
            if (!_records.TryGetValue(peer.Host, out Record? record))
            {
                if (_records.Count >= MostRemembered)
                    ForgetOld();
                record = new Record { WindowStart = now };
                _records.Add(peer.Host, record);
            }
            if (IsBanned(record))
                return false;
            // Banned once and not now: that is over, and counting begins anew.
            if (record.BannedAt is not null || time.GetElapsedTime(record.WindowStart, now) > options.Within)
            {
                record.WindowStart = now;
                record.Offences = 0;
                record.BannedAt = null;
            }
            record.LastOffence = now;
            if (++record.Offences < options.After)
                return false;
            record.BannedAt = now;
            return true;
        }
    }

    private bool IsBanned(Record record) => record.BannedAt is { } at && time.GetElapsedTime(at) < options.For;

    // Half of them at once, so that it is seldom done.
    private void ForgetOld()
    {
        foreach (string host in _records.OrderBy(pair => pair.Value.LastOffence).Take(MostRemembered / 2).Select(pair => pair.Key).ToList())
            _records.Remove(host);
    }

    private sealed class Record
    {
        public long WindowStart { get; set; }

        public long LastOffence { get; set; }

        public int Offences { get; set; }

        public long? BannedAt { get; set; }
    }
}
