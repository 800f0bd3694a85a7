using System.Collections;
using System.Data;
using System.Data.Common;

namespace Sluice.Engine.Data;

/// <summary>
/// The rows of a command's results, forward only. Statements after the present result run with <see cref="NextResult"/>;
/// those that are left run when the reader is closed or disposed, and their errors come from there. With <see cref="CommandBehavior.SingleResult"/>
/// only the first result is given out, with <see cref="CommandBehavior.SingleRow"/> only its first row.
/// </summary>
public sealed partial class SluiceDataReader : DbDataReader
{
    private readonly SluiceCommand _command;
    private readonly SluiceConnection _connection;
    private readonly StatementBatch _batch;
    private readonly CommandBehavior _behavior;

    private IStatement? _statement;
    private bool _hasRows;

    /// <summary>A result was given out, so that with SingleResult there is no further one.</summary>
    private bool _hasGivenResult;

    /// <summary>The statement stands on its first row, which <see cref="Read"/> has not yet given out.</summary>
    private bool _isPeeked;
    private bool _onRow;
    private bool _isClosed;
    private int _recordsAffected = -1;

    internal SluiceDataReader(SluiceCommand command, SluiceConnection connection, StatementBatch batch, CommandBehavior behavior)
    {
        _command = command;
        _connection = connection;
        _batch = batch;
        _behavior = behavior;
        connection.AddReader(this);
    }

    /// <summary>Always 0: results do not nest.</summary>
    public override int Depth => 0;

    public override int FieldCount => Open()._statement?.Columns.Count ?? 0;

    public override bool HasRows => Open()._hasRows;

    public override bool IsClosed => _isClosed;

    /// <summary>Rows inserted, updated and deleted by the statements run so far, or -1 if none of them writes.</summary>
    public override int RecordsAffected => _recordsAffected;

    public override bool Read() => Completed.Result(ReadCoreAsync(async: false, CancellationToken.None));

    public override Task<bool> ReadAsync(CancellationToken cancellationToken) => ReadCoreAsync(async: true, cancellationToken).AsTask();

    public override bool NextResult() => Completed.Result(NextResultCoreAsync(async: false, CancellationToken.None));

    public override Task<bool> NextResultAsync(CancellationToken cancellationToken) =>
        NextResultCoreAsync(async: true, cancellationToken).AsTask();

    public override IEnumerator GetEnumerator() => new DbEnumerator(this, closeReader: false);

    public override void Close() => Completed.Finish(CloseAsync(async: false, CancellationToken.None));

    public override Task CloseAsync() => CloseAsync(async: true, CancellationToken.None).AsTask();

    public override ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return CloseAsync(async: true, CancellationToken.None);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Close();
        }
    }

    internal async ValueTask OpenFirstAsync(bool async, CancellationToken cancellationToken) =>
        await NextResultCoreAsync(async, cancellationToken).ConfigureAwait(false);

    internal async ValueTask CloseAsync(bool async, CancellationToken cancellationToken)
    {
        if (_isClosed)
        {
            return;
        }

        try
        {
            while (await NextResultCoreAsync(async, cancellationToken).ConfigureAwait(false))
            {
            }
        }
        finally
        {
            Abandon();
        }
    }

    /// <summary>Closes without running the statements that are left; after an error, or when the connection closes.</summary>
    internal void Abandon()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        _onRow = false;
        _statement?.Reset();
        _statement = null;
        _command.ReaderClosed(this);
        _connection.RemoveReader(this);
        if (_behavior.HasFlag(CommandBehavior.CloseConnection))
        {
            _connection.Close();
        }
    }

    private async ValueTask<bool> NextResultCoreAsync(bool async, CancellationToken cancellationToken)
    {
        Open();
        cancellationToken.ThrowIfCancellationRequested();
        ConnectionGate gate = _connection.Gate;
        gate.Enter(_command);
        try
        {
            using CancellationTokenRegistration registration = _command.CancelOn(cancellationToken);
            _statement?.Reset();
            _statement = null;
            _hasRows = _isPeeked = _onRow = false;
            while (_batch.MoveNext())
            {
                if (!await StartAsync(_batch.Current!, async).ConfigureAwait(false))
                {
                    continue;
                }

                if (_hasGivenResult && (_behavior & (CommandBehavior.SingleResult | CommandBehavior.SingleRow)) != 0)
                {
                    _batch.Current!.Reset();
                    _hasRows = _isPeeked = false;
                    continue;
                }

                _statement = _batch.Current;
                return _hasGivenResult = true;
            }

            return false;
        }
        catch (Exception error)
        {
            StopAfter(error);
            if (error is SluiceException { PrimaryCode: ResultCode.Interrupt } interrupt)
            {
                throw _command.Interrupted(interrupt, gate.TimedOut, cancellationToken);
            }

            throw;
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>Runs a statement up to its first row; whether it has a result.</summary>
    private async ValueTask<bool> StartAsync(IStatement statement, bool async)
    {
        if (_behavior.HasFlag(CommandBehavior.SchemaOnly))
        {
            await statement.DescribeAsync(async).ConfigureAwait(false);
            return statement.Columns.Count > 0;
        }

        bool keep = false;
        try
        {
            _command.Bind(_batch);
            _hasRows = async ? await statement.StepAsync().ConfigureAwait(false) : statement.Step();
            SluiceCommand.Count(_batch, ref _recordsAffected);

            _isPeeked = _hasRows;
            return keep = statement.Columns.Count > 0;
        }
        finally
        {
            if (!keep)
            {
                statement.Reset();
            }
        }
    }

    private async ValueTask<bool> ReadCoreAsync(bool async, CancellationToken cancellationToken)
    {
        Open();
        cancellationToken.ThrowIfCancellationRequested();
        if (_isPeeked)
        {
            _isPeeked = false;
            return _onRow = true;
        }

        if (!_onRow || _behavior.HasFlag(CommandBehavior.SingleRow))
        {
            return _onRow = false;
        }

        _onRow = false;
        ConnectionGate gate = _connection.Gate;
        gate.Enter(_command);
        try
        {
            using CancellationTokenRegistration registration = _command.CancelOn(cancellationToken);
            return _onRow = async ? await _statement!.StepAsync().ConfigureAwait(false) : _statement!.Step();
        }
        catch (Exception error)
        {
            StopAfter(error);
            if (error is SluiceException { PrimaryCode: ResultCode.Interrupt } interrupt)
            {
                throw _command.Interrupted(interrupt, gate.TimedOut, cancellationToken);
            }

            throw;
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>What follows a statement that failed does not run, also not when the reader is closed.</summary>
    private void StopAfter(Exception error)
    {
        if (error is SluiceException failure)
        {
            failure.FailedCommand = _batch.CurrentCommand;
        }

        _batch.Stop();
    }

    private SluiceDataReader Open() => _isClosed ? throw new InvalidOperationException("The reader is closed.") : this;
}
