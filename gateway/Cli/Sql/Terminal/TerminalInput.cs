using System.Runtime.InteropServices;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// The keyboard. While a line is edited the terminal is raw: every byte arrives as it is typed, and Ctrl-C is one of them. At any other time it
/// is as it was found, so that Ctrl-C is a signal and programs find what they expect.
/// </summary>
internal sealed unsafe class TerminalInput : IDisposable
{
    private const int BufferBytes = 4096;

    private readonly byte[] _found = new byte[NativeTerminal.TermiosBytes];
    private readonly byte[] _raw = new byte[NativeTerminal.TermiosBytes];
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _position;
    private int _filled;
    private bool _isRaw;

    /// <summary>What <see cref="Next"/> gives when nothing came in time.</summary>
    public const int Nothing = -1;

    /// <summary>What <see cref="Next"/> gives when the terminal is gone.</summary>
    public const int End = -2;

    public TerminalInput()
    {
        fixed (byte* found = _found, raw = _raw)
        {
            if (NativeTerminal.GetAttributes(NativeTerminal.StandardInput, found) != 0)
            {
                throw new ShellException($"the terminal does not tell its settings: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            _found.CopyTo(_raw, 0);
            NativeTerminal.MakeRaw(raw);
        }

        // A shell that is ended while it waits for a key must not leave the terminal raw.
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    /// <summary>Whether more has come than was taken.</summary>
    public bool HasMore => _position < _filled || Wait(0);

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        LeaveRaw();
    }

    public void EnterRaw()
    {
        fixed (byte* raw = _raw)
        {
            _ = NativeTerminal.SetAttributes(NativeTerminal.StandardInput, NativeTerminal.AfterOutput, raw);
            _isRaw = true;
        }
    }

    public void LeaveRaw()
    {
        fixed (byte* found = _found)
        {
            if (_isRaw)
            {
                _isRaw = false;
                _ = NativeTerminal.SetAttributes(NativeTerminal.StandardInput, NativeTerminal.AfterOutput, found);
            }
        }
    }

    /// <summary>The next byte, <see cref="Nothing"/> or <see cref="End"/>.</summary>
    public int Next(int timeoutMs)
    {
        if (_position == _filled)
        {
            if (!Wait(timeoutMs))
            {
                return Nothing;
            }

            fixed (byte* buffer = _buffer)
            {
                nint read = NativeTerminal.Read(NativeTerminal.StandardInput, buffer, BufferBytes);
                if (read <= 0)
                {
                    return read < 0 && Marshal.GetLastPInvokeError() == NativeTerminal.Interrupted ? Nothing : End;
                }

                (_position, _filled) = (0, (int)read);
            }
        }

        return _buffer[_position++];
    }

    private static bool Wait(int timeoutMs)
    {
        NativeTerminal.PollEntry entry = new() { Descriptor = NativeTerminal.StandardInput, Events = NativeTerminal.PollIn };
        return NativeTerminal.Poll(&entry, 1, timeoutMs) > 0;
    }

    private void OnExit(object? sender, EventArgs e) => LeaveRaw();
}
