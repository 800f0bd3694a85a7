using Sluice.Engine;
using Sluice.Gateway.Status;
using Sluice.Gateway.Writers;

namespace Sluice.Gateway.Sync;

/// <summary>
/// Brings every reading to one upstream, in the order of ids. It sleeps until something was committed; after that it
/// waits <see cref="Gathering"/> so that a trickle goes in batches. When the upstream is away it tries again with pauses
/// that double up to <see cref="MaximumPause"/>, says so once, and says once that it is back.
/// </summary>
public sealed class SyncPump : IAsyncDisposable
{
    /// <summary>The longest pause between two attempts.</summary>
    public static readonly TimeSpan MaximumPause = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);

    private readonly string _name;
    private readonly int _batchSize;
    private readonly IUpstreamSink _sink;
    private readonly TelemetryDatabase _database;
    private readonly CommitSignal _committed;
    private readonly HealthState _health;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Counter _sent = new();
    private readonly Counter _batches = new();
    private readonly Counter _failures = new();

    // Owned by the loop; read by Figures.
    private long _cursor = -1;
    private volatile SyncState _state = SyncState.Connecting;
    private Task _loop = Task.CompletedTask;
    private CancellationTokenSource _stop = new();

    public SyncPump(
        string name, int batchSize, IUpstreamSink sink, TelemetryDatabase database, CommitSignal committed, HealthState health,
        TimeProvider time, ILogger log)
    {
        _name = name;
        _batchSize = batchSize;
        _sink = sink;
        _database = database;
        _committed = committed;
        _health = health;
        _time = time;
        _log = log;
    }

    /// <summary>Figures of this moment.</summary>
    public SyncFigures Figures
    {
        get
        {
            long cursor = Interlocked.Read(ref _cursor);
            return new SyncFigures(
                _name, _sink.Upstream, _state, _sent.Value, _batches.Value, _failures.Value, cursor < 0 ? null : cursor, Backlog(cursor));
        }
    }

    private string Part => $"sync {_name}";

    /// <summary>Begins to send, or goes on after <see cref="PauseAsync"/>.</summary>
    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>Stops at once and closes its connection to the database: what is not sent now is sent after the next start.</summary>
    public async Task PauseAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        _stop = new CancellationTokenSource();
    }

    /// <summary>Stops at once, for good.</summary>
    public async ValueTask DisposeAsync()
    {
        await PauseAsync();
        await _sink.DisposeAsync();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        Backoff backoff = new(FirstPause, MaximumPause);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await SendAllAsync(backoff);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is UpstreamException or SluiceException)
            {
                NoteAway(e.Message);
            }
            catch (Exception e)
            {
                // Not the upstream's refusal but something nobody foresaw: said in full, and tried again like any other.
                GatewayLog.UpstreamFault(_log, _name, e);
                NoteAway(e.Message);
            }

            try
            {
                await Task.Delay(backoff.Next(), _time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Connects and sends until something fails or the gateway stops.</summary>
    private async Task SendAllAsync(Backoff backoff)
    {
        await using OutboxReader outbox = await OutboxReader.OpenAsync(_database);
        long cursor = await _sink.ConnectAsync(_database.Instance, _stop.Token);
        if (cursor >= _database.GetStableHorizon())
        {
            throw new UpstreamException(
                $"reading {cursor} is there, but this database has only ids below {_database.GetStableHorizon()}: it was replaced by an older copy; "
                + "give this gateway another gateway.id, so that its readings are not mixed up with those");
        }

        Interlocked.Exchange(ref _cursor, cursor);
        NoteOnline();
        while (true)
        {
            long version = _committed.Version;
            OutboxBatch? batch = await outbox.ReadAsync(cursor, _batchSize, _stop.Token);
            if (batch is null)
            {
                backoff.Reset();

                // Numbers of transactions that were rolled back are behind it as well, though never sent.
                Interlocked.Exchange(ref _cursor, Math.Max(cursor, outbox.Horizon - 1));
                await _committed.WaitAsync(version, _stop.Token);
                await Task.Delay(Gathering, _time, _stop.Token);
                continue;
            }

            await _sink.SendAsync(batch, _stop.Token);
            backoff.Reset();
            cursor = batch.LastId;
            Interlocked.Exchange(ref _cursor, cursor);
            _sent.Add(batch.Rows.Count);
            _batches.Add();
            GatewayLog.BatchSent(_log, _name, batch.Rows.Count, cursor);
        }
    }

    private void NoteOnline()
    {
        long backlog = Backlog(_cursor);
        if (_health.Clear(Part) is { } problem)
        {
            TimeSpan away = _time.GetUtcNow() - problem.Since;
            GatewayLog.UpstreamBack(_log, _name, _sink.Upstream, TimeSpan.FromSeconds(Math.Round(away.TotalSeconds)), backlog);
        }
        else if (_state == SyncState.Connecting)
        {
            GatewayLog.UpstreamConnected(_log, _name, _sink.Upstream, backlog);
        }

        _state = SyncState.Online;
    }

    private void NoteAway(string reason)
    {
        _failures.Add();
        _state = SyncState.Away;
        if (_health.Report(Part, ProblemSeverity.Degraded, $"{_sink.Upstream} is away: {reason}"))
        {
            GatewayLog.UpstreamAway(_log, _name, _sink.Upstream, MaximumPause.TotalSeconds, reason);
        }
    }

    private long Backlog(long cursor) => Math.Max(0, _database.GetStableHorizon() - 1 - Math.Max(0, cursor));
}
