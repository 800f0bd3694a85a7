using System.Data;
using System.Data.Common;

namespace Sluice.Engine.Data;

/// <summary>How a transaction begins.</summary>
public enum SluiceTransactionMode
{
    /// <summary>BEGIN: reads until its first write, then it is the one plain writer.</summary>
    Deferred,

    /// <summary>BEGIN IMMEDIATE: the one plain writer from the start.</summary>
    Immediate,

    /// <summary>BEGIN CONCURRENT: waits for no other writer; the first writer of a row wins, the second gets a transient error.</summary>
    Concurrent,

    /// <summary>BEGIN EXCLUSIVE: alone among all writers.</summary>
    Exclusive,
}

/// <summary>
/// A transaction of a connection. Disposing one that has neither been committed nor rolled back rolls it back. After a
/// transient error of a concurrent transaction, roll back and do the work anew
/// (<see cref="SluiceConnection.RunConcurrentAsync(Func{SluiceConnection, CancellationToken, Task}, CancellationToken)"/> does).
/// </summary>
public sealed class SluiceTransaction : DbTransaction
{
    private SluiceConnection? _connection;

    internal SluiceTransaction(SluiceConnection connection, SluiceTransactionMode mode)
    {
        _connection = connection;
        Mode = mode;
    }

    /// <summary>Null when the transaction has ended.</summary>
    public new SluiceConnection? Connection => _connection;

    public SluiceTransactionMode Mode { get; }

    /// <summary>
    /// Snapshot for a concurrent transaction (PRAGMA isolation may give it more); Serializable for the others, which are that at least
    /// among themselves.
    /// </summary>
    public override IsolationLevel IsolationLevel =>
        Mode == SluiceTransactionMode.Concurrent ? IsolationLevel.Snapshot : IsolationLevel.Serializable;

    public override bool SupportsSavepoints => true;

    protected override DbConnection? DbConnection => _connection;

    /// <summary>Returns when the transaction is on the disk.</summary>
    public override void Commit() => Completed.Finish(CommitAsync(async: false, CancellationToken.None));

    /// <summary>
    /// Completes when the transaction is on the disk; no thread waits meanwhile. Once the commit has begun the token has no effect.
    /// </summary>
    public override Task CommitAsync(CancellationToken cancellationToken = default) => CommitAsync(async: true, cancellationToken).AsTask();

    public override void Rollback()
    {
        Live().RollbackIfActive();
        End();
    }

    public override Task RollbackAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Rollback();
        return Task.CompletedTask;
    }

    public override void Save(string savepointName) => Live().Control($"SAVEPOINT {Quote(savepointName)}");

    public override void Rollback(string savepointName) => Live().Control($"ROLLBACK TO {Quote(savepointName)}");

    public override void Release(string savepointName) => Live().Control($"RELEASE {Quote(savepointName)}");

    protected override void Dispose(bool disposing)
    {
        if (disposing && _connection is not null)
        {
            Rollback();
        }
    }

    public override ValueTask DisposeAsync()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Lets go of the connection; it has committed or rolled back.</summary>
    internal void End()
    {
        if (_connection is { } connection)
        {
            connection.CurrentTransaction = null;
            _connection = null;
        }
    }

    private static string Quote(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private async ValueTask CommitAsync(bool async, CancellationToken cancellationToken)
    {
        SluiceConnection connection = Live();
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await connection.ControlAsync("COMMIT", async).ConfigureAwait(false);
        }
        catch when (!connection.InTransaction)
        {
            End();
            throw;
        }

        End();
    }

    private SluiceConnection Live() =>
        _connection ?? throw new InvalidOperationException("The transaction has ended: it was committed, rolled back, or its connection was closed.");
}
