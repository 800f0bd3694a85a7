using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Remote;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Data;

/// <summary>
/// A connection to a database file. Any number may be open on one file, also with <see cref="SluiceTransactionMode.Concurrent"/>
/// transactions at the same time; each is used by one thread at a time.
/// <para>When another process owns the file, the connection works through it (<see cref="OwnerProcessId"/>). If that process ends, an open
/// transaction is rolled back and its next use fails with <see cref="ResultCode.BusyOwnerEnded"/>, which is transient; a commit that was on its way fails
/// with <see cref="ResultCode.IoErrorOutcomeUnknown"/>, which is not. The connection goes on with the next owner, which may be this process.</para>
/// </summary>
public sealed partial class SluiceConnection : DbConnection
{
    private readonly List<SluiceDataReader> _readers = [];
    private readonly List<SluiceBlob> _blobs = [];
    private SluiceConnectionStringBuilder _settings = [];
    private string _connectionString = "";
    private Database? _database;
    private ISession? _session;
    private ConnectionGate? _gate;
    private StatementCache? _statements;

    public SluiceConnection()
    {
    }

    /// <param name="connectionString">For the keywords see <see cref="SluiceConnectionStringBuilder"/>.</param>
    public SluiceConnection(string? connectionString)
    {
        ConnectionString = connectionString;
    }

    [AllowNull]
    public override string ConnectionString
    {
        get => _connectionString;
        set
        {
            if (_session is not null)
            {
                throw new InvalidOperationException("The connection is open: close it before you change its connection string.");
            }

            _settings = new SluiceConnectionStringBuilder(value);
            _connectionString = value ?? "";
        }
    }

    /// <summary>Always "main".</summary>
    public override string Database => "main";

    public override string DataSource => _settings.DataSource;

    public override string ServerVersion => typeof(SluiceConnection).Assembly.GetName().Version!.ToString(3);

    public override ConnectionState State => _session is null ? ConnectionState.Closed : ConnectionState.Open;

    /// <summary>The <see cref="SluiceCommand.CommandTimeout"/> that commands begin with.</summary>
    public int DefaultTimeoutSeconds => _settings.DefaultTimeoutSeconds;

    /// <summary>
    /// Whether this is the live database. False when another process owns the file and does not share it: the connection then answers from the
    /// last checkpoint, read only.
    /// </summary>
    public bool IsLive => (_session ?? throw NotOpen()).IsLive;

    /// <summary>The process that owns the file, when it is another one and this connection works through it; else null.</summary>
    public int? OwnerProcessId => (_session ?? throw NotOpen()).OwnerProcessId;

    /// <summary>Why other processes cannot work through this one, which owns the file, although they may; null otherwise.</summary>
    public string? SharingFailure => _session is null ? throw NotOpen() : _database?.SharingFailure;

    /// <summary>The engine's figures for this file: commits, syncs, checkpoints, memory.</summary>
    public StoreStatistics Statistics => Ask(static session => session.Statistics);

    /// <summary>Whether a transaction is open, by BeginTransaction or by SQL.</summary>
    public bool InTransaction => (_session ?? throw NotOpen()).InTransaction;

    /// <summary>The rowid of the last row that this connection inserted.</summary>
    public long LastInsertRowid => (_session ?? throw NotOpen()).LastInsertRowid;

    public override bool CanCreateBatch => true;

    protected override DbProviderFactory DbProviderFactory => SluiceFactory.Instance;

    /// <summary>The data source that made the connection.</summary>
    internal SluiceDataSource? Source { get; init; }

    /// <summary>The session; a new one when the process that had it has ended.</summary>
    /// <exception cref="SluiceException">BusyOwnerEnded, once, if a transaction has ended with it.</exception>
    internal ISession Session => _session is RemoteSession { HasEnded: true } ended ? Reopen(ended) : _session ?? throw NotOpen();

    /// <summary>The open connection's prepared texts.</summary>
    internal StatementCache Statements => _statements ?? throw NotOpen();

