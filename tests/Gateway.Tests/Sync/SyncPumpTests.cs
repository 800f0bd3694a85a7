using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;
using Sluice.Gateway.Status;
using Sluice.Gateway.Sync;
using Sluice.Gateway.Writers;

namespace Sluice.Gateway.Tests.Sync;

/// <summary>From the engine to an upstream that breaks where the test wants it to.</summary>
public sealed class SyncPumpTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-sync-").FullName;
    private readonly HealthState _health = new(TimeProvider.System);
    private readonly CommitSignal _committed = new();
    private readonly Lines _log = new();
    private TelemetryDatabase _database = null!;
    private WriterPool _pool = null!;
    private SyncPump? _pump;

    public async Task InitializeAsync()
    {
        _database = await TelemetryDatabase.OpenAsync(Path.Combine(_folder, "gateway.db"));
        TopicRoute route = new() { Topic = "sensors/{device}/{metric}", Origin = default };
        WriterOptions options = new() { Count = 2 };
        WriterEnvironment environment = new(new GatewayCounters(), _health, _committed, NullLogger.Instance);
        _pool = await WriterPool.StartAsync(_database, options, new RouteTable([route], new DeviceCatalog(), 2), environment);
    }

    public async Task DisposeAsync()
    {
        if (_pump is not null)
        {
            await _pump.DisposeAsync();
        }

        await _pool.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_was_there_before_and_what_comes_later_is_sent_in_batches_and_in_order()
    {
        Upstream upstream = new();
        await PublishAsync(25);
        Start(upstream, batch: 10);
        await Programs.UntilAsync(() => upstream.Ids.Count == 25, "25 readings upstream");
        await PublishAsync(5);
        await Programs.UntilAsync(() => upstream.Ids.Count == 30, "30 readings upstream");
        Assert.Equal(Enumerable.Range(1, 30).Select(id => (long)id), upstream.Ids);
        Assert.Equal([10, 10, 5], upstream.BatchSizes.Take(3));
        SyncFigures figures = _pump!.Figures;
        Assert.Equal((SyncState.Online, 30L, 30L, 0L), (figures.State, figures.Sent, figures.Cursor, figures.Backlog));
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_not_sent_again()
    {
        Upstream upstream = new() { LoseAnswerOnce = true };
        await PublishAsync(12);
        Start(upstream, batch: 5);
        await Programs.UntilAsync(() => upstream.Ids.Count == 12, "12 readings upstream");
        Assert.Equal(Enumerable.Range(1, 12).Select(id => (long)id), upstream.Ids);
        Assert.Equal(2, upstream.Connects);
    }

    [Fact]
    public async Task A_pause_neither_loses_nor_repeats_anything()
    {
        Upstream upstream = new();
        Start(upstream, batch: 10);
        await PublishAsync(12);
        await Programs.UntilAsync(() => upstream.Ids.Count > 0, "readings upstream");
        await _pump!.PauseAsync();
        int sent = upstream.Ids.Count;
        await PublishAsync(8);
        Assert.Equal(sent, upstream.Ids.Count);
        _pump.Start();
        await Programs.UntilAsync(() => upstream.Ids.Count >= 20, "20 readings upstream");
        Assert.Equal(Enumerable.Range(1, 20).Select(id => (long)id), upstream.Ids);
    }

    [Fact]
    public async Task Going_away_and_coming_back_is_said_once_each()
    {
        Upstream upstream = new() { IsAway = true };
        Start(upstream, batch: 5);
        await Programs.UntilAsync(() => _pump!.Figures.Failures >= 2, "two failed attempts");
        await PublishAsync(3);
        Problem problem = Assert.Single(_health.Problems);
        Assert.Equal(("sync test", ProblemSeverity.Degraded), (problem.Part, problem.Severity));
        Assert.Equal((SyncState.Away, 3L, null), (_pump!.Figures.State, _pump.Figures.Backlog, _pump.Figures.Cursor));
        upstream.IsAway = false;
        await Programs.UntilAsync(() => upstream.Ids.Count == 3, "3 readings upstream");
        Assert.Empty(_health.Problems);
        Assert.Single(_log.All, line => line.Contains("is away", StringComparison.Ordinal) && line.Contains("no route to host", StringComparison.Ordinal));
        Assert.Single(_log.All, line => line.Contains("is back after", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cursor_beyond_this_database_is_refused()
    {
        Upstream upstream = new() { Cursor = 100 };
        await PublishAsync(3);
        Start(upstream, batch: 5);
        await Programs.UntilAsync(() => _health.Problems.Count == 1, "a problem");
        Assert.Contains("reading 100 is there", _health.Problems[0].Reason, StringComparison.Ordinal);
        Assert.Empty(upstream.Ids);
    }

    private void Start(IUpstreamSink sink, int batch)
    {
        _pump = new SyncPump("test", batch, sink, _database, _committed, _health, TimeProvider.System, _log);
        _pump.Start();
    }

    private async Task PublishAsync(int count)
    {
        Pending pending = new(count);
        for (int i = 0; i < count; i++)
        {
            IngressMessage message = new()
            {
                Topic = new TopicName($"sensors/d{i % 3}/m"), ClientId = "c", Payload = Encoding.UTF8.GetBytes($"{i}"), Acknowledgement = pending,
            };
            await _pool.EnqueueAsync(message, default);
        }

        await pending.AllStored;
    }

    private sealed class Pending(int count) : IAcknowledgement
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = count;

        public Task AllStored => _done.Task.WaitAsync(TimeSpan.FromSeconds(30));

        public void Complete(long token, IngressResult result)
        {
            if (result != IngressResult.Stored)
            {
                _done.TrySetException(new InvalidOperationException($"a message was not stored: {result}"));
            }
            else if (Interlocked.Decrement(ref _left) == 0)
            {
                _done.SetResult();
            }
        }
    }

    /// <summary>Keeps what it gets in memory, atomically, as a sink must.</summary>
    private sealed class Upstream : IUpstreamSink
    {
        private readonly Lock _gate = new();
        private readonly List<long> _ids = [];
        private readonly List<int> _sizes = [];
        private volatile bool _away;

        public bool IsAway
        {
            get => _away;
            set => _away = value;
        }

        public bool LoseAnswerOnce { get; set; }

        public long Cursor { get; set; }

        public int Connects { get; private set; }

        public List<long> Ids
        {
            get
            {
                lock (_gate)
                {
                    return [.. _ids];
                }
            }
        }

        public List<int> BatchSizes
        {
            get
            {
                lock (_gate)
                {
                    return [.. _sizes];
                }
            }
        }

        string IUpstreamSink.Upstream => "a list";

        public Task<long> ConnectAsync(string instance, CancellationToken cancellation)
        {
            Connects++;
            return IsAway ? throw new UpstreamException("no route to host") : Task.FromResult(Cursor);
        }

        public Task SendAsync(OutboxBatch batch, CancellationToken cancellation)
        {
            lock (_gate)
            {
                Assert.Equal(Cursor, batch.After);
                _ids.AddRange(batch.Rows.Select(row => row.Id));
                _sizes.Add(batch.Rows.Count);
                Cursor = batch.LastId;
            }

            if (LoseAnswerOnce)
            {
                LoseAnswerOnce = false;
                throw new UpstreamException("the connection was reset");
            }

            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Lines : ILogger
    {
        private readonly Lock _gate = new();
        private readonly List<string> _lines = [];

        public List<string> All
        {
            get
            {
                lock (_gate)
                {
                    return [.. _lines];
                }
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_gate)
            {
                _lines.Add(formatter(state, exception));
            }
        }
    }
}
