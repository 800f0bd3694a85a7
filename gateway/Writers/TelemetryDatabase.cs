using System.Diagnostics;
using Sluice.Engine;
using Sluice.Engine.Data;
using Sluice.Engine.Transactions;

namespace Sluice.Gateway.Writers;

/// <summary>
/// The gateway's database: <c>gateway.db</c> in the data folder, opened once and held until the end. Its rooms take a
/// connection each; all of them are of one engine.
/// </summary>
public sealed class TelemetryDatabase : IAsyncDisposable
{
    /// <summary>How long the start waits for another process, a shell perhaps, to let go of the file.</summary>
    private static readonly TimeSpan s_ownerPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_ownerPoll = TimeSpan.FromMilliseconds(100);

    private readonly SluiceConnection _connection;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private StoreStatistics? _final;

    private TelemetryDatabase(SluiceConnection connection, string path, string instance)
    {
        _connection = connection;
        Path = path;
        Instance = instance;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Tells this file from another one of the same name: random, written when it was made.</summary>
    public string Instance { get; }

    /// <summary>Why other processes cannot work on the database through this one, or null.</summary>
    public string? SharingFailure => _connection.SharingFailure;

    /// <summary>Figures of the engine; once it is being closed, the last ones.</summary>
    public StoreStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return _final ?? _connection.Statistics;
            }
        }
    }

    /// <summary>Opens the file, makes it when it is not there, recovers it when it was left open, and brings its schema up to date.</summary>
    /// <exception cref="SluiceException">It cannot be opened; the message names the file, the place and the reason.</exception>
    public static async Task<TelemetryDatabase> OpenAsync(string path)
    {
        SluiceConnection connection = new(new SluiceConnectionStringBuilder { DataSource = path }.ConnectionString);
        try
        {
            await OwnAsync(connection, path);

            await TelemetrySchema.ApplyAsync(connection, path);
            await using SluiceCommand command = connection.CreateCommand();
            command.CommandText = "SELECT value FROM settings WHERE name = 'instance'";
            string instance = await command.ExecuteScalarAsync() as string
                ?? throw new SluiceException(ResultCode.Mismatch, $"{path}: the table settings has no row 'instance'; the file is not a gateway's database");
            return new TelemetryDatabase(connection, path, instance);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens as the owner of the file, which the gateway must be: its writers commit without another process in between.</summary>
    private static async Task OwnAsync(SluiceConnection connection, string path)
    {
        long begin = Stopwatch.GetTimestamp();
        await connection.OpenAsync();
        while (!connection.IsLive || connection.OwnerProcessId is not null)
        {
            if (Stopwatch.GetElapsedTime(begin) > s_ownerPatience)
            {
                string owner = connection.OwnerProcessId is { } process ? $"process {process}" : "another process";
                throw new SluiceException(
                    ResultCode.Busy,
                    $"{path}: {owner} has the database open, probably another sluice; stop it, or choose another data folder with --data");
            }

            await connection.CloseAsync();
            await Task.Delay(s_ownerPoll);
            await connection.OpenAsync();
        }
    }

    /// <summary>A connection of its own for a room, closed by it.</summary>
    public async Task<SluiceConnection> ConnectAsync()
    {
        SluiceConnection connection = new(_connection.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>The smallest id of <c>readings</c> that may still be committed: all below it that will ever be are visible.</summary>
    public long GetStableHorizon()
    {
        // A connection is not for several threads, and page, metrics and sinks ask.
        lock (_gate)
        {
            return _connection.GetStableHorizon("readings");
        }
    }

    /// <summary>Closes the file: a last checkpoint leaves a plain SQLite file and no log.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _final = _connection.Statistics;
        }

        return _connection.DisposeAsync();
    }
}
