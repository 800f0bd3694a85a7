using Sluice.Engine.Format;

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
    private readonly string _table;
    private readonly string[] _columns;
    private readonly SqlValue[] _row;
    private int _filled;

    // Belongs to one session; when the connection has another (the owner of the file has changed), it is made anew.
    private ISession _session;
    private IRowAppender _rows;

    internal SluiceAppender(SluiceConnection connection, string table, string[] columns)
    {
        _connection = connection;
        _table = table;
        _columns = columns;
        _session = connection.Session;
        _rows = _session.CreateAppender(table, columns);
        _row = new SqlValue[_rows.ColumnCount];
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
    public void Dispose() => _rows.Dispose();

    private long Write()
    {
        ConnectionGate gate = _connection.Gate;
        gate.Enter(command: null);
        try
        {
            ISession session = _connection.Session;
            if (!ReferenceEquals(session, _session))
            {
                _rows = session.CreateAppender(_table, _columns);
                _session = session;
            }

            return _rows.Append(_row);
        }
        finally
        {
            gate.Exit();
        }
    }
}
