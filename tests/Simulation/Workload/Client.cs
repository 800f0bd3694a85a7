using Sluice.Engine;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;
using Sluice.Simulation.Model;

namespace Sluice.Simulation.Workload;

/// <summary>
/// One session of the workload. Each <see cref="Act"/> makes one statement, which never waits: locks are asked for with no timeout, and a commit
/// goes on in the background until <see cref="Settle"/> finds it done. Each answer is compared with the model's.
/// </summary>
internal sealed partial class Client(int number, Database database, History history, Random random, Trace trace, Func<bool> mayFail)
{
    private readonly Session _session = Connect(database);
    private ModelTransaction? _transaction;
    private Run? _commit;
    private History.Entry? _entry;
    private long? _snapshot;
    private int _savepoints;

    /// <summary>Whether it waits for a commit.</summary>
    public bool IsWaiting => _commit is not null;

    /// <summary>Whether it is within a statement, while which others go on.</summary>
    public bool IsActing { get; private set; }

    public bool IsExclusive => _transaction is { IsExclusive: true };

    /// <summary>One statement. <paramref name="mayBlock"/>: statements that need the log writer or the pages to themselves are allowed.</summary>
    public void Act(bool mayBlock)
    {
        IsActing = true;
        try
        {
            ActNow(mayBlock);
        }
        finally
        {
            IsActing = false;
        }
    }

    private void ActNow(bool mayBlock)
    {
        if (_transaction is not { } transaction)
        {
            ActOutside(mayBlock);
            return;
        }

        if (ViewOf(transaction).Tables.Count == 0)
        {
            // Nothing to write or read; it may have dropped the last table itself.
            if (transaction.IsExclusive && mayBlock)
            {
                Commit(transaction);
            }
            else
            {
                EndWith("ROLLBACK");
            }

            return;
        }

        switch (random.Next(20))
        {
            case < 9:
                Write(transaction);
                break;
            case < 13:
                Read(transaction);
                break;
            case 13:
                SavepointOrBack(transaction);
                break;
            case 14 when mayBlock && random.Next(4) == 0:
                ChangeSchema(transaction);
                break;
            case 15 when random.Next(3) == 0:
                EndWith("ROLLBACK");
                break;
            case > 15 when mayBlock || !transaction.IsExclusive:
                Commit(transaction);
                break;
            default:
                Read(transaction);
                break;
        }
    }

    /// <summary>What the next statement of a transaction sees. The first one takes the snapshot.</summary>
    private DbState ViewOf(ModelTransaction? transaction) => transaction is { HasBegun: true } ? transaction.View : history.Acknowledged;

    /// <summary>Ends what is open, so that the database can be closed.</summary>
    public void Close()
    {
        _session.Dispose();
        _transaction = null;
    }

    /// <summary>Reads everything and compares it with the last acknowledged state.</summary>
    public void ReadAll()
    {
        DbState expected = _transaction is { HasBegun: true } open ? open.View : history.Acknowledged;
        if (TableReader.TryRead(_session, out DbState found) is { } error)
        {
            RequireExpected(error, "a full scan");
        }
        else if (!found.SameAs(expected))
        {
            throw new SimulationFailure($"session {number} reads what it should not see: {found.DifferenceTo(expected)}");
        }
    }

    public void CheckIntegrity()
    {
        using Run check = Do("PRAGMA integrity_check");
        if (check.Error is { } error)
        {
            RequireExpected(error, "PRAGMA integrity_check");
        }
        else if (check.Rows.Count != 1 || check.Rows[0][0].DecodeText() != "ok")
        {
            throw new SimulationFailure($"integrity_check: {string.Join("; ", check.Rows.Select(row => row[0].DecodeText()))}");
        }
    }

    private static Session Connect(Database database)
    {
        Session session = database.Connect();
        session.BusyTimeout = TimeSpan.Zero;
        return session;
    }

    private void ActOutside(bool mayBlock)
    {
        int choice = random.Next(24);
        if (history.Acknowledged.Tables.Count == 0)
        {
            if (mayBlock)
            {
                ChangeSchema(null);
            }

            return;
        }

        switch (choice)
        {
            case < 14:
                Begin(choice switch { < 9 => "CONCURRENT", < 11 => "IMMEDIATE", 13 when mayBlock && random.Next(3) == 0 => "EXCLUSIVE", _ => "DEFERRED" });
                break;
            case < 19:
                WriteAlone(mayBlock);
                break;
            case 19 when mayBlock && random.Next(3) == 0:
                ChangeSchema(null);
                break;
            case 20 when random.Next(4) == 0:
                CheckIntegrity();
                break;
            case 21:
                ReadAll();
                break;
            default:
                Read(null);
                break;
        }
    }

    private void Begin(string kind)
    {
        using Run run = Do($"BEGIN {kind}");
        if (run.Error is { } error)
        {
            RequireExpected(error, $"BEGIN {kind}");
            return;
        }

        _transaction = new ModelTransaction(kind);
        if (kind is "IMMEDIATE" or "EXCLUSIVE")
        {
            _transaction.BeginOn(history.Acknowledged);
            _snapshot = SnapshotOfSession;
            if (kind == "EXCLUSIVE")
            {
                _transaction.BecomeExclusive(history.Acknowledged);
            }
        }
    }

    /// <summary>Whether its next statement may turn to writing pages directly, should memory get short.</summary>
    public bool MayBecomeExclusive => _transaction is not { Kind: "CONCURRENT" } || database.Store.IsAlone;

    /// <summary>Busy may always be, and a transaction that is too large for memory; other errors only where something was made to fail.</summary>
    private bool IsExpected(SluiceException error) =>
        error.PrimaryCode is ResultCode.Busy or ResultCode.NoMemory
        || (mayFail() && error.PrimaryCode is ResultCode.IoError or ResultCode.Full or ResultCode.ReadOnly or ResultCode.CannotOpen);

    private void RequireExpected(SluiceException error, string what)
    {
        if (!IsExpected(error))
        {
            throw new SimulationFailure($"session {number}: {what}: {error.Code}: {error.Message}", error);
        }
    }

    /// <summary>
    /// The snapshot of a transaction that takes its lock when it begins. Its first write may take a newer one if nothing was read before, should memory
    /// have been too short to keep the old one for writing.
    /// </summary>
    private long? SnapshotOfSession => (_session.BegunTransaction as StoreTransaction)?.View.Snapshot;

    private string PickTable(DbState view) => view.Tables.Keys.ElementAt(random.Next(view.Tables.Count));

    private Run Do(string sql, params SqlValue[] parameters)
    {
        trace.Add(sql, number, parameters.Length);
        var run = new Run(_session, sql, parameters);
        trace.Add("answer", run.IsOver ? run.Rows.Count : -1, run.Error is { } error ? (long)error.Code : 0);
        return run;
    }
}
