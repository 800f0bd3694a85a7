namespace Sluice.Gateway.Status;

/// <summary>
/// Looks at the counters once a second and keeps what the page shows as rates: the last second's, five minutes of readings a
/// second, and a minute of commit latencies.
/// </summary>
public sealed class RateSampler : IAsyncDisposable
{
    /// <summary>Five minutes, one figure a second.</summary>
    public const int HistoryLength = 300;

    /// <summary>Latencies are of one minute.</summary>
    private const int LatencyWindow = 60;

    private readonly GatewayCounters _counters;
    private readonly Func<(long MessagesIn, long Commits)> _outside;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();

    // All under the lock.
    private readonly Queue<double> _history = new();
    private readonly Queue<long[]> _latencies = new();
    private (long Readings, long Messages, long Commits, long At) _last;
    private (double Readings, double Messages, double Commits) _rates;

    /// <param name="counters">The gateway's.</param>
    /// <param name="outside">Messages of the broker and commits of the engine.</param>
    /// <param name="time">The clock.</param>
    public RateSampler(GatewayCounters counters, Func<(long MessagesIn, long Commits)> outside, TimeProvider time)
    {
        _counters = counters;
        _outside = outside;
        _time = time;
        _last = Read();
        _timer = time.CreateTimer(_ => Sample(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <summary>Per second, of the last second.</summary>
    public (double Readings, double Messages, double Commits) Rates
    {
        get
        {
            lock (_gate)
            {
                return _rates;
            }
        }
    }

    /// <summary>Readings a second, the newest last.</summary>
    public IReadOnlyList<double> History
    {
        get
        {
            lock (_gate)
            {
                return [.. _history];
            }
        }
    }

    /// <summary>The latency in seconds below which a share of the batches of the last minute stayed.</summary>
    public double CommitLatency(double share)
    {
        long[] now = _counters.CommitLatency.Snapshot().Counts;
        lock (_gate)
        {
            return LatencyHistogram.Quantile(share, _latencies.TryPeek(out long[]? then) ? then : new long[now.Length], now);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Sample()
    {
        (long Readings, long Messages, long Commits, long At) now = Read();
        lock (_gate)
        {
            double seconds = _time.GetElapsedTime(_last.At, now.At).TotalSeconds;
            if (seconds <= 0)
            {
                return;
            }

            // The engine counts its commits anew when the database was opened anew.
            _rates = ((now.Readings - _last.Readings) / seconds, (now.Messages - _last.Messages) / seconds, Math.Max(0, now.Commits - _last.Commits) / seconds);
            _last = now;
            _history.Enqueue(Math.Round(_rates.Readings, 1));
            if (_history.Count > HistoryLength)
            {
                _history.Dequeue();
            }

            _latencies.Enqueue(_counters.CommitLatency.Snapshot().Counts);
            if (_latencies.Count > LatencyWindow)
            {
                _latencies.Dequeue();
            }
        }
    }

    private (long Readings, long Messages, long Commits, long At) Read()
    {
        (long messages, long commits) = _outside();
        return (_counters.ReadingsStored.Value, messages, commits, _time.GetTimestamp());
    }
}
