using System.Data;
using System.Data.Common;
using System.Text;

namespace Sluice.Engine.Data;

/// <content>Transactions.</content>
public sealed partial class SluiceConnection
{
    private readonly Dictionary<string, IStatement> _controls = [];

    internal SluiceTransaction? CurrentTransaction { get; set; }

    /// <summary>Begins an immediate transaction.</summary>
    public new SluiceTransaction BeginTransaction() => BeginTransaction(SluiceTransactionMode.Immediate);

    /// <summary>
    /// Snapshot begins a concurrent transaction, the other levels an immediate one. Serializable also counts beside concurrent transactions: if one that
    /// committed meanwhile changed what this one has read, its commit fails with <see cref="ResultCode.BusyConflict"/>. One that commits later is held to the
    /// same only at that level itself (PRAGMA isolation). Immediate transactions are serializable among themselves at any level.
    /// </summary>
    public new SluiceTransaction BeginTransaction(IsolationLevel isolationLevel) =>
        Completed.Result(BeginAsync(ModeFor(isolationLevel), isolationLevel == IsolationLevel.Serializable, async: false));

    public SluiceTransaction BeginTransaction(SluiceTransactionMode mode) => Completed.Result(BeginAsync(mode, serializable: false, async: false));

    /// <summary>As <see cref="BeginTransaction(SluiceTransactionMode)"/>; no thread waits for another process.</summary>
    public ValueTask<SluiceTransaction> BeginTransactionAsync(SluiceTransactionMode mode, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return BeginAsync(mode, serializable: false, async: true);
    }

    /// <summary>
    /// Runs <paramref name="work"/> in a concurrent transaction and commits it. On a transient error (a conflict with another
    /// transaction, a lock not had in time) it rolls back, waits a little and runs it anew, a bounded number of times; the work must
    /// therefore have no other effects than on this connection.
    /// </summary>
    public Task RunConcurrentAsync(Func<SluiceConnection, CancellationToken, Task> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ConcurrentRetry.Default.RunAsync(
            this,
            async (connection, token) =>
            {
                await work(connection, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    /// <summary>As the other form, with a result.</summary>
    public Task<T> RunConcurrentAsync<T>(Func<SluiceConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ConcurrentRetry.Default.RunAsync(this, work, cancellationToken);
    }

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => BeginTransaction(isolationLevel);

    protected override async ValueTask<DbTransaction> BeginDbTransactionAsync(IsolationLevel isolationLevel, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await BeginAsync(ModeFor(isolationLevel), isolationLevel == IsolationLevel.Serializable, async: true).ConfigureAwait(false);
    }

    /// <summary>Runs a statement of transaction control.</summary>
    internal void Control(string sql) => Completed.Finish(ControlAsync(sql, async: false));

    internal async ValueTask ControlAsync(string sql, bool async)
    {
        ConnectionGate gate = Gate;
        gate.Enter(command: null);
        try
        {
            // Savepoint names vary without bound, so only the fixed texts are kept.
            bool keep = !sql.Contains('"');
            ISession session = Session;
            if (!_controls.TryGetValue(sql, out IStatement? statement))
            {
                statement = session.Prepare(Encoding.UTF8.GetBytes(sql), 0, out _)!;
                if (keep)
                {
                    _controls.Add(sql, statement);
                }
            }

            try
            {
                _ = async ? await statement.StepAsync().ConfigureAwait(false) : statement.Step();
            }
            finally
            {
                statement.Reset();
                if (!keep)
                {
                    statement.Dispose();
                }
            }
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>Rolls back unless SQL text or an error of the transaction has done so already.</summary>
    internal void RollbackIfActive()
    {
        if (InTransaction)
        {
            Control("ROLLBACK");
        }
    }

    private async ValueTask<SluiceTransaction> BeginAsync(SluiceTransactionMode mode, bool serializable, bool async)
    {
        ISession session = Session;
        if (CurrentTransaction is not null)
        {
            if (session.InTransaction)
            {
                throw new InvalidOperationException(
                    $"A transaction is open on this connection: end it first, or nest with {nameof(SluiceTransaction.Save)}.");
            }

            // SQL text or an error has ended it.
            CurrentTransaction.End();
        }

        string sql = mode switch
        {
            SluiceTransactionMode.Deferred => "BEGIN",
            SluiceTransactionMode.Immediate => "BEGIN IMMEDIATE",
            SluiceTransactionMode.Concurrent => "BEGIN CONCURRENT",
            SluiceTransactionMode.Exclusive => "BEGIN EXCLUSIVE",
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, null),
        };
        await ControlAsync(serializable ? sql + " SERIALIZABLE" : sql, async).ConfigureAwait(false);
        return CurrentTransaction = new SluiceTransaction(this, mode);
    }

    private static SluiceTransactionMode ModeFor(IsolationLevel level) => level switch
    {
        IsolationLevel.Snapshot => SluiceTransactionMode.Concurrent,
        IsolationLevel.Unspecified or IsolationLevel.ReadUncommitted or IsolationLevel.ReadCommitted
            or IsolationLevel.RepeatableRead or IsolationLevel.Serializable => SluiceTransactionMode.Immediate,
        _ => throw new ArgumentException($"The isolation level {level} is not supported.", nameof(level)),
    };

    private void ForgetControls()
    {
        foreach (IStatement control in _controls.Values)
        {
            control.Dispose();
        }

        _controls.Clear();
    }
}
