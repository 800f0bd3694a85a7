using System.Text;
using System.Text.Unicode;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>What is wrong with a record of a file.</summary>
internal enum CsvFault
{
    None,

    /// <summary>Bytes that are no UTF-8.</summary>
    NotUtf8,

    /// <summary>A quote that the file's end closes.</summary>
    OpenQuote,
}

/// <summary>
/// Reads records of separated fields ("RFC 4180", and as sqlite3 takes it): a field that begins with a double quote goes to the next single
/// one, over line breaks and separators, two of them standing for one; lines end with LF or CRLF. Text after a closing quote belongs to the field.
/// </summary>
internal sealed class CsvReader(Stream stream, byte separator, byte recordEnd, Encoding encoding)
{
    /// <summary>Past this a field is taken for one whose closing quote is missing, so that it does not swallow the whole file.</summary>
    public const int LongestField = 64 << 20;

    private const int BufferBytes = 128 * 1024;
    private const int End = -1;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly List<CsvField> _fields = [];
    private byte[] _field = new byte[256];
    private int _fieldLength;
    private int _position;
    private int _filled;
    private long _line = 1;
    private bool _isAtStart = true;

    /// <summary>The record's fields; valid until the next <see cref="Read"/>.</summary>
    public IReadOnlyList<CsvField> Fields => _fields;

    /// <summary>The line in which the record begins, counted from 1.</summary>
    public long Line { get; private set; }

    public CsvFault Fault { get; private set; }

    /// <summary>What <see cref="Fault"/> is, and what may be done about it.</summary>
    public string FaultText => Fault == CsvFault.NotUtf8 ? "not UTF-8 (--latin1 reads ISO 8859-1)" : "a quote is opened and never closed";

    /// <summary>Bytes read so far.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Takes the next record; false at the end. Empty lines are passed over, unless a record has one field.</summary>
    /// <param name="keepEmpty">Whether an empty line is a record with one empty field.</param>
    public bool Read(bool keepEmpty)
    {
        SkipByteOrderMark();
        while (Peek() != End)
        {
            Line = _line;
            Fault = CsvFault.None;
            _fields.Clear();
            while (ReadField())
            {
            }

            if (keepEmpty || _fields is not [{ Text.Length: 0, IsQuoted: false }])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads a field and what ends it; whether another one follows in this record.</summary>
    private bool ReadField()
    {
        _fieldLength = 0;
        bool isQuoted = Peek() == '"' && recordEnd == '\n';
        if (isQuoted)
        {
            ReadQuoted();
        }

        while (true)
        {
            int c = Take();
            if (c == separator)
            {
                AddField(isQuoted);
                return true;
            }

            if (c == End || c == recordEnd)
            {
                if (c == '\n' && _fieldLength > 0 && _field[_fieldLength - 1] == '\r')
                {
                    _fieldLength--;
                }

                AddField(isQuoted);
                return false;
            }

            Append((byte)c);
        }
    }

    private void ReadQuoted()
    {
        _ = Take();
        while (true)
        {
            int c = Take();
            if (c == End)
            {
                Fault = CsvFault.OpenQuote;
                return;
            }

            if (c == '"')
            {
                if (Peek() != '"')
                {
                    return;
                }

                _ = Take();
            }

            Append((byte)c);
        }
    }

    private void AddField(bool isQuoted)
    {
        ReadOnlySpan<byte> bytes = _field.AsSpan(0, _fieldLength);
        if (encoding is UTF8Encoding && !Utf8.IsValid(bytes))
        {
            Fault = CsvFault.NotUtf8;
        }

        _fields.Add(new CsvField(encoding.GetString(bytes), isQuoted));
    }

    private void Append(byte c)
    {
        if (_fieldLength == _field.Length)
        {
            if (_fieldLength >= LongestField)
            {
                throw new ShellException($"line {Line}: a field of more than {LongestField >> 20} MiB; is a closing quote missing?");
            }

            Array.Resize(ref _field, _field.Length * 2);
        }

        _field[_fieldLength++] = c;
    }

    private int Peek() => _position < _filled || Fill() ? _buffer[_position] : End;

    private int Take()
    {
        int c = Peek();
        if (c != End)
        {
            _position++;
            _line += c == '\n' ? 1 : 0;
        }

        return c;
    }

    private bool Fill()
    {
        _filled = stream.Read(_buffer);
        _position = 0;
        BytesRead += _filled;
        return _filled > 0;
    }

    private void SkipByteOrderMark()
    {
        if (_isAtStart)
        {
            _isAtStart = false;
            ReadOnlySpan<byte> start = Peek() == End ? [] : _buffer.AsSpan(0, _filled);
            if (start.StartsWith(Encoding.UTF8.Preamble))
            {
                _position += Encoding.UTF8.Preamble.Length;
            }
            else if (encoding is UTF8Encoding && (start.StartsWith(Encoding.Unicode.Preamble) || start.StartsWith(Encoding.BigEndianUnicode.Preamble)))
            {
                throw new ShellException("the file is in UTF-16, which is not read; iconv -f utf-16 -t utf-8 converts it");
            }
        }
    }
}

/// <summary>One field of a record.</summary>
internal readonly record struct CsvField(string Text, bool IsQuoted);
