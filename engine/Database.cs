using Sluice.Engine.Catalog;
using Sluice.Engine.Files;
using Sluice.Engine.Remote;
using Sluice.Engine.Transactions;

namespace Sluice.Engine;

/// <summary>How <see cref="Database.Open"/> opens.</summary>
public sealed record DatabaseOptions
{
    /// <summary>The path that stands for a private database in memory.</summary>
    public const string MemoryPath = ":memory:";

    /// <summary>Whether a file that is not there is made.</summary>
    public bool Create { get; init; } = true;

    /// <summary>Whether nothing may be written.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Whether other processes may work on the file through this one while it owns it.</summary>
    public bool Serve { get; init; } = true;

    /// <summary>A name by which sessions of this process share a database in memory; null for a private one.</summary>
    internal string? MemoryName { get; init; }

    /// <summary>The store's own settings: log, memory, checkpoints.</summary>
    public StoreOptions Store { get; init; } = new();
}

/// <summary>
/// One database file, shared by all sessions of this process: opened by the first, closed by the last. The file is known by its
/// canonical path. Safe for many threads.
/// </summary>
public sealed class Database : IDisposable
{
    private static readonly Lock s_gate = new();
    private static readonly Dictionary<string, Database> s_open = new(StringComparer.Ordinal);

    private readonly Store _store;
    private readonly string? _key;
    private readonly RemoteServer? _server;

    // Guarded by s_gate.
    private int _users = 1;

    /// <param name="path">As it was given.</param>
    /// <param name="store">The store.</param>
    /// <param name="key">The canonical path, when others of this process may join.</param>
    /// <param name="server">Serves other processes, once it is started.</param>
    private Database(string path, Store store, string? key = null, RemoteServer? server = null)
    {
        Path = path;
        _key = key;
        _store = store;
        _server = server;
    }

    public string Path { get; }

    /// <summary>Whether this process owns the file; otherwise what is read is the last checkpoint of the process that does.</summary>
    public bool IsLive => _store.IsOwner;

    public bool IsReadOnly => _store.IsReadOnly;

    public StoreStatistics Statistics => _store.Statistics;

    internal Store Store => _store;

    /// <summary>Connections of other processes that work through this one.</summary>
    public int RemoteConnections => _server?.Connections ?? 0;

    /// <summary>Whether an error has made the database read-only until it is opened anew.</summary>
    internal bool HasFailed => _store.IsOwner && _store.IsReadOnly;

    /// <summary>Whether others of this process join it: it is a file that this process owns, or a database in memory that has a name.</summary>
    internal bool CanBeShared => _key is not null;

    /// <summary>How many have it open.</summary>
    internal int Users => Volatile.Read(ref _users);

    /// <summary>Why other processes cannot work through this one although they may, or null.</summary>
    public string? SharingFailure { get; private init; }

    /// <summary>
    /// Opens a file or joins those in this process that have it open; <see cref="DatabaseOptions.MemoryPath"/> is a new database each time.
    /// Recovery, where the last owner crashed, happens here. A file that another process owns is opened for reading, as of its last checkpoint.
    /// </summary>
    /// <exception cref="SluiceException">CannotOpen, NotADatabase, Corrupt and the rest, naming the file and the reason.</exception>
    public static Database Open(string path, DatabaseOptions options) => TryOwn(path, options) ?? OpenLastCheckpoint(path, options);

    /// <summary>As <see cref="Open"/>, but null when another process owns the file.</summary>
    internal static Database? TryOwn(string path, DatabaseOptions options)
    {
        if (path == DatabaseOptions.MemoryPath)
        {
            return OpenMemory(options);
        }

        FileSystem files = PosixFileSystem.Instance;
        lock (s_gate)
        {
            string key = files.Canonical(path);
            if (s_open.TryGetValue(key, out Database? shared))
            {
                shared._users++;
                return shared;
            }

            if (!files.Exists(path) && (options.ReadOnly || !options.Create))
            {
                throw new SluiceException(ResultCode.CannotOpen, $"unable to open database file: {path} does not exist");
            }

            Database? opened = Own(files, path, key, options);
            if (opened is not null)
            {
                s_open.Add(key, opened);
            }

            return opened;
        }
    }

