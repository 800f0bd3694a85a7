using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Gateway.Tests.Sql;

/// <summary>A program on a pseudo terminal of its own, and the screen that a person would see.</summary>
internal sealed unsafe partial class PseudoTerminal : IDisposable
{
    private const int ReadWrite = 2;
    private const int NoControllingTerminal = 0x100;
    private const int CloseOnExec = 0x80000;
    private const nuint SetWindowSize = 0x5414;

    private readonly FileStream _master;
    private readonly Process _process;
    private readonly Thread _reader;
    private readonly TerminalScreen _screen;
    private readonly List<byte> _undecoded = [];

    public PseudoTerminal(int columns, int rows, IReadOnlyDictionary<string, string> environment, params string[] command)
    {
        int master = OpenMaster(ReadWrite | NoControllingTerminal | CloseOnExec);
        Assert.True(master >= 0 && Grant(master) == 0 && Unlock(master) == 0, $"no pseudo terminal: {Marshal.GetLastPInvokeErrorMessage()}");
        Span<byte> name = stackalloc byte[64];
        fixed (byte* bytes = name)
        {
            Assert.Equal(0, Name(master, bytes, (nuint)name.Length));
        }

        string slave = Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]);
        _master = new FileStream(new SafeFileHandle(master, ownsHandle: true), FileAccess.ReadWrite, bufferSize: 0);
        _screen = new TerminalScreen(columns);
        Resize(columns, rows);

        // The shell makes the terminal its standard input, and setsid makes that the controlling terminal of a new session: Ctrl-C gives a signal, which a
        // program that was started with it ignored, as by a script in the background, would not get.
        ProcessStartInfo start = new("/bin/sh");
        foreach (string argument in (string[])["-c", "exec env --default-signal=INT setsid --ctty --wait \"$@\" <\"$0\" >\"$0\" 2>&1", slave, .. command])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["TERM"] = "xterm";
        foreach ((string key, string value) in environment)
        {
            start.Environment[key] = value;
        }

        _process = Process.Start(start)!;
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
    }

    public int ExitCode
    {
        get
        {
            Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(60)), $"the program does not end:\n{Screen}");
            return _process.ExitCode;
        }
    }

    /// <summary>What has been on the screen, from the top, without spaces at the ends of lines.</summary>
    public string Screen
    {
        get
        {
            lock (_screen)
            {
                return _screen.ToString();
            }
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
        _master.Dispose();
    }

    public void Resize(int columns, int rows)
    {
        ushort* size = stackalloc ushort[4] { (ushort)rows, (ushort)columns, 0, 0 };
        Assert.Equal(0, Control((int)_master.SafeFileHandle.DangerousGetHandle(), SetWindowSize, size));
        lock (_screen)
        {
            _screen.Width = columns;
        }
    }

    /// <summary>Types keys, or what a terminal sends for them.</summary>
    public void Send(string keys) => _master.Write(Encoding.UTF8.GetBytes(keys));

    /// <summary>Types, and waits until it is on the screen.</summary>
    public void Type(string text, string expected)
    {
        Send(text);
        WaitFor(expected);
    }

    /// <summary>Waits until the screen ends with a text.</summary>
    public void WaitFor(string ending) => WaitUntil(screen => screen.EndsWith(ending, StringComparison.Ordinal), ending);

    public void WaitUntil(Func<string, bool> condition, string what)
    {
        lock (_screen)
        {
            Stopwatch watch = Stopwatch.StartNew();
            while (!condition(_screen.ToString()))
            {
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"not in time: {what}\non the screen:\n{_screen}");
                _ = Monitor.Wait(_screen, 1000);
            }
        }
    }

    private void Read()
    {
        byte[] buffer = new byte[4096];
        try
        {
            for (int count; (count = _master.Read(buffer)) > 0;)
            {
                lock (_screen)
                {
                    _undecoded.AddRange(buffer.AsSpan(0, count));
                    _screen.Write(_undecoded);
                    Monitor.PulseAll(_screen);
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The program has ended, and with it the terminal's other side.
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    private static partial int Grant(int descriptor);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int Unlock(int descriptor);

    [LibraryImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    private static partial int Name(int descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint request, ushort* size);
}
