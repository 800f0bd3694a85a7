namespace Sluice.Gateway.Cli.Sql;

/// <summary>Ctrl-C: stops what runs at that moment, not the shell.</summary>
internal sealed class Interrupts
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _running;

    /// <summary>Whether something was stopped since the last <see cref="Forget"/>; scripts then do not go on.</summary>
    public bool WasInterrupted { get; private set; }

    public void Forget() => WasInterrupted = false;

    /// <summary>Runs something that Ctrl-C stops through the token.</summary>
    public void Run(Action<CancellationToken> work)
    {
        using CancellationTokenSource source = new();
        lock (_lock)
        {
            _running = source;
        }

        try
        {
            work(source.Token);
        }
        finally
        {
            lock (_lock)
            {
                _running = null;
            }
        }
    }

    /// <summary>Ctrl-C was pressed; false if nothing ran. From any thread.</summary>
    public bool Press()
    {
        lock (_lock)
        {
            if (_running is null)
            {
                return false;
            }

            WasInterrupted = true;
            _running.Cancel();
            return true;
        }
    }
}
