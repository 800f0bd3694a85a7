using System.Diagnostics;
using Sluice.Engine;
using Sluice.Engine.Data;
using Sluice.Engine.Transactions;

namespace Sluice.Gateway.Writers;

/// <summary>
/// The gateway's database: <c>gateway.db</c> in the data folder, held until the end. Its rooms take a connection each; all of
/// them are of one engine. After a failed write the engine takes no more; then the database is opened anew
/// (<see cref="ReopenAsync"/>), for which the rooms give their connections back.
/// </summary>
public sealed class TelemetryDatabase : IAsyncDisposable
{
    /// <summary>How long the start waits for another process, a shell perhaps, to let go of the file.</summary>
    private static readonly TimeSpan s_ownerPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_ownerPoll = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();

    // Guarded by _gate. The connection is null while the database is closed; what was last read from it stands for it then.
    private SluiceConnection? _connection;
    private StoreStatistics _last;
    private long _lastHorizon = 1;

    private TelemetryDatabase(SluiceConnection connection, string path, string instance)
    {
        _connection = connection;
        SharingFailure = connection.SharingFailure;
        Path = path;
        Instance = instance;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Tells this file from another one of the same name: random, written when it was made.</summary>
    public string Instance { get; }

    /// <summary>Why other processes cannot work on the database through this one, or null; as of the start.</summary>
    public string? SharingFailure { get; }

    /// <summary>Figures of the engine since it was opened last; while it is closed, the last ones.</summary>
    public StoreStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return _connection?.Statistics ?? _last;
            }
        }
    }

    /// <summary>Opens the file, makes it when it is not there, recovers it when it was left open, and brings its schema up to date.</summary>
    /// <exception cref="SluiceException">It cannot be opened; the message names the file, the place and the reason.</exception>
    public static async Task<TelemetryDatabase> OpenAsync(string path)
    {
        SluiceConnection connection = New(path, SluiceOpenMode.ReadWriteCreate);
        try
        {
            await OwnAsync(connection, path);
            await TelemetrySchema.ApplyAsync(connection, path);
            return new TelemetryDatabase(connection, path, await ReadInstanceAsync(connection, path));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Closes the file and opens it anew, as a restart of the program would: what is durable is recovered from the log. A commit of its
    /// own then proves that the disk takes writes. Every connection of <see cref="ConnectAsync"/> must be closed before.
    /// </summary>
    /// <exception cref="SluiceException">It cannot be opened or written yet; it is closed then. Again is right, unless the code is Corrupt, NotADatabase or Mismatch.</exception>
    public async Task ReopenAsync()
    {
        try
        {
            await CloseAsync();
            if (!File.Exists(Path))
            {
                throw new SluiceException(ResultCode.Mismatch, $"{Path}: the database file is gone");
            }

            SluiceConnection connection = await OpenSameAsync();
            lock (_gate)
            {
                _connection = connection;
            }
        }
        catch (SluiceException e)
        {
            lock (_gate)
            {
                _last = _last with { Failure = e.Message };
            }

            throw;
        }
    }

    /// <summary>A connection of its own for a room, closed by it.</summary>
    public async Task<SluiceConnection> ConnectAsync()
    {
        lock (_gate)
        {
            if (_connection is null)
            {
                throw new SluiceException(ResultCode.CannotOpen, $"{Path} is closed: {_last.Failure}");
            }
        }

        SluiceConnection connection = New(Path, SluiceOpenMode.ReadWrite);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>The smallest id of <c>readings</c> that may still be committed: all below it that will ever be are visible.</summary>
    public long GetStableHorizon()
    {
        // A connection is not for several threads, and page, metrics and sinks ask.
        lock (_gate)
        {
            return _lastHorizon = _connection?.GetStableHorizon("readings") ?? _lastHorizon;
        }
    }

    /// <summary>Closes the file: a last checkpoint leaves a plain SQLite file and no log.</summary>
    public async ValueTask DisposeAsync() => await CloseAsync();

    private static SluiceConnection New(string path, SluiceOpenMode mode) =>
        new(new SluiceConnectionStringBuilder { DataSource = path, Mode = mode }.ConnectionString);

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

    private static async Task<string> ReadInstanceAsync(SluiceConnection connection, string path)
    {
        await using SluiceCommand command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM settings WHERE name = 'instance'";
        return await command.ExecuteScalarAsync() as string
            ?? throw new SluiceException(ResultCode.Mismatch, $"{path}: the table settings has no row 'instance'; the file is not a gateway's database");
    }

    /// <summary>Opens the file again; another one in its place is refused, because ids of series are remembered.</summary>
    private async Task<SluiceConnection> OpenSameAsync()
    {
        SluiceConnection connection = New(Path, SluiceOpenMode.ReadWrite);
        try
        {
            await OwnAsync(connection, Path);
            if (await ReadInstanceAsync(connection, Path) != Instance)
            {
                throw new SluiceException(ResultCode.Mismatch, $"{Path}: another database is in its place");
            }

            await using SluiceCommand prove = connection.CreateCommand();
            prove.CommandText = "INSERT OR REPLACE INTO settings(name, value) VALUES('reopened', datetime('now'))";
            await prove.ExecuteNonQueryAsync();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task CloseAsync()
    {
        SluiceConnection? connection;
        lock (_gate)
        {
            connection = _connection;
            _connection = null;
            _last = connection?.Statistics ?? _last;
        }

        if (connection is not null)
        {
            await connection.DisposeAsync();
        }
    }
}
