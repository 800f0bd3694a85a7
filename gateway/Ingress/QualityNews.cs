using Sluice.Sensors.Sampling;

namespace Sluice.Gateway.Ingress;

/// <summary>A sensor has another quality.</summary>
/// <param name="Quality">Which.</param>
/// <param name="Text">As it is stored.</param>
/// <param name="Reason">In words for the operator.</param>
/// <param name="At">Since when.</param>
internal readonly record struct QualityChange(SensorQuality Quality, string Text, string Reason, DateTimeOffset At);

/// <summary>
/// Tells the changes of a sensor's quality. A loose contact would fill log and table, so after <see cref="PerMinute"/> within a
/// minute the rest waits, and in the next minute it is told how the sensor then is. Any thread.
/// </summary>
internal sealed class QualityNews : IDisposable
{
    private const int PerMinute = 6;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Action<QualityChange, long> _tell;
    private readonly LogLimit _limit;
    private readonly ITimer _later;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private QualityChange? _waiting;
    private string _told = "";
    private bool _isDisposed;

    /// <param name="time">The clock.</param>
    /// <param name="tell">Takes what is told, and how many changes before it were not.</param>
    public QualityNews(TimeProvider time, Action<QualityChange, long> tell)
    {
        _tell = tell;
        _limit = new LogLimit(time, PerMinute);
        _later = time.CreateTimer(_ => TellWaiting(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Tells a change, or keeps it as the latest one.</summary>
    public void Add(QualityChange change)
    {
        lock (_gate)
        {
            if (_limit.Allows(out long others))
            {
                _waiting = null;
                Tell(change, others);
            }
            else
            {
                if (_waiting is null)
                {
                    _later.Change(Window, Timeout.InfiniteTimeSpan);
                }

                _waiting = change;
            }
        }
    }

    /// <summary>What waits is told now.</summary>
    public void Dispose()
    {
        TellWaiting();
        lock (_gate)
        {
            _isDisposed = true;
        }

        _later.Dispose();
    }

    private void TellWaiting()
    {
        lock (_gate)
        {
            if (_waiting is { } change && !_isDisposed)
            {
                _waiting = null;
                _limit.Allows(out long others);
                if (change.Text != _told)
                {
                    // It is one of those that were kept back.
                    Tell(change, others - 1);
                }
            }
        }
    }

    private void Tell(QualityChange change, long others)
    {
        _told = change.Text;
        _tell(change, others);
    }
}
