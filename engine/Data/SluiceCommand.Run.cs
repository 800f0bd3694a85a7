using System.Data;
using Sluice.Engine.Format;

namespace Sluice.Engine.Data;

/// <content>How the statements are run, of the command itself or of the batch that it runs.</content>
public sealed partial class SluiceCommand : ICommandPart
{
    string ICommandPart.Text => _text;

    void ICommandPart.Ran(long? changes)
    {
    }

    /// <summary>Binds the values of <paramref name="batch"/>'s present command to the parameters of its present statement.</summary>
    internal void Bind(StatementBatch batch)
    {
        IStatement statement = batch.Current!;
        SluiceParameterCollection parameters = batch.CurrentPart.Parameters;
        int nameless = 0;
        List<string>? missing = null;
        for (int number = 1; number <= statement.ParameterCount; number++)
        {
            string? name = statement.ParameterName(number);
            bool isNamed = name is not null && name[0] != '?';
            SluiceParameter? parameter = isNamed
                ? parameters.FindNamed(name!)
                : parameters.FindNamed($"?{number}") ?? parameters.FindNameless(nameless++);
            if (parameter is null && MissingIsNull)
            {
                statement.Bind(number, SqlValue.Null);
                continue;
            }

            if (parameter is null)
            {
                (missing ??= []).Add(isNamed ? name! : $"?{number}");
                continue;
            }

            statement.Bind(number, parameter.ToSqlValue());
        }

        if (missing is not null)
        {
            throw new InvalidOperationException(
                $"The statement has parameters without a value: {string.Join(", ", missing)}. Add them to the command's Parameters.");
        }
    }

    /// <summary>What an interrupted operation reports: a timeout, a cancellation, or the engine's own error.</summary>
    internal Exception Interrupted(SluiceException error, bool timedOut, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return new OperationCanceledException(error.Message, error, cancellationToken);
        }

        return timedOut
            ? new SluiceException(
                ResultCode.Interrupt,
                $"The command was interrupted after its {nameof(CommandTimeout)} of {CommandTimeout} s.",
                error)
            : error;
    }

    internal void ReaderClosed(SluiceDataReader reader)
    {
        if (ReferenceEquals(_reader, reader))
        {
            _reader = null;
        }
    }

    internal int ExecuteNonQuery(CancellationToken cancellationToken) => Completed.Result(RunAsync(async: false, cancellationToken));

    /// <summary>Before a run of a batch, whose commands may be others than in the run before.</summary>
    internal void BeginBatch()
    {
        RequireNoReader("run");
        Forget();
    }

    /// <summary>Gives the prepared statements back; the next run takes them again, or prepares anew.</summary>
    private void Forget()
    {
        _batch?.Dispose();
        _batch = null;
    }

    private async ValueTask<int> RunAsync(bool async, CancellationToken cancellationToken)
    {
        SluiceConnection connection = Ready("Execute");
        cancellationToken.ThrowIfCancellationRequested();
        ConnectionGate gate = connection.Gate;
        gate.Enter(this);
        try
        {
            using CancellationTokenRegistration registration = CancelOn(cancellationToken);
            StatementBatch batch = Batch(connection);
            int affected = -1;
            while (batch.MoveNext())
            {
                IStatement statement = batch.Current!;
                try
                {
                    Bind(batch);
                    _ = async ? await statement.StepAsync().ConfigureAwait(false) : statement.Step();
                    Count(batch, ref affected);
                }
                finally
                {
                    statement.Reset();
                }
            }

            return affected;
        }
        catch (SluiceException error) when (error.PrimaryCode == ResultCode.Interrupt)
        {
            throw Interrupted(error, gate.TimedOut, cancellationToken);
        }
        catch (SluiceException error)
        {
            error.FailedCommand = _batch?.CurrentCommand;
            throw;
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>Adds what the statement that ran has changed to the rows affected, -1 while nothing has written.</summary>
    internal static void Count(StatementBatch batch, ref int affected)
    {
        IStatement statement = batch.Current!;
        batch.CurrentPart.Ran(statement.IsReadOnly ? null : statement.Changes);
        if (!statement.IsReadOnly)
        {
            affected = (int)Math.Min(int.MaxValue, Math.Max(affected, 0) + statement.Changes);
        }
    }

    private async ValueTask<object?> ScalarAsync(bool async, CancellationToken cancellationToken)
    {
        SluiceDataReader reader = await ReaderAsync(CommandBehavior.Default, async, cancellationToken).ConfigureAwait(false);
        object? result = null;
        try
        {
            if (reader.FieldCount > 0
                && (async ? await reader.ReadAsync(cancellationToken).ConfigureAwait(false) : reader.Read()))
            {
                result = reader.GetValue(0);
            }
        }
        catch
        {
            reader.Abandon();
            throw;
        }

        await reader.CloseAsync(async, cancellationToken).ConfigureAwait(false);
        return result;
    }

    private async ValueTask<SluiceDataReader> ReaderAsync(CommandBehavior behavior, bool async, CancellationToken cancellationToken)
    {
        SluiceConnection connection = Ready("ExecuteReader");
        cancellationToken.ThrowIfCancellationRequested();
        SluiceDataReader reader = new(this, connection, Batch(connection), behavior);
        _reader = reader;
        try
        {
            await reader.OpenFirstAsync(async, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            reader.Abandon();
            throw;
        }

        return reader;
    }

    internal CancellationTokenRegistration CancelOn(CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static command => ((SluiceCommand)command!).Cancel(), this)
            : default;

    private StatementBatch Batch(SluiceConnection connection)
    {
        ISession session = connection.Session;
        if (_batch is { } batch && ReferenceEquals(batch.Session, session))
        {
            batch.Restart();
            return batch;
        }

        Forget();
        return _batch = new StatementBatch(connection.Statements, session, _parts);
    }

    private SluiceConnection Ready(string what)
    {
        if (_connection is not { State: ConnectionState.Open } connection)
        {
            throw new InvalidOperationException($"{what} needs an open connection: set the command's Connection and open it.");
        }

        if (_parts.Count == 0)
        {
            throw new InvalidOperationException($"{what} needs commands: add them to the batch's BatchCommands.");
        }

        for (int i = 0; i < _parts.Count; i++)
        {
            if (_parts[i].Text.Length == 0)
            {
                throw new InvalidOperationException($"{what} needs SQL: set the command's CommandText.");
            }
        }

        if (Transaction is { } transaction && !ReferenceEquals(transaction, connection.CurrentTransaction))
        {
            throw new InvalidOperationException(
                transaction.Connection is null
                    ? "The command's transaction has ended: set its Transaction to the connection's present one, or to null."
                    : "The command's transaction belongs to another connection.");
        }

        RequireNoReader("run");
        return connection;
    }

    private void RequireNoReader(string what)
    {
        if (_reader is not null)
        {
            throw new InvalidOperationException($"A reader of this command is open: close it before you {what} the command.");
        }
    }
}