    internal ConnectionGate Gate => _gate ?? throw NotOpen();

    internal ConnectionGate? OpenGate => _gate;

    /// <exception cref="SluiceException">The file is missing, cannot be opened or is no database; the message says which and why.</exception>
    public override void Open()
    {
        if (_session is not null)
        {
            return;
        }

        DataLocation location = DataLocation.Of(_settings);
        if (location.Path.Length == 0)
        {
            throw new InvalidOperationException(
                $"The connection string names no file: set 'Data Source' to a path or to {SluiceConnectionStringBuilder.MemorySource}.");
        }

        Source?.Opening();
        if (_settings.Pooling)
        {
            ConnectionPool.ClearFailed();
        }

        (_session, _database) = Opening.Open(Request(location, mustBeLive: false));
        if (_settings.Pooling && _database is { CanBeShared: true, Path: not DatabaseOptions.MemoryPath })
        {
            ConnectionPool.Keep(_database);
        }

        _gate = new ConnectionGate(this);
        _statements = new StatementCache();
        OnStateChange(new StateChangeEventArgs(ConnectionState.Closed, ConnectionState.Open));
        try
        {
            Give(_session, _functions);
            if (_settings.ForeignKeys)
            {
                Set(_session, "PRAGMA foreign_keys = ON"u8.ToArray());
            }

            if (_settings.RecursiveTriggers)
            {
                Set(_session, "PRAGMA recursive_triggers = ON"u8.ToArray());
            }

            Source?.Opened(this, _database);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <summary>Closes readers and streams of values, without writing what these have gathered, rolls back an open transaction and lets go of the file.</summary>
    public override void Close()
    {
        if (_session is not { } session)
        {
            return;
        }

        // Refused while an operation runs on another thread.
        _gate!.Enter(command: null);
        foreach (SluiceDataReader reader in _readers.ToArray())
        {
            reader.Abandon();
        }

        foreach (SluiceBlob blob in _blobs.ToArray())
        {
            blob.Abandon();
        }

        ForgetControls();
        _statements!.Dispose();
        CurrentTransaction?.End();
        _gate.Dispose();
        Database? database = _database;
        _gate = null;
        _session = null;
        _database = null;
        try
        {
            session.Dispose();
        }
        finally
        {
            database?.Dispose();
            OnStateChange(new StateChangeEventArgs(ConnectionState.Open, ConnectionState.Closed));
        }
    }

    public override void ChangeDatabase(string databaseName) =>
        throw new NotSupportedException("Changing the database is not supported: a connection is on one file; open another connection.");

    public new SluiceCommand CreateCommand() => new(null, this, CurrentTransaction);

    /// <summary>Closes the files that connections with <c>Pooling=True</c> have left open; those in use are closed with their last connection.</summary>
    public static void ClearAllPools() => ConnectionPool.Clear(static _ => true);

    /// <summary>As <see cref="ClearAllPools"/>, for the file of <paramref name="connection"/>, which need not be open.</summary>
    public static void ClearPool(SluiceConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        string path = Files.PosixFileSystem.Instance.Canonical(DataLocation.Of(connection._settings).Path);
        ConnectionPool.Clear(database => database.Store.Path == path);
    }

    /// <summary>A batch of commands.</summary>
    public new SluiceBatch CreateBatch() => new(this);

    /// <summary>A command with its text.</summary>
    public SluiceCommand CreateCommand(string commandText) => new(commandText, this, CurrentTransaction);

    /// <summary>
    /// The table's stable horizon: the smallest rowid that a transaction that is open now, or one that begins later, may still
    /// add to the table by automatic rowids. Rows below it are complete: nothing appears among them any more.
    /// </summary>
    public long GetStableHorizon(string table)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        return Ask(session => session.StableHorizon(table));
    }

    /// <summary>
    /// An appender to a table: rows without SQL. Without <paramref name="columns"/> a row has all columns of the table; those
    /// left out get their default. A transaction must be open.
    /// </summary>
    public SluiceAppender CreateAppender(string table, params ReadOnlySpan<string> columns)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        Gate.Enter(command: null);
        try
        {
            return new SluiceAppender(this, table, columns.ToArray());
        }
        finally
        {
            Gate.Exit();
        }
    }

