using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Log;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine;

/// <summary>
/// One connection's state: its transaction and savepoints, its counters, its busy timeout. Used by one thread at a time; only
/// <see cref="Interrupt"/> may come from another.
/// </summary>
public sealed partial class Session : IChangeContext, ISession
{
    private readonly ManualResetEvent _interruption = new(false);
    private volatile bool _interrupted;

    internal Session(Database database, bool readOnly)
    {
        Database = database;
        IsReadOnly = readOnly || database.IsReadOnly;
    }

    public Database Database { get; }

    /// <summary>Whether statements that write are refused.</summary>
    public bool IsReadOnly { get; }

    /// <summary>How long a statement waits for a lock or tries again after a conflict before it fails with Busy.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>When a commit of this session is acknowledged (PRAGMA synchronous).</summary>
    public Synchronous Synchronous { get; set; } = Synchronous.Full;

    /// <summary>The isolation of transactions that begin from now on (PRAGMA isolation).</summary>
    public Isolation Isolation { get; set; }

    public long LastInsertRowid { get; private set; }

    public long Changes { get; private set; }

    public long TotalChanges { get; private set; }

    /// <summary>PRAGMA query_only: statements that change the database are refused.</summary>
    public bool QueryOnly { get; set; }

    /// <summary>PRAGMA case_sensitive_like.</summary>
    public bool CaseSensitiveLike { get; set; }

    /// <summary>PRAGMA recursive_triggers.</summary>
    public bool RecursiveTriggers { get; set; }

    /// <summary>The functions and collations that statements may name.</summary>
    internal FunctionSet Functions { get; set; } = FunctionSet.BuiltIn;

    /// <summary>Foreign keys: whether they are enforced, and how many are broken in the open transaction.</summary>
    internal ForeignKeyState ForeignKeys { get; } = new();

    ForeignKeyState IChangeContext.ForeignKeys => ForeignKeys;

    public DateTime UtcNow { get; private set; } = TimeProvider.System.GetUtcNow().UtcDateTime;

    public Random Random { get; } = new();

    /// <summary>
    /// Prepares the statement that begins at byte <paramref name="offset"/> of the UTF-8 text <paramref name="sql"/>;
    /// <paramref name="next"/> is where the one after it begins. Null when only white space and comments are left.
    /// </summary>
    /// <exception cref="SluiceException">The text is not SQL, names what is not there, or asks for what is not supported.</exception>
    public Statement? Prepare(byte[] sql, int offset, out int next)
    {
        StatementNode? node = Parser.Parse(sql, offset, out next);
        return node is null ? null : new Statement(this, node);
    }

    bool ISession.IsLive => Database.IsLive;

    int? ISession.OwnerProcessId => null;

    StoreStatistics ISession.Statistics => Database.Statistics;

    IStatement? ISession.Prepare(byte[] sql, int offset, out int next) => Prepare(sql, offset, out next);

    IRowAppender ISession.CreateAppender(string table, string[] columns) => new RowAppender(this, table, columns);

    long ISession.StableHorizon(string table) => Database.StableHorizon(table);

    /// <summary>Makes the running statement fail with Interrupt at its next row.</summary>
    public void Interrupt()
    {
        _interrupted = true;
        _ = _interruption.Set();
    }

    public void CheckCancelled()
    {
        if (_interrupted)
        {
            throw new SluiceException(ResultCode.Interrupt, "interrupted");
        }
    }

    /// <summary>Ends what runs and rolls back an open transaction.</summary>
    public void Dispose()
    {
        foreach (Statement statement in _reading.ToArray())
        {
            statement.Reset();
        }

        EndTransaction()?.Dispose();
        CloseDatabases();
        _interruption.Dispose();
    }

    /// <summary>Waits for a short while or until <see cref="Interrupt"/>.</summary>
    internal void Pause(TimeSpan length)
    {
        if (_interruption.WaitOne(length))
        {
            CheckCancelled();

            // It came for a statement before, as that was ending.
            _ = _interruption.Reset();
        }
    }

    internal void StatementBegins()
    {
        if (_interrupted)
        {
            _interrupted = false;
            _ = _interruption.Reset();
        }

        UtcNow = TimeProvider.System.GetUtcNow().UtcDateTime;
    }

    internal void StatementChanged(long changes, long? lastInsertRowid, long nestedChanges = 0)
    {
        Changes = changes;
        TotalChanges += changes + nestedChanges;
        LastInsertRowid = lastInsertRowid ?? LastInsertRowid;
    }
}
