namespace Sluice.Engine.Checkpoint;

/// <summary>
/// How much one portion of a checkpoint takes on, and how long the checkpoint rests behind what it wrote to the file. Owned by who holds the pages' turn,
/// but for the settings.
/// <para>Versions are small and pages are large: rows that go to places all over an index change a page each. So a portion begins small and
/// grows as long as its pages, the new images and the old ones, stay within their share of the memory limit.</para>
/// </summary>
internal sealed class CheckpointPace(TimeProvider clock)
{
    private const long SmallestPortionBytes = 256 << 10;

    private long _portionBytes = 1 << 20;
    private long _restBegan;
    private TimeSpan _rest;
    private long _bytesPerSecond;

    /// <summary>Bytes a second that the background may write; 0 is as many as it can. Set by anybody.</summary>
    public long BytesPerSecond
    {
        get => Volatile.Read(ref _bytesPerSecond);
        set => Volatile.Write(ref _bytesPerSecond, value);
    }

    /// <summary>What is left of the rest after the last portion.</summary>
    public TimeSpan RestLeft => _rest - clock.GetElapsedTime(_restBegan) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <summary>The commit up to which one portion goes, from the average size of those that wait in <paramref name="waitingBytes"/>.</summary>
    public long End(long from, long to, long waitingBytes) =>
        waitingBytes <= _portionBytes ? to : from + Math.Clamp((long)((to - from) * ((double)_portionBytes / waitingBytes)), 1, to - from);

    /// <summary>
    /// A portion moved so many bytes of versions and changed pages of so many. The next one is at most twice as large: small portions do not tell what a
    /// large one would change.
    /// </summary>
    public void Moved(long movedBytes, long changedBytes, long memoryLimit)
    {
        long share = memoryLimit / 4;
        _portionBytes = changedBytes > share
            ? Math.Max(Math.Min(SmallestPortionBytes, share / 4), (long)(movedBytes * ((double)share / changedBytes)))
            : Math.Max(_portionBytes, Math.Min(movedBytes * 2, share));
    }

    /// <summary>So many bytes were written to the file, and it took so long.</summary>
    public void Wrote(long writtenBytes, TimeSpan took)
    {
        long budget = BytesPerSecond;
        _rest = budget == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)writtenBytes / budget) - took;
        _restBegan = clock.GetTimestamp();
    }
}
