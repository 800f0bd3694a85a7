using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine;

/// <summary>
/// Transaction control ("Transaction", sqlite.org/lang_transaction.html; "Savepoints", sqlite.org/lang_savepoint.html).
/// <para>BEGIN and BEGIN CONCURRENT, as in SQLite, do nothing yet: the snapshot is taken by the first statement after them. The
/// other kinds take their lock at once.</para>
/// <para>Statements that are being read when their transaction changes under them: a commit, DDL, or a write straight on the
/// pages makes them keep the rows that they have still to give; a rollback makes them fail.</para>
/// </summary>
public sealed partial class Session
{
    /// <summary>A savepoint; its mark is set once the transaction has really begun.</summary>
    private sealed class NamedSavepoint(string name)
    {
        public string Name { get; } = name;

        public int Mark { get; set; }

        /// <summary>Foreign keys that were broken when it was set.</summary>
        public required (long Deferred, long DeferredImmediate) Broken { get; init; }
    }

    private readonly List<NamedSavepoint> _savepoints = [];

    /// <summary>Statements that keep what they need to run again in the present transaction.</summary>
    private readonly List<Statement> _warm = [];

    /// <summary>Statements that have given a row and may give more.</summary>
    private readonly List<Statement> _reading = [];

    private Transaction? _transaction;

    /// <summary>The kind of a transaction that was begun in words but not yet in fact.</summary>
    private TransactionKind? _announced;

    /// <summary>The isolation of the transaction that was announced.</summary>
    private Isolation _announcedIsolation;

    private bool _begunBySavepoint;

    /// <summary>Whether the transaction writes straight on the pages, so that open cursors would see its changes half.</summary>
    private bool _isExclusive;

    /// <summary>Whether a transaction was begun by BEGIN or SAVEPOINT and not yet ended.</summary>
    public bool InTransaction => _transaction is not null || _announced is not null;

    /// <summary>Whether each statement is a transaction of its own.</summary>
    public bool IsAutocommit => !InTransaction;

    /// <summary>Whether the open transaction writes straight on the pages and so holds them.</summary>
    internal bool HoldsPages => _isExclusive;

    /// <summary>The explicit transaction if it has begun in fact, else null.</summary>
    internal Transaction? BegunTransaction => _transaction;

    /// <summary>The explicit transaction, begun now if it was only announced; null in autocommit.</summary>
    internal Transaction? Transaction()
    {
        if (_announced is { } kind)
        {
            _transaction = BeginTransaction(kind, _announcedIsolation);
            _transaction.IsBlind = true;
            _announced = null;
            foreach (NamedSavepoint savepoint in _savepoints)
            {
                savepoint.Mark = _transaction.Mark();
            }
        }

        return _transaction;
    }

    internal void Begin(BeginKind kind, Isolation isolation)
    {
        if (InTransaction)
        {
            throw new SluiceException(ResultCode.Error, "cannot start a transaction within a transaction");
        }

        _begunBySavepoint = false;
        ForeignKeys.ResetCounts();
        _announcedIsolation = isolation;
        switch (kind)
        {
            case BeginKind.Deferred:
                _announced = TransactionKind.Deferred;
                break;
            case BeginKind.Concurrent:
                _announced = TransactionKind.Concurrent;
                break;
            case BeginKind.Immediate:
                RequireNotQueryOnly();
                RequireWritable();
                _transaction = BeginTransaction(TransactionKind.Immediate, isolation);
                _transaction.IsBlind = true;
                break;
            default:
                RequireNotQueryOnly();
                RequireWritable();
                _transaction = BeginTransaction(TransactionKind.Exclusive);
                _isExclusive = true;
                break;
        }
    }

    /// <summary>The transaction to be committed, which is then no longer the session's; null when it was never begun in fact.</summary>
    internal Transaction? TakeForCommit()
    {
        if (!InTransaction)
        {
            throw new SluiceException(ResultCode.Error, "cannot commit - no transaction is active");
        }

        ForeignKeys.RequireWhole();
        KeepRowsOfReaders();
        return EndTransaction();
    }

    internal void Rollback()
    {
        if (!InTransaction)
        {
            throw new SluiceException(ResultCode.Error, "cannot rollback - no transaction is active");
        }

        foreach (Statement statement in _reading.ToArray())
        {
            statement.AbortReading();
        }

        using Transaction? transaction = EndTransaction();
        transaction?.Rollback();
    }

    /// <summary>SAVEPOINT: outside a transaction it begins a deferred one.</summary>
    internal void Savepoint(string name)
    {
        if (!InTransaction)
        {
            Begin(BeginKind.Deferred, Isolation);
            _begunBySavepoint = true;
        }

        _savepoints.Add(new NamedSavepoint(name)
        {
            Mark = _transaction?.Mark() ?? 0,
            Broken = (ForeignKeys.Deferred, ForeignKeys.DeferredImmediate),
        });
    }