    /// <summary>Opens the file for reading as of the last checkpoint of its owner; nobody joins it.</summary>
    internal static Database OpenLastCheckpoint(string path, DatabaseOptions options) =>
        new(path, Store.Open(PosixFileSystem.Instance, path, options.Store with { ReadOnly = true }));

    /// <summary>Opens a file of another file system, for nobody else in this process.</summary>
    public static Database OpenIn(FileSystem files, string path, DatabaseOptions options) =>
        new(path, Store.Open(files, path, options.Store));

    /// <summary>A new session: a connection's state on this database; one that may not write, or not attach files, if it is to be so.</summary>
    public Session Connect(bool readOnly = false, bool mayAttachFiles = true) => new(this, readOnly) { MayAttachFiles = mayAttachFiles };

    /// <summary>
    /// The smallest rowid of a table that an open transaction may still commit. Read it before a transaction begins: every row below it
    /// is then visible to that transaction or never will be.
    /// </summary>
    public long StableHorizon(string table)
    {
        using Transaction transaction = _store.Begin(TransactionKind.Deferred, TimeSpan.Zero);
        return transaction.Schema.TryGetTable(table, out Table? found)
            ? _store.StableHorizon(found.RootPage)
            : throw new SluiceException(ResultCode.Error, $"no such table: {table}");
    }

    /// <summary>Takes another use of it, which is disposed like the first; asked by one who has a use.</summary>
    internal Database Share()
    {
        lock (s_gate)
        {
            _users++;
            return this;
        }
    }

    /// <summary>Moves what is committed from the log into the database file.</summary>
    public void Checkpoint() => _store.Checkpoint();

    /// <summary>
    /// Gives back one use; the last one checkpoints and closes the file. Other processes that work through this one are sent off first, each after
    /// the answer to what it is doing.
    /// </summary>
    public void Dispose()
    {
        lock (s_gate)
        {
            if (--_users > 0)
            {
                return;
            }

            if (_key is not null)
            {
                _ = s_open.Remove(_key);
            }

            _server?.Dispose();
            _store.Dispose();
        }
    }

    private static Database OpenMemory(DatabaseOptions options)
    {
        if (options.MemoryName is not { } name)
        {
            return Made(key: null);
        }

        lock (s_gate)
        {
            // No path of a file: these are absolute.
            string key = DatabaseOptions.MemoryPath + name;
            if (s_open.TryGetValue(key, out Database? shared))
            {
                shared._users++;
                return shared;
            }

            Database made = Made(key);
            s_open.Add(key, made);
            return made;
        }

        Database Made(string? key) =>
            new(DatabaseOptions.MemoryPath, Store.Open(new MemoryFileSystem(), "memory.db", options.Store with { Durable = false }), key);
    }

    private static Database? Own(FileSystem files, string path, string key, DatabaseOptions options)
    {
        bool owned = false;
        RemoteServer? server = null;
        string? failure = null;
        void Owned()
        {
            owned = true;
            if (!options.Serve)
            {
                SocketFile.RemoveStale(key);
                return;
            }

            try
            {
                server = RemoteServer.Listen(key);
            }
            catch (SluiceException error)
            {
                // The file can be used all the same, by this process alone.
                failure = error.Message;
            }
        }

        try
        {
            Store store = Store.Open(files, path, options.Store with { Owned = Owned });
            Database opened = new(path, store, key, server) { SharingFailure = failure };
            server?.Start(opened);
            return opened;
        }
        catch (SluiceException error) when (error.PrimaryCode == ResultCode.Busy && !owned)
        {
            return null;
        }
        catch
        {
            server?.Dispose();
            throw;
        }
    }
}
