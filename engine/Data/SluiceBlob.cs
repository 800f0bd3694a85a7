using Sluice.Engine.Format;

namespace Sluice.Engine.Data;

/// <summary>
/// A blob or text of one row as a stream. Outside a transaction it shows the value as it was committed when the stream was opened, and reads each piece
/// from where it is stored, so that a large value takes no memory; in a transaction, with temporary tables or attached databases, or through another process, the value is read whole at the first use.
/// <para>Writing changes bytes within the value's length. It is gathered in memory and becomes one UPDATE with <see cref="Flush"/> or when the stream
/// is disposed, in the connection's transaction if one is open; outside one, what others have written into the value meanwhile is overwritten. Dispose the
/// stream before its connection.</para>
/// </summary>
public sealed class SluiceBlob : Stream
{
    private readonly SluiceConnection _connection;
    private readonly string _table;
    private readonly string _column;
    private readonly long _rowid;
    private readonly bool _isText;
    private readonly int _length;

    private StoredValue? _stored;
    private byte[]? _whole;
    private bool _isChanged;
    private bool _isClosed;
    private int _position;

    /// <param name="connection">An open connection.</param>
    /// <param name="table">A table with rowids.</param>
    /// <param name="column">Any column.</param>
    /// <param name="rowid">Of the row.</param>
    /// <param name="readOnly">Whether it cannot be written.</param>
    /// <exception cref="SluiceException">No such table, column or row, or the value is no blob and no text.</exception>
    public SluiceBlob(SluiceConnection connection, string table, string column, long rowid, bool readOnly = false)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentException.ThrowIfNullOrEmpty(table);
        ArgumentException.ThrowIfNullOrEmpty(column);
        _connection = connection;
        _table = table;
        _column = column;
        _rowid = rowid;
        CanWrite = !readOnly;
        if (!connection.InTransaction && connection.Session is Session { IsAlone: true } session && StoredValue.TryOpen(session, table, column, rowid) is { } stored)
        {
            _stored = stored;
            _isText = stored.IsText;
            _length = stored.Length;
            connection.Opened(this);
            return;
        }

        using SluiceCommand command = connection.CreateCommand($"SELECT typeof({Quoted(column)}), octet_length({Quoted(column)}) FROM {Quoted(table)} WHERE rowid = @rowid");
        command.Parameters.AddWithValue("@rowid", rowid);
        using SluiceDataReader reader = command.ExecuteReader();
        if (!reader.Read())
        {
            throw new SluiceException(ResultCode.Error, $"no such rowid: {rowid}");
        }

        string type = reader.GetString(0);
        if (type is not ("blob" or "text"))
        {
            throw new SluiceException(ResultCode.Error, $"cannot open value of type {type}");
        }

        _isText = type == "text";
        _length = reader.GetInt32(1);
    }

    public override bool CanRead => !_isClosed;

    public override bool CanSeek => !_isClosed;

    public override bool CanWrite => field && !_isClosed;

    public override long Length => Open()._length;

    public override long Position
    {
        get => Open()._position;
        set
        {
            Open();
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, int.MaxValue);
            _position = (int)value;
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, Math.Max(0, Open()._length - _position));
        if (count == 0)
        {
            return 0;
        }

        if (_whole is null && _stored is { } stored)
        {
            stored.Read(_position, buffer[..count]);
        }
        else
        {
            Whole().AsSpan(_position, count).CopyTo(buffer);
        }

        _position += count;
        return count;
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!CanWrite)
        {
            throw new NotSupportedException("The stream is read only or closed.");
        }

        if (buffer.Length > _length - _position)
        {
            throw new NotSupportedException($"The value has {_length} bytes and cannot grow: write a longer one, zeroblob(n) for instance, with UPDATE first.");
        }

        buffer.CopyTo(Whole().AsSpan(_position));
        _position += buffer.Length;
        _isChanged = true;
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        long from = origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => Position,
            SeekOrigin.End => Length,
            _ => throw new ArgumentException($"{origin} is no origin.", nameof(origin)),
        };
        if (from + offset < 0)
        {
            throw new IOException("A place before the begin of the stream was sought.");
        }

        return Position = from + offset;
    }

    public override void SetLength(long value) =>
        throw new NotSupportedException("The length of a value is changed by UPDATE, not by its stream.");

    /// <summary>Writes what was changed, in the connection's transaction or in one of its own.</summary>
    /// <exception cref="SluiceException">The row is gone, or another transaction wrote it first.</exception>
    public override void Flush()
    {
        if (!_isChanged)
        {
            return;
        }

        SqlValue value = _isText ? SqlValue.FromText(_whole!.AsSpan().ToArray()) : SqlValue.FromBlob(_whole!.AsSpan().ToArray());
        using SluiceCommand command = _connection.CreateCommand($"UPDATE {Quoted(_table)} SET {Quoted(_column)} = @value WHERE rowid = @rowid");
        command.Parameters.AddWithValue("@value", value);
        command.Parameters.AddWithValue("@rowid", _rowid);
        if (command.ExecuteNonQuery() == 0)
        {
            throw new SluiceException(ResultCode.Abort, $"the row {_rowid} of {_table} was deleted while its value was written");
        }

        _isChanged = false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isClosed)
        {
            try
            {
                Flush();
            }
            finally
            {
                Abandon();
            }
        }

        base.Dispose(disposing);
    }

    /// <summary>Closes it without writing; when its connection is closed.</summary>
    internal void Abandon()
    {
        _isClosed = true;
        _stored?.Dispose();
        _stored = null;
        _whole = null;
        _connection.Closed(this);
    }

    private byte[] Whole()
    {
        if (_whole is { } whole)
        {
            return whole;
        }

        if (_stored is { } stored)
        {
            whole = new byte[_length];
            stored.Read(0, whole);
            return _whole = whole;
        }

        using SluiceCommand command = _connection.CreateCommand($"SELECT {Quoted(_column)} FROM {Quoted(_table)} WHERE rowid = @rowid");
        command.Parameters.AddWithValue("@rowid", _rowid);
        using SluiceDataReader reader = command.ExecuteReader();
        return reader.Read() && reader.GetSqlValue(0) is { Type: SqlType.Blob or SqlType.Text } value && value.ByteLength == _length
            ? _whole = value.Bytes.ToArray()
            : throw new SluiceException(ResultCode.Abort, $"the row {_rowid} of {_table} was changed under the stream of its value");
    }

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private SluiceBlob Open() => _isClosed ? throw new ObjectDisposedException(nameof(SluiceBlob)) : this;
}