    internal void RollbackTo(string name)
    {
        int index = FindSavepoint(name);
        if (_isExclusive)
        {
            KeepRowsOfReaders();
        }

        _transaction?.RollbackTo(_savepoints[index].Mark);
        (ForeignKeys.Deferred, ForeignKeys.DeferredImmediate) = _savepoints[index].Broken;
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

        _transaction?.Release(_savepoints[index].Mark);
        _savepoints.RemoveRange(index, _savepoints.Count - index);
        return false;
    }

    /// <summary>Refuses a write to main, or to the database that a schema of <paramref name="schemas"/> is of, where nothing may be written.</summary>
    internal void RequireWritable(Schemas? schemas = null, Schema? home = null)
    {
        if (schemas is not null && home is not null && home != schemas.Main)
        {
            if (Named(schemas.NameOf(home)) is { } attached && !MayWrite(attached))
            {
                throw new SluiceException(ResultCode.ReadOnly, $"attempt to write a readonly database: {attached.Path}");
            }
        }
        else if (IsReadOnly)
        {
            throw new SluiceException(ResultCode.ReadOnly, Database.IsLive
                ? "attempt to write a readonly database"
                : $"attempt to write a readonly database: another process owns {Database.Path}, and what is read here is its last checkpoint");
        }
    }

    /// <summary>Refuses what writes, or takes the lock for it, while PRAGMA query_only is on.</summary>
    internal void RequireNotQueryOnly()
    {
        if (QueryOnly)
        {
            throw new SluiceException(ResultCode.ReadOnly, "attempt to write a readonly database");
        }
    }

    internal void BeginsReading(Statement statement) => _reading.Add(statement);

    internal void EndsReading(Statement statement) => _reading.Remove(statement);

    internal void KeepsWarm(Statement statement) => _warm.Add(statement);

    /// <summary>Before a write in the session's transaction: cursors do not stand writes straight on the pages.</summary>
    internal void BeforeWrite()
    {
        if (_isExclusive)
        {
            KeepRowsOfReaders();
        }
    }

    /// <summary>Before what makes the session's transaction write straight on the pages.</summary>
    internal void BeforeBecomingExclusive()
    {
        KeepRowsOfReaders();
        CoolStatements();
        _isExclusive = InTransaction;
    }

    /// <summary>
    /// After a statement that memory was too short for, and that took back what it had written: makes the transaction write straight on the
    /// pages, if it may wait for the other writers. True when the statement can be made again.
    /// </summary>
    /// <exception cref="SluiceException">NoMemory: others have committed what this transaction does not see.</exception>
    internal bool GoesOnOnPages(SluiceException failure)
    {
        if (failure.Code != ResultCode.NoMemory || _isExclusive || _transaction is not { } transaction
            || (transaction.Kind == TransactionKind.Concurrent && Database.Store.Gate.Inside > 1))
        {
            return false;
        }

        BeforeBecomingExclusive();
        try
        {
            transaction.BecomeExclusive();
            return true;
        }
        catch (SluiceException busy) when (busy.PrimaryCode == ResultCode.Busy)
        {
            _isExclusive = false;
            throw Failed(new SluiceException(ResultCode.NoMemory, $"{failure.Message}; it cannot do so now: {busy.Message}", busy), mustRollBack: false);
        }
    }

    /// <summary>
    /// After a failed statement of an explicit transaction: a conflict or the conflict action ROLLBACK ends the whole transaction, and one that
    /// memory is too short for, so that it is free again. A plain one
    /// that cannot turn to writing because its snapshot is old may read on, as in SQLite.
    /// </summary>
    internal SluiceException Failed(SluiceException failure, bool mustRollBack)
    {
        if (_transaction is { } transaction)
        {
            // The error may tell what is there.
            transaction.IsBlind = false;
        }

        bool conflict = failure.Code is ResultCode.BusyConflict or ResultCode.BusySchema
            || (failure.Code is ResultCode.BusySnapshot or ResultCode.NoMemory && _transaction is { Kind: TransactionKind.Concurrent });
        if (!InTransaction || !(conflict || mustRollBack))
        {
            return failure;
        }

        Rollback();
        return conflict ? RolledBack(failure) : failure;
    }

    /// <summary>The error that tells that with it the transaction is gone.</summary>
    internal static SluiceException RolledBack(SluiceException conflict) =>
        new(conflict.Code, $"{conflict.Message}; the transaction was rolled back, begin it anew", conflict);

    private void KeepRowsOfReaders()
    {
        foreach (Statement statement in _reading.ToArray())
        {
            statement.KeepRows();
        }
    }

    private void CoolStatements()
    {
        foreach (Statement statement in _warm)
        {
            statement.Cool();
        }

        _warm.Clear();
    }

    private Transaction? EndTransaction()
    {
        CoolStatements();
        Transaction? transaction = _transaction;
        _transaction = null;
        _announced = null;
        _isExclusive = false;
        ForeignKeys.Reset();
        _savepoints.Clear();
        return transaction;
    }

    private int FindSavepoint(string name)
    {
        int index = _savepoints.FindLastIndex(savepoint => savepoint.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return index >= 0 ? index : throw new SluiceException(ResultCode.Error, $"no such savepoint: {name}");
    }
}
