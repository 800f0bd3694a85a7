using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Format;

namespace Sluice.Engine.Data;

/// <summary>
/// One or more SQL statements, separated by semicolons, with their parameters. The statements stay prepared as long as
/// <see cref="CommandText"/> does not change, so a command that is run again with other values costs no parsing.
/// <para>The asynchronous forms run the statement on the calling thread and hold no thread while a commit waits for the disk.</para>
/// </summary>
public sealed class SluiceCommand : DbCommand
{
    private string _text = "";
    private SluiceConnection? _connection;
    private SluiceDataReader? _reader;
    private StatementBatch? _batch;
    private int? _timeoutSeconds;

    public SluiceCommand()
    {
    }

    public SluiceCommand(string? commandText, SluiceConnection? connection = null, SluiceTransaction? transaction = null)
    {
        CommandText = commandText;
        Connection = connection;
        Transaction = transaction;
    }

    [AllowNull]
    public override string CommandText
    {
        get => _text;
        set
        {
            RequireNoReader("change the text of");
            if (_text != (value ?? ""))
            {
                Forget();
                _text = value ?? "";
            }
        }
    }

    /// <summary>
    /// Seconds that one call (an Execute, a Read, a NextResult) may take before it is interrupted, 0 for any; waiting for a
    /// lock is bounded by the connection's busy timeout instead.
    /// </summary>
    public override int CommandTimeout
    {
        get => _timeoutSeconds ?? _connection?.DefaultTimeoutSeconds ?? SluiceConnectionStringBuilder.DefaultCommandTimeoutSeconds;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _timeoutSeconds = value;
        }
    }

    /// <summary>
    /// Whether a parameter of the text without a value is NULL, as it is for sqlite3; normally it is an error, because such a value was forgotten.
    /// </summary>
    public bool MissingIsNull { get; set; }

    public override CommandType CommandType
    {
        get => CommandType.Text;
        set
        {
            if (value != CommandType.Text)
            {
                throw new NotSupportedException($"The command type {value} is not supported: a command is SQL text.");
            }
        }
    }

    public new SluiceConnection? Connection
    {
        get => _connection;
        set
        {
            RequireNoReader("change the connection of");
            if (!ReferenceEquals(_connection, value))
            {
                Forget();
                _connection = value;
            }
        }
    }

    public new SluiceParameterCollection Parameters { get; } = [];

    /// <summary>
    /// Need not be set: a command runs in its connection's transaction. If it is set, it must be that one.
    /// </summary>
    public new SluiceTransaction? Transaction { get; set; }

    public override bool DesignTimeVisible { get; set; }

    public override UpdateRowSource UpdatedRowSource { get; set; }

    protected override DbConnection? DbConnection
    {
        get => _connection;
        set => Connection = (SluiceConnection?)value;
    }

    protected override DbParameterCollection DbParameterCollection => Parameters;

    protected override DbTransaction? DbTransaction
    {
        get => Transaction;
        set => Transaction = (SluiceTransaction?)value;
    }

    /// <summary>Interrupts the command if it is running on another thread; it then fails with <see cref="ResultCode.Interrupt"/>.</summary>
    public override void Cancel() => _connection?.OpenGate?.Cancel(this);

    public new SluiceParameter CreateParameter() => new();

    protected override DbParameter CreateDbParameter() => new SluiceParameter();

    /// <summary>Prepares the first statement, so that an error in it shows now.</summary>
    public override void Prepare()
    {
        SluiceConnection connection = Ready(nameof(Prepare));
        connection.Gate.Enter(this);
        try
        {
            if (Batch(connection).At(0) is { } statement)
            {
                Completed.Finish(statement.DescribeAsync(async: false));
            }
        }
        finally
        {
            connection.Gate.Exit();
        }
    }

    /// <summary>Runs the statements; the number of rows inserted, updated and deleted, or -1 if none of them writes.</summary>
    public override int ExecuteNonQuery() => Completed.Result(RunAsync(async: false, CancellationToken.None));

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) => RunAsync(async: true, cancellationToken).AsTask();

    /// <summary>
    /// Runs the statements; the first column of the first row of the first result, DBNull if it is NULL, null if there is no row.
    /// </summary>
    public override object? ExecuteScalar() => Completed.Result(ScalarAsync(async: false, CancellationToken.None));

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) =>
        ScalarAsync(async: true, cancellationToken).AsTask();

    public new SluiceDataReader ExecuteReader() => ExecuteReader(CommandBehavior.Default);

    /// <summary>
    /// Runs the statements up to the first with a result. The others run with <see cref="SluiceDataReader.NextResult"/>, or
    /// when the reader is closed.
    /// </summary>
    public new SluiceDataReader ExecuteReader(CommandBehavior behavior) =>
        Completed.Result(ReaderAsync(behavior, async: false, CancellationToken.None));

    public new Task<SluiceDataReader> ExecuteReaderAsync() => ExecuteReaderAsync(CommandBehavior.Default, CancellationToken.None);

    public new Task<SluiceDataReader> ExecuteReaderAsync(CancellationToken cancellationToken) =>
        ExecuteReaderAsync(CommandBehavior.Default, cancellationToken);

    public new Task<SluiceDataReader> ExecuteReaderAsync(CommandBehavior behavior) =>
        ExecuteReaderAsync(behavior, CancellationToken.None);

    public new Task<SluiceDataReader> ExecuteReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        ReaderAsync(behavior, async: true, cancellationToken).AsTask();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => ExecuteReader(behavior);

    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        await ReaderAsync(behavior, async: true, cancellationToken).ConfigureAwait(false);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _reader?.Abandon();
            Forget();
        }

        base.Dispose(disposing);
    }

    /// <summary>Binds this command's values to the parameters of <paramref name="statement"/>.</summary>
    internal void BindTo(IStatement statement)
    {
        int nameless = 0;
        List<string>? missing = null;
        for (int number = 1; number <= statement.ParameterCount; number++)
        {
            string? name = statement.ParameterName(number);
            bool isNamed = name is not null && name[0] != '?';
            SluiceParameter? parameter = isNamed
                ? Parameters.FindNamed(name!)
                : Parameters.FindNamed($"?{number}") ?? Parameters.FindNameless(nameless++);
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

    /// <summary>Drops the prepared statements; they are prepared anew at the next run.</summary>
    internal void Forget()
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
            for (int i = 0; batch.At(i) is { } statement; i++)
            {
                try
                {
                    BindTo(statement);
                    _ = async ? await statement.StepAsync().ConfigureAwait(false) : statement.Step();
                    if (!statement.IsReadOnly)
                    {
                        affected = (int)Math.Min(int.MaxValue, Math.Max(affected, 0) + statement.Changes);
                    }
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
        finally
        {
            gate.Exit();
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
        if (_batch is { } batch && ReferenceEquals(batch.Session, connection.Session))
        {
            return batch;
        }

        Forget();
        return _batch = new StatementBatch(connection.Session, _text);
    }

    private SluiceConnection Ready(string what)
    {
        if (_connection is not { State: ConnectionState.Open } connection)
        {
            throw new InvalidOperationException($"{what} needs an open connection: set the command's Connection and open it.");
        }

        if (_text.Length == 0)
        {
            throw new InvalidOperationException($"{what} needs SQL: set the command's CommandText.");
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
