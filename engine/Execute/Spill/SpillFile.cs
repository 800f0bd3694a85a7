using System.Buffers.Binary;
using Sluice.Engine.Files;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Spill;

/// <summary>Rows put aside, one record after the other, each with its length before it (4 bytes, little-endian). Written to the end, then read from any place.</summary>
internal sealed class SpillFile : IDisposable
{
    private const int BufferBytes = 64 << 10;

    private readonly EngineFile _file;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _buffered;
    private long _written;

    /// <summary>A file that ends with the execution at the latest.</summary>
    public SpillFile(Operators.Run run)
    {
        _file = run.Transaction.Work.Open();
        run.Own(this);
    }

    /// <summary>Where the next row goes.</summary>
    public long End => _written + _buffered;

    public void Append(ReadOnlySpan<SqlValue> row)
    {
        byte[] record = RecordWriter.Encode(row);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, record.Length);
        Append(length);
        Append(record);
    }

    /// <summary>The rows from one place up to another; what has been appended by now.</summary>
    public SpillReader Read(long from, long to, int bufferBytes = BufferBytes)
    {
        Flush();
        return new SpillReader(_file, from, to, bufferBytes);
    }

    public void Dispose() => _file.Dispose();

    private void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_buffered == BufferBytes)
            {
                Flush();
            }

            int part = Math.Min(bytes.Length, BufferBytes - _buffered);
            bytes[..part].CopyTo(_buffer.AsSpan(_buffered));
            _buffered += part;
            bytes = bytes[part..];
        }
    }

    private void Flush()
    {
        if (_buffered > 0)
        {
            _file.Write(_buffer.AsSpan(0, _buffered), _written);
            _written += _buffered;
            _buffered = 0;
        }
    }
}

/// <summary>Reads rows of a <see cref="SpillFile"/> in the order in which they were written.</summary>
internal sealed class SpillReader(EngineFile file, long from, long to, int bufferBytes)
{
    private readonly byte[] _buffer = new byte[bufferBytes];
    private long _next = from;
    private int _at;
    private int _filled;
    private RecordReader _reader;

    /// <summary>The next row's values; false at the end.</summary>
    public bool TryRead(Span<SqlValue> row)
    {
        if (_at == _filled && _next == to)
        {
            return false;
        }

        Span<byte> length = stackalloc byte[sizeof(int)];
        Take(length);

        // Values are slices of it, so each row has an array of its own.
        byte[] record = GC.AllocateUninitializedArray<byte>(BinaryPrimitives.ReadInt32LittleEndian(length));
        Take(record);
        _reader.Reset(new Payload(record, 0, record.Length));
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = _reader.Get(i);
        }

        return true;
    }

    private void Take(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_at == _filled)
            {
                Fill();
            }

            int part = Math.Min(bytes.Length, _filled - _at);
            _buffer.AsSpan(_at, part).CopyTo(bytes);
            _at += part;
            bytes = bytes[part..];
        }
    }

    private void Fill()
    {
        int wanted = (int)Math.Min(_buffer.Length, to - _next);
        _at = 0;
        _filled = wanted == 0 ? 0 : file.Read(_buffer.AsSpan(0, wanted), _next);
        if (_filled == 0)
        {
            throw new CorruptFileException(file.Path, $"offset {_next}", "rows that were put aside there are not there any more");
        }

        _next += _filled;
    }
}
