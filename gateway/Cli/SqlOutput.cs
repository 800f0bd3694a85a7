using System.Text;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli;

/// <summary>
/// The shell's standard output: UTF-8 bytes, buffered, so that a value is printed exactly as it is stored. The stream is the caller's.
/// </summary>
internal sealed class SqlOutput(Stream stream)
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>Longer than any number's text.</summary>
    private const int LongestNumberBytes = 32;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _used;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _buffer.Length - _used)
        {
            Flush();
            if (bytes.Length > _buffer.Length)
            {
                stream.Write(bytes);
                return;
            }
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    public void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    public void WriteLine(string text)
    {
        Write(text);
        Write("\n"u8);
    }

    /// <summary>A number's text, a text's bytes or a blob's bytes, these up to the first NUL as sqlite3 prints them; nothing for NULL.</summary>
    public void WriteValue(in SqlValue value)
    {
        if (value.IsNumeric)
        {
            Span<byte> number = stackalloc byte[LongestNumberBytes];
            Write(number[..SqlConvert.WriteNumber(value, number)]);
            return;
        }

        Write(UpToNul(value.Bytes));
    }

    public void Flush()
    {
        stream.Write(_buffer.AsSpan(0, _used));
        _used = 0;
        stream.Flush();
    }

    public static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> bytes)
    {
        int nul = bytes.IndexOf((byte)0);
        return nul < 0 ? bytes : bytes[..nul];
    }
}
