namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// So much a second, and a second's worth at once. What is taken beyond that is owed: the taker waits until it is made up for. Any thread.
/// </summary>
internal sealed class TokenBucket
{
    private readonly Lock _gate = new();
    private readonly double _perSecond;
    private readonly TimeProvider _time;
    private double _left;
    private long _filledAt;

    public TokenBucket(double perSecond, TimeProvider time)
    {
        _perSecond = perSecond;
        _time = time;
        _left = perSecond;
        _filledAt = time.GetTimestamp();
    }

    /// <summary>Takes; how long to wait before taking again, which is mostly no time.</summary>
    public TimeSpan Take(double amount)
    {
        lock (_gate)
        {
            long now = _time.GetTimestamp();
            _left = Math.Min(_perSecond, _left + (_time.GetElapsedTime(_filledAt, now).TotalSeconds * _perSecond)) - amount;
            _filledAt = now;
            return _left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_left / _perSecond);
        }
    }
}
