using Sluice.Engine.Catalog;
using Sluice.Engine.Files;
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

    // Guarded by s_gate.
    private int _users = 1;

    private Database(string path, string? key, Store store)
    {
        Path = path;
        _key = key;
        _store = store;
    }

    public string Path { get; }

    /// <summary>Whether this process owns the file; otherwise what is read is the last checkpoint of the process that does.</summary>
    public bool IsLive => _store.IsOwner;

    public bool IsReadOnly => _store.IsReadOnly;

    public StoreStatistics Statistics => _store.Statistics;

    internal Store Store => _store;

    /// <summary>
    /// Opens a file or joins those in this process that have it open; <see cref="DatabaseOptions.MemoryPath"/> is a new database each time.
    /// Recovery, where the last owner crashed, happens here.
    /// </summary>
    /// <exception cref="SluiceException">CannotOpen, NotADatabase, Corrupt and the rest, naming the file and the reason.</exception>
    public static Database Open(string path, DatabaseOptions options)
    {
        if (path == DatabaseOptions.MemoryPath)
        {
            return new Database(path, null, Store.Open(new MemoryFileSystem(), "memory.db", options.Store with { Durable = false }));
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

            Store store = Store.Open(files, path, options.Store with { AllowReadOnly = true });
            Database opened = new(path, key, store);
            s_open.Add(key, opened);
            return opened;
        }
    }

    /// <summary>A new session: a connection's state on this database; one that may not write, if it is to be so.</summary>
    public Session Connect(bool readOnly = false) => new(this, readOnly);

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

    /// <summary>Moves what is committed from the log into the database file.</summary>
    public void Checkpoint() => _store.Checkpoint();

    /// <summary>Gives back one use; the last one checkpoints and closes the file.</summary>
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

            _store.Dispose();
        }
    }
}
