using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>How long a connection may be silent, and how much memory the begin of a packet may take.</summary>
internal sealed partial class Connection
{
    // Of the read loop.
    private (UnfinishedBytes In, long Bytes)? _unfinished;

    // Shared. When the first byte of the packet came that has not come whole; 0 without one.
    private long _unfinishedSinceMs;
    private int _isTimedOut;

    /// <summary>Closes the connection if one of its deadlines has passed. Called by the broker's clock.</summary>
    public void CheckDeadlines(long nowMs)
    {
        long sendTimeoutMs = (long)_core.Options.SendTimeout.TotalMilliseconds;
        if (nowMs - Output.WritingSinceMs > sendTimeoutMs)
        {
            if (TimeOut(CloseReason.NotReading))
                NoteClosed("it does not read what is sent to it", ReasonCode.UnspecifiedError);
            Abort();
        }
        else if (Session is null)
        {
            if (nowMs - _openedMs <= (long)_core.Options.ConnectTimeout.TotalMilliseconds)
                return;
            if (TimeOut(CloseReason.ConnectTimeout) && _core.LogLimits.ConnectTimedOut.Allows(out long others))
                MqttLog.ConnectTimedOut(_core.Log, Address, _core.Options.ConnectTimeout.TotalSeconds, others);
            Abort();
        }
        else if (_keepAliveMs > 0 && !_holdingReader && nowMs - Volatile.Read(ref _lastReceivedMs) > _keepAliveMs)
        {
            TimeOut(CloseReason.KeepAlive);
            RequestClose(ReasonCode.KeepAliveTimeout, "nothing came for one and a half times its keep alive");
        }
        else if (!_holdingReader && Volatile.Read(ref _unfinishedSinceMs) is > 0 and var sinceMs && nowMs - sinceMs > (long)_core.Options.PacketTimeout.TotalMilliseconds)
        {
            TimeOut(CloseReason.PacketTimeout);
            RequestClose(ReasonCode.QuotaExceeded, "a packet has not come whole in time");
        }
        else if (Volatile.Read(ref _identityEndsUs) is var endsUs && endsUs != long.MaxValue && _core.UtcUs >= endsUs)
        {
            // Section 3.14.2.1, 0xA0: the time authorized for this connection.
            RequestClose(ReasonCode.MaximumConnectTime, "its token has expired");
        }
    }

    private void NoteClosed(string why, ReasonCode reason)
    {
        if (_core.LogLimits.Closed.Allows(out long others))
            MqttLog.Closed(_core.Log, ClientId, Address, why, reason, others);
    }

    // Counts it the first time: until it has ended it is looked at again and again. Who is told to go for another reason is not counted.
    private bool TimeOut(CloseReason reason)
    {
        if (Volatile.Read(ref _closeRequest) is not null || Interlocked.Exchange(ref _isTimedOut, 1) != 0)
            return false;
        _core.Counters.Closed(reason);
        return true;
    }

    // The begin of a packet stays in memory until its rest comes.
    private void HoldUnfinished(long bytes, bool isNew)
    {
        if (bytes == 0)
            Volatile.Write(ref _unfinishedSinceMs, 0);
        else if (isNew || _unfinishedSinceMs == 0)
            Volatile.Write(ref _unfinishedSinceMs, _core.NowMs);
        if (bytes <= ReadBytes && _unfinished is null)
            return;
        ReleaseUnfinished();
        if (bytes <= ReadBytes)
            return;
        bool isStranger = _session is null;
        UnfinishedBytes all = isStranger ? _core.UnfinishedConnects : _core.Unfinished;
        if (!all.TryHold(bytes))
        {
            _core.Counters.Closed(CloseReason.UnfinishedBytes);
            throw new MqttProtocolException(
                isStranger ? ReasonCode.ServerBusy : ReasonCode.QuotaExceeded, "4.13.2", "packets that have not come whole take all the memory that there is for them");
        }
        _unfinished = (all, bytes);
    }

    private void ReleaseUnfinished()
    {
        _unfinished?.In.Release(_unfinished.Value.Bytes);
        _unfinished = null;
    }
}
