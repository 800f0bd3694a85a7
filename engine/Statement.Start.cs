using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Ddl;
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

    private async ValueTask<bool> StartAsync(bool asynchronous)
    {
        Reset();
        _session.StatementBegins();
        _started = true;
        try
        {
            if (_compiled is null)
            {
                await RunRoutineAsync(asynchronous).ConfigureAwait(false);
            }
            else if (_session.Transaction is { } transaction)
            {
                return StartInTransaction(transaction);
            }
            else if (_compiled.IsReadOnly)
            {
                _ownTransaction = _session.Database.Store.Begin(TransactionKind.Deferred, _session.BusyTimeout);
                _execution = Compiled(_ownTransaction).Start(_ownTransaction, _session, _parameters);
                return Next();
            }
            else
            {
                await RunAutocommitAsync(asynchronous).ConfigureAwait(false);
            }

            _row = 0;
            return _rows is { Count: > 0 };
        }
        catch
        {
            Reset();
            throw;
        }
    }

    /// <summary>In an explicit transaction the rows come as they are asked for; writes are all done by the first.</summary>
    private bool StartInTransaction(Transaction transaction)
    {
        _execution = Compiled(transaction).Start(transaction, _session, _parameters);
        bool any;
        try
        {
            any = _execution.Next();
        }
        catch (SluiceException failure)
        {
            bool mustRollBack = _execution.MustRollBack;
            EndExecution();
            throw _session.Failed(failure, mustRollBack);
        }

        TakeCounters(_execution);
        if (!any)
        {
            EndExecution();
        }

        return any;
    }

    /// <summary>
    /// A write in autocommit: a concurrent transaction of its own, tried again on a conflict until the busy timeout, since nothing of it
    /// has been seen. Rows of RETURNING are kept until the commit is durable.
    /// </summary>
    private async ValueTask RunAutocommitAsync(bool asynchronous)
    {
        long giveUpAt = Environment.TickCount64 + (long)_session.BusyTimeout.TotalMilliseconds;
        TimeSpan backOff = s_firstBackOff;
        while (true)
        {
            try
            {
                using Transaction transaction = _session.Database.Store.Begin(TransactionKind.Concurrent, _session.BusyTimeout);
                using (Execution execution = Compiled(transaction).Start(transaction, _session, _parameters))
                {
                    _rows = Drain(execution);
                    if (asynchronous)
                    {
                        await transaction.CommitAsync().ConfigureAwait(false);
                    }
                    else
                    {
                        transaction.Commit();
                    }

                    TakeCounters(execution);
                }

                return;
            }
            catch (SluiceException failure) when (failure.Code is ResultCode.BusyConflict or ResultCode.BusySchema && Environment.TickCount64 < giveUpAt)
            {
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

    /// <summary>BEGIN, COMMIT and the like, DDL, PRAGMA: what is not compiled.</summary>
    private async ValueTask RunRoutineAsync(bool asynchronous)
    {
        switch (_node)
        {
            case BeginStatement begin:
                _session.Begin(begin.Kind);
                break;
            case CommitStatement:
                await CommitAsync(_session.TakeForCommit(), asynchronous).ConfigureAwait(false);
                break;
            case RollbackStatement { Savepoint: { } savepoint }:
                _session.RollbackTo(savepoint);
                break;
            case RollbackStatement:
                _session.Rollback();
                break;
            case SavepointStatement savepoint:
                _session.Savepoint(savepoint.Name);
                break;
            case ReleaseStatement release:
                if (_session.Release(release.Name))
                {
                    await CommitAsync(_session.TakeForCommit(), asynchronous).ConfigureAwait(false);
                }

                break;
            case PragmaStatement pragma:
                await InTransactionAsync(TransactionKind.Deferred, transaction => _rows = PragmaStatements.Execute(pragma, _session, transaction).Rows, asynchronous).ConfigureAwait(false);
                break;
            default:
                await InTransactionAsync(TransactionKind.Immediate, transaction => DdlStatements.Execute(_node, transaction, _session, _parameters), asynchronous).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>Runs work in the session's transaction, whose part of it is taken back when it fails, or in one of its own.</summary>
    private async ValueTask InTransactionAsync(TransactionKind kind, Action<Transaction> work, bool asynchronous)
    {
        if (_session.Transaction is { } transaction)
        {
            int mark = transaction.Mark();
            try
            {
                work(transaction);
            }
            catch (SluiceException failure)
            {
                transaction.RollbackTo(mark);
                transaction.Release(mark);
                throw _session.Failed(failure, mustRollBack: false);
            }

            transaction.Release(mark);
            return;
        }

        using Transaction own = _session.Database.Store.Begin(kind, _session.BusyTimeout);
        work(own);
        await CommitAsync(own, asynchronous).ConfigureAwait(false);
    }

    private static async ValueTask CommitAsync(Transaction transaction, bool asynchronous)
    {
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

    /// <summary>Reads all rows of a writing execution; null when there are none to return.</summary>
    private List<SqlValue[]>? Drain(Execution execution)
    {
        List<SqlValue[]>? rows = null;
        while (execution.Next())
        {
            SqlValue[] row = new SqlValue[ColumnCount];
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = execution.Column(i);
            }

            (rows ??= []).Add(row);
        }

        return rows;
    }

    private void TakeCounters(Execution execution)
    {
        if (IsChange)
        {
            Changes = execution.Changes;
            _session.StatementChanged(execution.Changes, execution.LastInsertRowid);
        }
    }

    /// <summary>The plan for the schema that a transaction sees.</summary>
    private CompiledStatement Compiled(Transaction transaction)
    {
        if (!ReferenceEquals(_schema, transaction.Schema))
        {
            Compile(transaction.Schema);
        }

        return _compiled!;
    }

    private void CompileForDescription()
    {
        switch (_node)
        {
            case SelectStatement or InsertStatement or UpdateStatement or DeleteStatement:
                if (_session.Transaction is { } transaction)
                {
                    Compile(transaction.Schema);
                }
                else
                {
                    using Transaction own = _session.Database.Store.Begin(TransactionKind.Deferred, _session.BusyTimeout);
                    Compile(own.Schema);
                }

                break;
            case PragmaStatement pragma:
                Columns = [.. PragmaStatements.ColumnsOf(pragma).Select(name => new ResultColumnDescription(name, null, null, null))];
                break;
            default:
                break;
        }
    }

    private void Compile(Schema schema)
    {
        _compiled = Planner.Compile(_node, schema);
        _schema = schema;
        Columns = _compiled.Columns;
    }
}
