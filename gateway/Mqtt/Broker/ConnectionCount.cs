namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>How many connections are open, in all and from each address, and whether another one may be. Any thread.</summary>
internal sealed class ConnectionCount(MqttOptions options)
{
    /// <summary>Connections past a limit that may be open at a time, to be told so.</summary>
    private const int MaximumTurningAway = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byHost = new(StringComparer.Ordinal);
    private int _open;
    private int _turningAway;

    /// <summary>Counts a connection that is to be told that there are too many; false when it cannot even be told.</summary>
    public bool TryTurnAway()
    {
        if (Interlocked.Increment(ref _turningAway) <= MaximumTurningAway)
            return true;
        TurnedAway();
        return false;
    }

    public void TurnedAway() => Interlocked.Decrement(ref _turningAway);

    /// <summary>Counts a connection; false when that would be too many.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _open) <= options.MaximumConnections)
            return true;
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _open);

    /// <summary>Counts a connection of an address; false when that would be too many.</summary>
    public bool TryEnter(string host)
    {
        if (options.MaximumConnectionsPerAddress == 0)
            return true;
        lock (_gate)
        {
            int count = _byHost.GetValueOrDefault(host);
            if (count >= options.MaximumConnectionsPerAddress)
                return false;
            _byHost[host] = count + 1;
            return true;
        }
    }

    public void Leave(string host)
    {
        if (options.MaximumConnectionsPerAddress == 0)
            return;
        lock (_gate)
        {
            int count = _byHost[host] - 1;
            if (count == 0)
                _byHost.Remove(host);
            else
                _byHost[host] = count;
        }
    }
}
