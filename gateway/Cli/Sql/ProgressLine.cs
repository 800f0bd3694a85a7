using System.Diagnostics;
using System.Text;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// The line on the terminal that says what long work is doing. It comes after a while, is rewritten some times a second, and is gone when it is
/// disposed, which may be done more than once.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly Stream _terminal;
    private readonly Func<TimeSpan, string> _describe;
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly Timer _timer;
    private bool _isShown;
    private bool _isOver;

    public ProgressLine(Stream terminal, TimeSpan after, Func<TimeSpan, string> describe)
    {
        _terminal = terminal;
        _describe = describe;
        _timer = new Timer(_ => Show(), null, after, s_every);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            _isOver = true;
            if (_isShown)
            {
                _terminal.Write("\r\e[K"u8);
            }
        }

        _timer.Dispose();
    }

    private void Show()
    {
        lock (_lock)
        {
            if (!_isOver)
            {
                _isShown = true;
                _terminal.Write(Encoding.UTF8.GetBytes($"\r{_describe(Stopwatch.GetElapsedTime(_began))}\e[K"));
            }
        }
    }
}
