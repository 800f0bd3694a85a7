using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Sluice.Engine.Data;

/// <summary>
/// One or more SQL statements, separated by semicolons, with their parameters. The statements stay prepared as long as
/// <see cref="CommandText"/> does not change, so a command that is run again with other values costs no parsing.
/// <para>The asynchronous forms run the statement on the calling thread and hold no thread while a commit waits for the disk.</para>
/// </summary>
public sealed partial class SluiceCommand : DbCommand
{
    /// <summary>The command itself, or the commands of the batch that it runs.</summary>
    private readonly IReadOnlyList<ICommandPart> _parts;

    private string _text = "";
    private SluiceConnection? _connection;
    private SluiceDataReader? _reader;
    private StatementBatch? _batch;
    private int? _timeoutSeconds;

    public SluiceCommand()
    {
        _parts = [this];
    }

    /// <summary>Runs a batch: its texts and parameters instead of an own one.</summary>
    internal SluiceCommand(IReadOnlyList<ICommandPart> batch)
    {
        _parts = batch;
    }

    public SluiceCommand(string? commandText, SluiceConnection? connection = null, SluiceTransaction? transaction = null)
        : this()
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
            StatementBatch batch = Batch(connection);
            if (batch.MoveNext())
            {
                Completed.Finish(batch.Current!.DescribeAsync(async: false));
            }
        }
        finally
        {
            connection.Gate.Exit();
        }
    }

    /// <summary>Runs the statements; the number of rows inserted, updated and deleted, or -1 if none of them writes.</summary>
    public override int ExecuteNonQuery() => ExecuteNonQuery(CancellationToken.None);

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
}