    /// <summary>The schema collections that there are.</summary>
    public override DataTable GetSchema() => GetSchema(DbMetaDataCollectionNames.MetaDataCollections);

    /// <summary>A schema collection: Tables, Columns, Views, ViewColumns, Indexes, IndexColumns, ForeignKeys, Triggers, or one of ADO.NET's own.</summary>
    public override DataTable GetSchema(string collectionName) => GetSchema(collectionName, []);

    /// <summary>The rows of a schema collection that have the given values; which columns these are for, the collection Restrictions tells.</summary>
    /// <exception cref="ArgumentException">There is no such collection, or it has fewer restrictions.</exception>
    public override DataTable GetSchema(string collectionName, string?[] restrictionValues)
    {
        ArgumentNullException.ThrowIfNull(collectionName);
        ArgumentNullException.ThrowIfNull(restrictionValues);
        return SchemaCollections.Get(this, collectionName, restrictionValues);
    }

    protected override DbBatch CreateDbBatch() => CreateBatch();

    protected override DbCommand CreateDbCommand() => CreateCommand();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Close();
        }

        base.Dispose(disposing);
    }

    internal void AddReader(SluiceDataReader reader) => _readers.Add(reader);

    internal void RemoveReader(SluiceDataReader reader) => _readers.Remove(reader);

    internal void Opened(SluiceBlob blob) => _blobs.Add(blob);

    internal void Closed(SluiceBlob blob) => _blobs.Remove(blob);

    private static InvalidOperationException NotOpen() => new("The connection is not open.");

    internal void InterruptSession() => _session?.Interrupt();

    private OpeningRequest Request(in DataLocation location, bool mustBeLive) => new()
    {
        Path = location.Path,
        Sharing = _settings.Sharing,
        BusyTimeout = TimeSpan.FromMilliseconds(_settings.BusyTimeoutMs),
        MustBeLive = mustBeLive,
        Options = new DatabaseOptions
        {
            ReadOnly = location.Mode == SluiceOpenMode.ReadOnly,
            Create = location.Mode == SluiceOpenMode.ReadWriteCreate,
            MemoryName = location.MemoryName,
            Serve = _settings.Sharing == SluiceSharing.On,
            Store = _settings.CacheSizeKiB == 0 ? new StoreOptions() : new StoreOptions { CacheBytes = _settings.CacheSizeKiB * 1024L },
        },
    };

    /// <summary>Opens the file anew after its owner has ended.</summary>
    private ISession Reopen(RemoteSession ended)
    {
        if (ended.InTransaction)
        {
            SluiceException gone = ended.TransactionIsGone();
            ended.Dispose();
            throw gone;
        }

        ended.Dispose();
        ForgetControls();
        (ISession session, Database? database) = Opening.Open(Request(DataLocation.Of(_settings), mustBeLive: true));
        try
        {
            foreach (byte[] setting in ended.Settings)
            {
                Set(session, setting);
            }
        }
        catch
        {
            session.Dispose();
            database?.Dispose();
            throw;
        }

        Give(session, _functions);
        _database = database;
        return _session = session;
    }

    /// <summary>Runs a PRAGMA that sets up a session.</summary>
    private static void Set(ISession session, byte[] pragma)
    {
        using IStatement statement = session.Prepare(pragma, 0, out _)!;
        _ = statement.Step();
        statement.Reset();
    }

    /// <summary>A question beside statements. One to another process is an operation like any other on this connection.</summary>
    private T Ask<T>(Func<ISession, T> question)
    {
        ISession session = Session;
        if (session is not RemoteSession)
        {
            return question(session);
        }

        ConnectionGate gate = Gate;
        gate.Enter(command: null);
        try
        {
            return question(session);
        }
        finally
        {
            gate.Exit();
        }
    }
}
