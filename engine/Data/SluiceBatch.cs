using System.Data;
using System.Data.Common;

namespace Sluice.Engine.Data;

/// <summary>
/// Commands that run one after the other, each with parameters of its own. Outside a transaction each commits by itself, as the statements of
/// one command do: begin a transaction to have them all or none, and one sync for all. What follows a command that failed does not run;
/// <see cref="DbException.BatchCommand"/> tells which one that was.
/// </summary>
public sealed class SluiceBatch : DbBatch
{
    private readonly SluiceCommand _command;

    public SluiceBatch() : this(null)
    {
    }

    public SluiceBatch(SluiceConnection? connection)
    {
        _command = new SluiceCommand(BatchCommands) { Connection = connection, Transaction = connection?.CurrentTransaction };
    }

    public new SluiceBatchCommandCollection BatchCommands { get; } = new();

    public new SluiceConnection? Connection
    {
        get => _command.Connection;
        set => _command.Connection = value;
    }

    /// <summary>As <see cref="SluiceCommand.Transaction"/>.</summary>
    public new SluiceTransaction? Transaction
    {
        get => _command.Transaction;
        set => _command.Transaction = value;
    }

    /// <summary>Seconds that one call (an Execute, a Read, a NextResult) may take, 0 for any.</summary>
    public override int Timeout
    {
        get => _command.CommandTimeout;
        set => _command.CommandTimeout = value;
    }

    protected override DbBatchCommandCollection DbBatchCommands => BatchCommands;

    protected override DbConnection? DbConnection
    {
        get => Connection;
        set => Connection = (SluiceConnection?)value;
    }

    protected override DbTransaction? DbTransaction
    {
        get => Transaction;
        set => Transaction = (SluiceTransaction?)value;
    }

    /// <summary>Runs all commands; the number of rows inserted, updated and deleted, or -1 if none of them writes.</summary>
    public override int ExecuteNonQuery()
    {
        Begin();
        return _command.ExecuteNonQuery();
    }

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken = default)
    {
        Begin();
        return _command.ExecuteNonQueryAsync(cancellationToken);
    }

    public override object? ExecuteScalar()
    {
        Begin();
        return _command.ExecuteScalar();
    }

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken = default)
    {
        Begin();
        return _command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Runs the commands up to the first with a result; the others run with NextResult, or when the reader is closed.</summary>
    public new SluiceDataReader ExecuteReader(CommandBehavior behavior = CommandBehavior.Default)
    {
        Begin();
        return _command.ExecuteReader(behavior);
    }

    /// <summary>Prepares the first statement; the others may need what it creates.</summary>
    public override void Prepare()
    {
        Begin();
        _command.Prepare();
    }

    public override Task PrepareAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Prepare();
        return Task.CompletedTask;
    }

    public override void Cancel() => _command.Cancel();

    public override void Dispose()
    {
        _command.Dispose();
        base.Dispose();
    }

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => ExecuteReader(behavior);

    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken)
    {
        Begin();
        return await _command.ExecuteReaderAsync(behavior, cancellationToken).ConfigureAwait(false);
    }

    protected override DbBatchCommand CreateDbBatchCommand() => new SluiceBatchCommand();

    private void Begin()
    {
        _command.BeginBatch();
        foreach (SluiceBatchCommand command in BatchCommands)
        {
            command.Begin();
        }
    }
}
