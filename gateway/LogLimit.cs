namespace Sluice.Gateway;

/// <summary>
/// Keeps what thousands of clients can cause at once from flooding the log: so many lines a minute are written, the others
/// are counted, and the next line that is written says how many. Counters elsewhere have the exact numbers. Any thread.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="linesPerMinute">How many lines may be written in a minute.</param>
internal sealed class LogLimit(TimeProvider time, int linesPerMinute)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private long _windowStart = time.GetTimestamp();
    private int _written;
    private long _suppressed;

    /// <summary>Whether a line may be written now.</summary>
    /// <param name="suppressed">Lines that were left out since the last one that was written.</param>
    public bool Allows(out long suppressed)
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            if (time.GetElapsedTime(_windowStart, now) >= Window)
            {
                _windowStart = now;
                _written = 0;
            }

            suppressed = _suppressed;
            if (_written >= linesPerMinute)
            {
                _suppressed++;
                return false;
            }

            _written++;
            _suppressed = 0;
            return true;
        }
    }
}
