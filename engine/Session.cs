using Sluice.Engine.Execute;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine;

/// <summary>
/// One connection's state: its transaction and savepoints, its counters, its busy timeout. Used by one thread at a time; only
/// <see cref="Interrupt"/> may come from another.
/// </summary>
public sealed class Session : IStatementContext, IDisposable
{
    private readonly List<(string Name, int Mark)> _savepoints = [];
    private Transaction? _transaction;
    private bool _begunBySavepoint;
    private readonly ManualResetEvent _interruption = new(false);
    private volatile bool _interrupted;

    internal Session(Database database)
    {
        Database = database;
    }

    public Database Database { get; }

    /// <summary>How long a statement waits for a lock or tries again after a conflict before it fails with Busy.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a transaction was begun by BEGIN or SAVEPOINT and not yet ended.</summary>
    public bool InTransaction => _transaction is not null;

    public long LastInsertRowid { get; private set; }

    public long Changes { get; private set; }

    public long TotalChanges { get; private set; }

    public DateTime UtcNow { get; private set; } = TimeProvider.System.GetUtcNow().UtcDateTime;

    public Random Random { get; } = new();

    /// <summary>The explicit transaction; null in autocommit.</summary>
    internal Transaction? Transaction => _transaction;

    /// <summary>
    /// Prepares the statement that begins at byte <paramref name="offset"/> of the UTF-8 text <paramref name="sql"/>;
    /// <paramref name="next"/> is where the one after it begins. Null when only white space and comments are left.
    /// </summary>
    public Statement? Prepare(byte[] sql, int offset, out int next)
    {
        StatementNode? node = Parser.Parse(sql, offset, out next);
        return node is null ? null : new Statement(this, node);
    }

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

    public void Dispose()
    {
        EndTransaction()?.Dispose();
        _interruption.Dispose();
    }

    /// <summary>Waits for a short while or until <see cref="Interrupt"/>.</summary>
    internal void Pause(TimeSpan length)
    {
        _ = _interruption.WaitOne(length);
        CheckCancelled();
    }

    internal void StatementBegins()
    {
        _interrupted = false;
        _ = _interruption.Reset();
        UtcNow = TimeProvider.System.GetUtcNow().UtcDateTime;
    }

    internal void StatementChanged(long changes, long? lastInsertRowid)
    {
        Changes = changes;
        TotalChanges += changes;
        LastInsertRowid = lastInsertRowid ?? LastInsertRowid;
    }

    internal void Begin(BeginKind kind)
    {
        if (_transaction is not null)
        {
            throw new SluiceException(ResultCode.Error, "cannot start a transaction within a transaction");
        }

        _transaction = Database.Store.Begin(
            kind switch
            {
                BeginKind.Deferred => TransactionKind.Deferred,
                BeginKind.Immediate => TransactionKind.Immediate,
                BeginKind.Exclusive => TransactionKind.Exclusive,
                _ => TransactionKind.Concurrent,
            },
            BusyTimeout);
        _begunBySavepoint = false;
    }

    internal Transaction TakeForCommit() =>
        EndTransaction() ?? throw new SluiceException(ResultCode.Error, "cannot commit - no transaction is active");

    internal void Rollback()
    {
        using Transaction transaction = EndTransaction() ?? throw new SluiceException(ResultCode.Error, "cannot rollback - no transaction is active");
        transaction.Rollback();
    }

    /// <summary>SAVEPOINT: outside a transaction it begins a deferred one.</summary>
    internal void Savepoint(string name)
    {
        if (_transaction is null)
        {
            Begin(BeginKind.Deferred);
            _begunBySavepoint = true;
        }

        _savepoints.Add((name, _transaction!.Mark()));
    }

    internal void RollbackTo(string name)
    {
        int index = FindSavepoint(name);
        _transaction!.RollbackTo(_savepoints[index].Mark);
        _savepoints.RemoveRange(index + 1, _savepoints.Count - index - 1);
    }

    /// <summary>RELEASE: true when it released the savepoint that began the transaction, which must then be committed.</summary>
    internal bool Release(string name)
    {
        int index = FindSavepoint(name);
        if (index == 0 && _begunBySavepoint)
        {
            return true;
        }

        _transaction!.Release(_savepoints[index].Mark);
        _savepoints.RemoveRange(index, _savepoints.Count - index);
        return false;
    }

    /// <summary>
    /// After a failed statement of an explicit transaction: a conflict or the conflict action ROLLBACK ends the whole transaction.
    /// </summary>
    internal SluiceException Failed(SluiceException failure, bool mustRollBack)
    {
        bool conflict = failure.Code is ResultCode.BusyConflict or ResultCode.BusySchema;
        if (_transaction is null || !(conflict || mustRollBack))
        {
            return failure;
        }

        Rollback();
        return conflict ? new SluiceException(failure.Code, $"{failure.Message}; the transaction was rolled back, begin it anew", failure) : failure;
    }

    private Transaction? EndTransaction()
    {
        Transaction? transaction = _transaction;
        _transaction = null;
        _savepoints.Clear();
        return transaction;
    }

    private int FindSavepoint(string name)
    {
        int index = _savepoints.FindLastIndex(savepoint => savepoint.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return index >= 0 ? index : throw new SluiceException(ResultCode.Error, $"no such savepoint: {name}");
    }
}
