using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Ddl;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Pragmas;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine;

/// <summary>How a statement begins: which transaction it runs in, and what happens on a conflict.</summary>
public sealed partial class Statement
{
    /// <summary>The first wait before a conflicting autocommit statement is tried again; it doubles up to <see cref="s_longestBackOff"/>.</summary>
    private static readonly TimeSpan s_firstBackOff = TimeSpan.FromMilliseconds(0.25);

    private static readonly TimeSpan s_longestBackOff = TimeSpan.FromMilliseconds(20);

    private bool IsCompiled => _node is SelectStatement or InsertStatement or UpdateStatement or DeleteStatement;

    private bool ChangesSchema => DdlStatements.Handles(_node) && _node.Explain == ExplainKind.None;

    private async ValueTask<bool> StartAsync(bool asynchronous)
    {
        Reset();
        _session.StatementBegins();
        _started = true;
        try
        {
            if (_compiled is null)
            {
                if (_node.Explain == ExplainKind.None)
                {
                    await RunRoutineAsync(asynchronous).ConfigureAwait(false);
                }
            }
            else
            {
                if (!_compiled.IsReadOnly)
                {
                    RequireWritable(_compiled);
                }

                if (_session.Transaction() is { } transaction)
                {
                    return StartInTransaction(transaction);
                }

                if (_compiled.IsReadOnly)
                {
                    return StartReading();
                }

                await InAutocommitAsync(KindOfOwn(_compiled), _runToEnd ??= RunToEnd, asynchronous).ConfigureAwait(false);
            }

            _row = 0;
            return _rows is { Count: > 0 };
        }
        catch (CorruptRecordException failure)
        {
            Reset();
            throw Located(failure);
        }
        catch
        {
            Reset();
            throw;
        }
    }

    /// <summary>
    /// The transaction that a writing statement has for itself. Of several databases only those are locked that need it, when it runs.
    /// </summary>
    private TransactionKind KindOfOwn(CompiledStatement compiled) =>
        _session.IsAlone && compiled.WrittenOnPages.Length > 0 ? TransactionKind.Exclusive : TransactionKind.Concurrent;

    /// <summary>A read in autocommit holds its snapshot until it is done or reset.</summary>
    private bool StartReading()
    {
        _ownTransaction = _session.BeginTransaction(TransactionKind.Deferred);
        _execution = Compiled(_ownTransaction).Start(_ownTransaction, _session, _parameters);
        return WatchReading(Next());
    }

    /// <summary>In an explicit transaction the rows come as they are asked for; writes are all done by the first.</summary>
    private bool StartInTransaction(Transaction transaction)
    {
        CompiledStatement compiled = Compiled(transaction);
        if (!compiled.IsReadOnly)
        {
            _session.BeforeWrite();
            BecomeExclusive(transaction, compiled);
        }

        _execution = StartAgain() ?? compiled.Start(transaction, _session, _parameters);
        transaction.IsBlind &= _execution is InsertExecution { IsBlind: true };
        bool any;
        try
        {
            any = _execution.Next();
        }
        catch (SluiceException failure)
        {
            bool mustRollBack = _execution.MustRollBack;
            TakeCounters(_execution);
            EndExecution();
            if (_session.GoesOnOnPages(failure))
            {
                return StartInTransaction(transaction);
            }

            throw _session.Failed(failure, mustRollBack);
        }

        TakeCounters(_execution);
        if (_warm is null && _execution is InsertExecution { CanRunAgain: true } insert)
        {
            _warm = insert;
            _session.KeepsWarm(this);
        }

        if (!any)
        {
            EndExecution();
        }

        return WatchReading(any);
    }

    private void RequireWritable(CompiledStatement compiled)
    {
        foreach (Table table in compiled.Written)
        {
            _session.RequireWritable(_schemas, table.Home);
        }

        _session.RequireNotQueryOnly();
    }

    /// <summary>Turns the transactions exclusive of those databases that are written straight on their pages.</summary>
    private void BecomeExclusive(Transaction transaction, CompiledStatement compiled)
    {
        foreach (Table table in compiled.WrittenOnPages)
        {
            _session.BeforeBecomingExclusive();
            try
            {
                transaction.Of(table).BecomeExclusive();
            }
            catch (SluiceException failure)
            {
                throw _session.Failed(failure, mustRollBack: false);
            }
        }
    }

    /// <summary>The execution of the last run in the same transaction, if it can be run again.</summary>
    private InsertExecution? StartAgain()
    {
        _warm?.Restart();
        return _warm;
    }

    private bool WatchReading(bool any)
    {
        if (any)
        {
            _isReading = true;
            _session.BeginsReading(this);
        }

        return any;
    }

