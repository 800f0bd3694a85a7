using System.Diagnostics;
using System.Text;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// Where rows are printed: UTF-8 bytes, buffered, so that a value is printed exactly as it is stored. Standard output is the caller's; a
/// file or program that <c>.output</c> names is opened and closed here.
/// </summary>
internal sealed class ShellOutput(Stream standard, Func<int>? terminalWidth)
{
    /// <summary>Where there is no terminal, as sqlite3 assumes.</summary>
    private const int DefaultWidth = 80;

    private const int BufferBytes = 64 * 1024;

    /// <summary>Longer than any number's text.</summary>
    private const int LongestNumberBytes = 32;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _used;
    private Stream? _target;
    private Process? _program;
    private bool _isOnce;
    private bool _hasWritten;

    /// <summary>The file or program that output goes to, or null for standard output.</summary>
    public string? TargetName { get; private set; }

    /// <summary>Whether a person sees what is written now.</summary>
    public bool IsTerminal => terminalWidth is not null && _target is null;

    /// <summary>Cells in a line of the terminal.</summary>
    public int TerminalWidth => terminalWidth?.Invoke() ?? DefaultWidth;

    /// <summary>What is shown about work that goes on, and must be gone before rows are on the terminal.</summary>
    public ProgressLine? Progress { get; set; }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _hasWritten |= !bytes.IsEmpty;
        if (bytes.Length > _buffer.Length - _used)
        {
            Send(_buffer.AsSpan(0, _used));
            _used = 0;
            if (bytes.Length > _buffer.Length)
            {
                Send(bytes);
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
        Span<byte> number = stackalloc byte[LongestNumberBytes];
        Write(TextOf(value, number));
    }

    public void Flush()
    {
        Send(_buffer.AsSpan(0, _used));
        _used = 0;
        (_target ?? standard).Flush();
    }

    /// <summary>Sends what follows to a file or, after a |, to a program; null for standard output again.</summary>
    /// <param name="name">The file's path or the program.</param>
    /// <param name="once">Whether only until <see cref="EndOnce"/>.</param>
    public void Redirect(string? name, bool once = false)
    {
        Restore();
        if (name is null or "" or "stdout")
        {
            return;
        }

        if (name.StartsWith('|'))
        {
            _program = ShellCommand.Start(name[1..], redirectInput: true);
            _target = _program.StandardInput.BaseStream;
        }
        else if (name == "off")
        {
            _target = Stream.Null;
        }
        else
        {
            try
            {
                _target = new FileStream(name, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new ShellException($"cannot write \"{name}\": {error.Message}", error);
            }
        }

        TargetName = name;
        _isOnce = once;
        _hasWritten = false;
    }

    /// <summary>After a statement, or a command that has printed something: what <c>.once</c> was given is over.</summary>
    /// <param name="afterStatement">Whether it was a statement, whose rows may be none.</param>
    public void EndOnce(bool afterStatement)
    {
        if (_isOnce && (afterStatement || _hasWritten))
        {
            Restore();
        }
    }

    /// <summary>Back to standard output; ends the file or the program.</summary>
    public void Restore()
    {
        try
        {
            Flush();
            _target?.Dispose();
            _program?.WaitForExit();
        }
        catch (OutputClosedException)
        {
            _program?.WaitForExit();
        }
        catch (IOException error) when (_target is not null)
        {
            throw Failed(error);
        }
        finally
        {
            _program?.Dispose();
            _target = null;
            _program = null;
            TargetName = null;
            _isOnce = false;
        }
    }

    public static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> bytes)
    {
        int nul = bytes.IndexOf((byte)0);
        return nul < 0 ? bytes : bytes[..nul];
    }

    /// <summary>The bytes that <see cref="WriteValue"/> writes.</summary>
    /// <param name="value">The value.</param>
    /// <param name="number">Room for a number's text.</param>
    public static ReadOnlySpan<byte> TextOf(in SqlValue value, Span<byte> number) =>
        value.IsNumeric ? number[..SqlConvert.WriteNumber(value, number)] : UpToNul(value.Bytes);

    private void Send(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        if (_target is null)
        {
            Progress?.Dispose();
            standard.Write(bytes);
            return;
        }

        try
        {
            _target.Write(bytes);
        }
        catch (IOException) when (_program is not null)
        {
            _used = 0;
            _target.Dispose();
            _target = Stream.Null;
            throw new OutputClosedException();
        }
        catch (IOException error)
        {
            _used = 0;
            throw Failed(error);
        }
    }

    private ShellException Failed(IOException error) => new($"cannot write \"{TargetName}\": {error.Message}", error);
}
