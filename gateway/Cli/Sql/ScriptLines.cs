using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// The lines of a script. As sqlite3 has them they end with LF or CRLF; a CR alone is a character of its line, for it may stand in a text. Bytes that
/// are no UTF-8 are refused, for no character stands for them.
/// </summary>
internal sealed class ScriptLines(Stream stream) : IDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly ArrayBufferWriter<byte> _line = new();
    private int _position;
    private int _filled;
    private bool _isAtStart = true;

    /// <summary>The lines of a text.</summary>
    public static ScriptLines Of(string text) => new(new MemoryStream(Encoding.UTF8.GetBytes(text)));

    /// <summary>Takes the next line, without what ends it; false at the end.</summary>
    /// <exception cref="ShellException">It is not UTF-8.</exception>
    public bool TryRead([NotNullWhen(true)] out string? line)
    {
        _line.ResetWrittenCount();
        line = null;
        bool hasEnd = false;
        while (!hasEnd)
        {
            if (_position == _filled && !Fill())
            {
                if (_line.WrittenCount == 0)
                {
                    return false;
                }

                break;
            }

            ReadOnlySpan<byte> part = _buffer.AsSpan(_position, _filled - _position);
            int end = part.IndexOf((byte)'\n');
            hasEnd = end >= 0;
            part = hasEnd ? part[..end] : part;
            _line.Write(part);
            _position += part.Length + (hasEnd ? 1 : 0);
        }

        ReadOnlySpan<byte> bytes = _line.WrittenSpan;
        if (_isAtStart && bytes.StartsWith(Encoding.UTF8.Preamble))
        {
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        }

        _isAtStart = false;
        bytes = hasEnd && bytes is [.., (byte)'\r'] ? bytes[..^1] : bytes;
        RequireUtf8(bytes);
        line = Encoding.UTF8.GetString(bytes);
        return true;
    }

    public void Dispose() => stream.Dispose();

    private bool Fill()
    {
        _position = 0;
        _filled = stream.Read(_buffer);
        return _filled > 0;
    }

    private static void RequireUtf8(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return;
        }

        int at = 0;
        while (Rune.DecodeFromUtf8(bytes[at..], out _, out int length) == OperationStatus.Done)
        {
            at += length;
        }

        throw new ShellException($"the script is not UTF-8: the byte 0x{bytes[at]:X2} is no character (iconv -f latin1 -t utf-8 converts it from ISO 8859-1); nothing is run from here on");
    }
}
