using Sluice.Engine;
using Sluice.Simulation.Model;

namespace Sluice.Simulation.Workload;

/// <content>DDL, and the ends of transactions.</content>
internal sealed partial class Client
{
    /// <summary>
    /// Takes the outcome of a commit that has one; false when there is none, or when an earlier commit must be asked first: several become durable
    /// in one step, in the order of the log.
    /// </summary>
    public bool Settle()
    {
        if (_commit is not { IsReady: true } commit)
        {
            return false;
        }

        if (!commit.IsFaulted && !history.IsNext(_entry!))
        {
            return false;
        }

        commit.Finish();
        trace.Add("settled", number, commit.Error is null ? 0 : (long)commit.Error.Code);
        if (commit.Error is { } error)
        {
            RequireExpected(error, "a commit");
        }
        else
        {
            history.Acknowledge(_entry!);
        }

        commit.Dispose();
        _commit = null;
        _entry = null;
        return true;
    }

    /// <summary>DDL, in the transaction or as one of its own.</summary>
    private void ChangeSchema(ModelTransaction? transaction)
    {
        DbState view = ViewOf(transaction);
        (string sql, Func<DbState, DbState?> change) = SchemaChanges.Next(random, view);
        if (transaction is null)
        {
            ChangeSchemaAlone(sql, change);
            return;
        }

        using Run run = Do(sql);
        transaction.BeginOn(history.Acknowledged);
        if (run.Error is { } error && error.PrimaryCode != ResultCode.Constraint)
        {
            Failed(error, sql);
            return;
        }

        // It became exclusive before it looked at a row, so that a key of the newest state may be there twice that its own snapshot has once.
        transaction.BecomeExclusive(history.Acknowledged);
        DbState? after = change(transaction.View);
        if (run.Error is null)
        {
            transaction.ChangeSchema(after ?? throw new SimulationFailure($"a constraint should have been broken by {sql}"));
        }
        else if (after is null)
        {
            // It has become exclusive all the same; what it is then is not worth a model.
            EndWith("ROLLBACK");
        }
        else
        {
            Failed(run.Error, sql);
        }
    }

    private void ChangeSchemaAlone(string sql, Func<DbState, DbState?> change)
    {
        history.BeginExclusive(change);
        using Run run = Do(sql);
        if (!run.IsOver)
        {
            throw new SimulationFailure($"{sql} left a commit behind");
        }

        if (run.Error is { PrimaryCode: ResultCode.Constraint } && change(history.Acknowledged) is null)
        {
            history.WithdrawExclusive();
        }
        else if (run.Error is { } error)
        {
            RequireExpected(error, sql);
            SettleFailed(error);
        }
        else
        {
            history.AcknowledgeExclusive();
        }
    }

    private void Commit(ModelTransaction transaction)
    {
        if (transaction.IsExclusive)
        {
            CommitExclusive(transaction);
            return;
        }

        Run run = Do("COMMIT");
        _transaction = null;
        if (run.Error is { } error)
        {
            RequireExpected(error, "COMMIT");
            run.Dispose();
        }
        else if (transaction.HasWrites || !run.IsOver)
        {
            AwaitCommit(run, history.Begin(transaction.CommitOn(history.Newest)));
        }
        else
        {
            run.Dispose();
        }
    }

    private void CommitExclusive(ModelTransaction transaction)
    {
        history.BeginExclusive(_ => transaction.View);
        using Run run = Do("COMMIT");
        if (run.Error is { PrimaryCode: ResultCode.Busy } && _session.InTransaction)
        {
            // Another process reads the file. The transaction is as it was: it goes on, is committed again or rolled back.
            history.WithdrawExclusive();
            return;
        }

        _transaction = null;
        if (run.Error is { } error)
        {
            RequireExpected(error, "COMMIT of an exclusive transaction");
            SettleFailed(error);
        }
        else
        {
            history.AcknowledgeExclusive();
        }

        RequireOutside();
    }

    /// <summary>Busy is a refusal; after another error an exclusive commit may have happened.</summary>
    private void SettleFailed(SluiceException error)
    {
        if (error.PrimaryCode == ResultCode.Busy)
        {
            history.WithdrawExclusive();
        }
        else
        {
            history.ExclusiveBecomesUnknown();
        }
    }

    private void AwaitCommit(Run run, History.Entry entry)
    {
        _commit = run;
        _entry = entry;
        if (run.IsOver)
        {
            history.Acknowledge(entry);
            run.Dispose();
            _commit = null;
        }
    }

    private void EndWith(string sql)
    {
        using Run run = Do(sql);
        _transaction = null;
        if (run.Error is { } error)
        {
            RequireExpected(error, sql);
        }

        RequireOutside();
    }

    /// <summary>
    /// After an error that is allowed: the engine has rolled back, or the client does. Going on would need to know whether the snapshot
    /// that the failed statement took is kept.
    /// </summary>
    private void Failed(SluiceException error, string sql)
    {
        RequireExpected(error, sql);
        if (_transaction is not null)
        {
            if (_session.InTransaction)
            {
                EndWith("ROLLBACK");
            }

            _transaction = null;
        }
    }

    private void RequireOutside()
    {
        if (_session.InTransaction)
        {
            throw new SimulationFailure($"session {number} is still in a transaction after its end");
        }
    }
}
