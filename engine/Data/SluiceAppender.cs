using System.Text;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Data;

/// <summary>
/// Inserts rows into one table without parsing or planning for each: the fast way in. Constraints, affinities, defaults and
/// indexes are those of INSERT, because it is INSERT's own execution that is run row by row.
/// <para>It writes into the connection's present transaction, and an explicit one is required: begin it, append, commit. The appender
/// may be kept and used again in the next transaction. A row that fails is not written and the appender goes on with an empty row; after a
/// conflict the whole transaction is rolled back, as with any statement.</para>
/// </summary>
/// <example><code>
/// using SluiceTransaction transaction = connection.BeginTransaction(SluiceTransactionMode.Concurrent);
/// using SluiceAppender appender = connection.CreateAppender("readings", "series_id", "ts", "value");
/// appender.Add(7).Add(1706000000000000).Add(21.5).EndRow();
/// await transaction.CommitAsync();
/// </code></example>
public sealed class SluiceAppender : IDisposable
{
    private readonly SluiceConnection _connection;
    private readonly Session _session;
    private readonly StatementNode _insert;
    private readonly string _table;
    private readonly SqlValue[] _row;
    private int _filled;

    // The run in one transaction.
    private CompiledStatement? _compiled;
    private Schema? _schema;
    private Transaction? _transaction;
    private ChangeExecution? _execution;

    internal SluiceAppender(SluiceConnection connection, string table, ReadOnlySpan<string> columns)
    {
        _connection = connection;
        _session = connection.Session;
        _table = table;
        Transaction transaction = RequireTransaction();
        int count = columns.Length;
        if (count == 0)
        {
            count = transaction.Schema.TryGetTable(table, out Table? found)
                ? found.Columns.Count
                : throw new SluiceException(ResultCode.Error, $"no such table: {table}");
        }

        _row = new SqlValue[count];
        _insert = Parser.Parse(Encoding.UTF8.GetBytes(InsertText(table, columns, count)), 0, out _)!;
        Start(transaction);
    }

    /// <summary>Values that a row has.</summary>
    public int ColumnCount => _row.Length;

    public SluiceAppender Add(long value) => Add(SqlValue.FromInteger(value));

    public SluiceAppender Add(double value) => Add(SqlValue.FromReal(value));

    /// <summary>A text; NULL for null.</summary>
    public SluiceAppender Add(string? value) => Add(value is null ? SqlValue.Null : SqlValue.FromText(value));

    /// <summary>A blob; the bytes are copied.</summary>
    public SluiceAppender Add(ReadOnlySpan<byte> value) => Add(SqlValue.FromBlob(value.ToArray()));

    /// <summary>A text that is UTF-8 already; the bytes are copied.</summary>
    public SluiceAppender AddText(ReadOnlySpan<byte> utf8) => Add(SqlValue.FromText(utf8.ToArray()));

    public SluiceAppender AddNull() => Add(SqlValue.Null);

    /// <exception cref="InvalidOperationException">The row has a value for each column already.</exception>
    public SluiceAppender Add(SqlValue value)
    {
        if (_filled == _row.Length)
        {
            throw new InvalidOperationException($"The row of {_table} has its {_row.Length} values: call {nameof(EndRow)}.");
        }

        _row[_filled++] = value;
        return this;
    }

    /// <summary>Writes the row; its rowid.</summary>
    /// <exception cref="SluiceException">A constraint failed, or another transaction wrote the same key first.</exception>
    public long EndRow()
    {
        if (_filled != _row.Length)
        {
            throw new InvalidOperationException($"The row of {_table} has {_filled} of its {_row.Length} values.");
        }

        _filled = 0;
        return Write();
    }

    /// <summary>Writes a row; its rowid.</summary>
    public long AppendRow(ReadOnlySpan<SqlValue> values)
    {
        if (_filled != 0)
        {
            throw new InvalidOperationException($"A row of {_table} was begun with Add: end it first.");
        }

        if (values.Length != _row.Length)
        {
            throw new ArgumentException($"A row of {_table} has {_row.Length} values here, not {values.Length}.", nameof(values));
        }

        values.CopyTo(_row);
        return Write();
    }

    /// <summary>Lets go of the transaction; a row that was begun is dropped, the rows written stay.</summary>
    public void Dispose()
    {
        _execution?.Dispose();
        _execution = null;
        _transaction = null;
    }

    private static string InsertText(string table, ReadOnlySpan<string> columns, int count)
    {
        StringBuilder sql = new StringBuilder("INSERT INTO ").Append(Quoted(table));
        for (int i = 0; i < columns.Length; i++)
        {
            _ = sql.Append(i == 0 ? "(" : ", ").Append(Quoted(columns[i]));
        }

        _ = sql.Append(columns.Length == 0 ? " VALUES(" : ") VALUES(");
        for (int i = 0; i < count; i++)
        {
            _ = sql.Append(i == 0 ? "?" : ", ?");
        }

        return sql.Append(')').ToString();
    }

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private long Write()
    {
        ConnectionGate gate = _connection.Gate;
        gate.Enter(command: null);
        try
        {
            Transaction transaction = RequireTransaction();
            if (!ReferenceEquals(transaction, _transaction) || !ReferenceEquals(transaction.Schema, _schema))
            {
                Start(transaction);
            }

            ChangeExecution execution = _execution!;
            _session.StatementBegins();
            try
            {
                execution.Restart();
                _ = execution.Next();
            }
            catch (SluiceException failure)
            {
                bool mustRollBack = execution.MustRollBack;
                Dispose();
                throw _session.Failed(failure, mustRollBack);
            }

            _session.StatementChanged(execution.Changes, execution.LastInsertRowid);
            return execution.LastInsertRowid ?? throw new SluiceException(
                ResultCode.Constraint, $"the row was not inserted into {_table}: a constraint of the table says to ignore rows that conflict");
        }
        finally
        {
            gate.Exit();
        }
    }

    private Transaction RequireTransaction() =>
        _session.Transaction() ?? throw new InvalidOperationException(
            "An appender writes into an explicit transaction: begin one on its connection first.");

    private void Start(Transaction transaction)
    {
        Dispose();
        if (!ReferenceEquals(transaction.Schema, _schema))
        {
            _compiled = Planner.Compile(_insert, transaction.Schema);
            _schema = transaction.Schema;
        }

        _execution = (ChangeExecution)_compiled!.Start(transaction, _session, _row);
        _transaction = transaction;
    }
}
