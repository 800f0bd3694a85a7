using System.Data.Common;

namespace Sluice.Engine.Data;

/// <summary>
/// Makes connections to one file and keeps the file open from the first one on until it is disposed, so that opening and closing a connection costs
/// no recovery and no checkpoint. Safe for many threads.
/// </summary>
/// <example><code>
/// await using SluiceDataSource source = new("Data Source=readings.db");
/// await using SluiceConnection connection = source.OpenConnection();
/// </code></example>
public sealed class SluiceDataSource : DbDataSource
{
    private readonly Action<SluiceConnection>? _opened;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private Database? _kept;
    private bool _isDisposed;

    /// <param name="connectionString">For the keywords see <see cref="SluiceConnectionStringBuilder"/>.</param>
    /// <exception cref="ArgumentException">A keyword that is not known, or a value that it cannot have.</exception>
    /// <param name="opened">Sets up each connection when it has been opened: functions, PRAGMAs.</param>
    public SluiceDataSource(string connectionString, Action<SluiceConnection>? opened = null)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        _ = new SluiceConnectionStringBuilder(connectionString);
        _opened = opened;
        ConnectionString = connectionString;
    }

    public override string ConnectionString { get; }

    public new SluiceConnection CreateConnection()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new SluiceConnection(ConnectionString) { Source = this };
    }

    public new SluiceConnection OpenConnection() => (SluiceConnection)OpenDbConnection();

    protected override DbConnection CreateDbConnection() => CreateConnection();

    /// <summary>A connection is about to be opened: a file that an error has made read-only is let go, so that it can be opened anew.</summary>
    internal void Opening()
    {
        lock (_gate)
        {
            if (_kept is { HasFailed: true } failed)
            {
                _kept = null;
                failed.Dispose();
            }
        }
    }

    /// <summary>A connection has been opened, on <paramref name="database"/> if this process owns the file.</summary>
    internal void Opened(SluiceConnection connection, Database? database)
    {
        lock (_gate)
        {
            if (!_isDisposed && _kept is null && database is { CanBeShared: true })
            {
                _kept = database.Share();
            }
        }

        _opened?.Invoke(connection);
    }

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            _isDisposed = true;
            _kept?.Dispose();
            _kept = null;
        }
    }

    protected override ValueTask DisposeAsyncCore()
    {
        Dispose(disposing: true);
        return ValueTask.CompletedTask;
    }
}
