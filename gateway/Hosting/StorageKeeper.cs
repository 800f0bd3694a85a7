using Sluice.Engine;
using Sluice.Gateway.Sync;
using Sluice.Gateway.Writers;

namespace Sluice.Gateway.Hosting;

/// <summary>
/// Opens the database anew after a failed write (a full disk). The engine takes no more writes then, because a failed sync is never
/// retried; to close it and recover it from its log is what a restart of the program does, and as sound: what was
/// acknowledged was synced before, and what was not is with its sender. In this order:
///
/// 1. The upstreams pause and the writers give back their connections; from now on writers refuse what comes.
/// 2. The database is closed and opened, every <see cref="Pause"/>, until that succeeds and a commit is durable.
/// 3. Writers and upstreams go on.
/// </summary>
internal sealed class StorageKeeper : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly TelemetryDatabase _database;
    private readonly WriterPool _writers;
    private readonly IReadOnlyList<SyncPump> _pumps;
    private readonly WriterEnvironment _environment;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _gaveUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _loop;

    public StorageKeeper(
        TelemetryDatabase database, WriterPool writers, IReadOnlyList<SyncPump> pumps, WriterEnvironment environment, TimeProvider time)
    {
        _database = database;
        _writers = writers;
        _pumps = pumps;
        _environment = environment;
        _time = time;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Completes when trying again is no use: the file is damaged, gone or another one.</summary>
    public Task GaveUp => _gaveUp.Task;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Pause, _time, _stop.Token);
                if (_database.Statistics.Failure is { } failure)
                {
                    _environment.StorageFailed(failure);
                    await ReopenAsync();
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The gateway stops.
        }
        catch (Exception e)
        {
            GatewayLog.StorageGivenUp(_environment.Log, e.Message);
            _gaveUp.SetResult();
        }
    }

    private async Task ReopenAsync()
    {
        foreach (SyncPump pump in _pumps)
        {
            await pump.PauseAsync();
        }

        await _writers.DetachAsync();
        while (!await TryReopenAsync())
        {
            await Task.Delay(Pause, _time, _stop.Token);
        }

        await _writers.AttachAsync(_database);
        foreach (SyncPump pump in _pumps)
        {
            pump.Start();
        }

        _environment.StorageWorks();
        _environment.Committed.Set();
    }

    private async Task<bool> TryReopenAsync()
    {
        try
        {
            await _database.ReopenAsync();
            return true;
        }
        catch (SluiceException e) when (e.PrimaryCode is not (ResultCode.Corrupt or ResultCode.NotADatabase or ResultCode.Mismatch))
        {
            // /health tells the newest reason, the log told the first.
            return false;
        }
    }
}