    /// <summary>All of a writing execution. Rows of RETURNING are kept until the commit is durable.</summary>
    private Execution RunToEnd(Transaction transaction)
    {
        CompiledStatement compiled = Compiled(transaction);
        foreach (Table table in compiled.WrittenOnPages)
        {
            transaction.Of(table).BecomeExclusive();
        }

        Execution execution = compiled.Start(transaction, _session, _parameters);
        if (execution is ChangeExecution change && transaction.Kind == TransactionKind.Concurrent && _session.IsAlone)
        {
            // Rather than after a part of its rows was written for nothing. While others write, it does not wait for them before it must.
            change.RefusesMany = () => _session.Database.Store.Gate.Inside == 0;
        }

        try
        {
            List<SqlValue[]>? rows = null;
            while (execution.Next())
            {
                (rows ??= []).Add(CurrentRow(execution));
            }

            _session.ForeignKeys.RequireWhole();
            _rows = rows;
            return execution;
        }
        catch (SluiceException failure) when (failure.ConflictAction == ConflictAction.Fail)
        {
            // What FAIL keeps is committed.
            TakeCounters(execution);
            execution.Dispose();
            _session.ForeignKeys.RequireWhole();
            throw;
        }
        catch
        {
            TakeCounters(execution);
            execution.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A write in autocommit: a transaction of its own, tried again on a conflict until the busy timeout, since nothing of it has been seen.
    /// </summary>
    private async ValueTask InAutocommitAsync(TransactionKind kind, Func<Transaction, Execution?> work, bool asynchronous)
    {
        long giveUpAt = Environment.TickCount64 + (long)_session.BusyTimeout.TotalMilliseconds;
        TimeSpan backOff = s_firstBackOff;
        while (true)
        {
            try
            {
                _session.ForeignKeys.ResetCounts();
                Transaction transaction = _session.BeginTransaction(kind, _session.Isolation);
                using Execution? execution = WorkIn(transaction, work);
                await CommitAsync(transaction, asynchronous).ConfigureAwait(false);
                if (execution is not null)
                {
                    TakeCounters(execution);
                }

                return;
            }
            catch (SluiceException failure) when (failure.Code == ResultCode.NoMemory && kind == TransactionKind.Concurrent)
            {
                // Larger than memory: straight on the pages it needs none.
                _rows = null;
                kind = TransactionKind.Exclusive;
                continue;
            }
            catch (SluiceException failure) when (IsConflict(failure) && Environment.TickCount64 < giveUpAt)
            {
                _rows = null;
                _session.CheckCancelled();
            }

            if (asynchronous)
            {
                await Task.Delay(backOff).ConfigureAwait(false);
            }
            else
            {
                _session.Pause(backOff);
            }

            backOff = backOff * 2 < s_longestBackOff ? backOff * 2 : s_longestBackOff;
        }
    }

    private static bool IsConflict(SluiceException failure) =>
        failure.Code is ResultCode.BusyConflict or ResultCode.BusySchema or ResultCode.BusySnapshot;

    private static Execution? WorkIn(Transaction transaction, Func<Transaction, Execution?> work)
    {
        try
        {
            return work(transaction);
        }
        catch (SluiceException failure) when (failure.ConflictAction == ConflictAction.Fail)
        {
            // FAIL keeps the rows that were written before the one that failed.
            using (transaction)
            {
                transaction.Commit();
            }

            throw;
        }
        catch
        {
            transaction.Dispose();
            throw;
        }
    }

    private async ValueTask CommitSessionAsync(bool asynchronous)
    {
        Transaction? transaction = _session.TakeForCommit();
        try
        {
            await CommitAsync(transaction, asynchronous).ConfigureAwait(false);
        }
        catch (SluiceException failure) when (failure.Code is ResultCode.BusyConflict or ResultCode.BusySnapshot)
        {
            throw Session.RolledBack(failure);
        }
    }

    private async ValueTask CommitAsync(Transaction? transaction, bool asynchronous)
    {
        if (transaction is null)
        {
            return;
        }

        transaction.Synchronous = _session.Synchronous;
        using (transaction)
        {
            if (asynchronous)
            {
                await transaction.CommitAsync().ConfigureAwait(false);
            }
            else
            {
                transaction.Commit();
            }
        }
    }

    /// <summary>Also of a statement that failed: no rows, but the rowid of the last one that it had inserted, as in SQLite.</summary>
    private void TakeCounters(Execution execution)
    {
        if (IsChange)
        {
            Changes = execution.Changes;
            _session.StatementChanged(execution.Changes, execution.LastInsertRowid, execution.NestedChanges);
        }
    }

    /// <summary>The plan for the schema that a transaction sees.</summary>
    private CompiledStatement Compiled(Transaction transaction)
    {
        if (!ReferenceEquals(_schemas, transaction.Schemas) || _foreignKeys != _session.ForeignKeys.Enabled || !ReferenceEquals(_functions, _session.Functions))
        {
            Compile(transaction.Schemas);
        }

        return _compiled!;
    }

    private void CompileForDescription()
    {
        if (_node.Explain == ExplainKind.Program)
        {
            throw new SluiceException(ResultCode.Error, "EXPLAIN is not supported, EXPLAIN QUERY PLAN is");
        }

        if (IsCompiled)
        {
            if (_session.BegunTransaction is { } transaction)
            {
                _ = Compiled(transaction);
            }
            else
            {
                using Transaction own = _session.BeginTransaction(TransactionKind.Deferred);
                _ = Compiled(own);
            }
        }
        else if (_node.Explain == ExplainKind.QueryPlan)
        {
            Columns = CompiledExplain.PlanColumns;
        }
        else if (_node is PragmaStatement pragma)
        {
            Columns = [.. PragmaStatements.ColumnsOf(pragma).Select(name => new ResultColumnDescription(name, null, null, null))];
        }
    }

    private void Compile(Schemas schemas)
    {
        _warm = null;
        _foreignKeys = _session.ForeignKeys.Enabled;
        _functions = _session.Functions;
        _compiled = Planner.Compile(_node, schemas, _foreignKeys, _functions);
        _schemas = schemas;
        Columns = _compiled.Columns;
    }
}
