using Sluice.Engine.Files;

namespace Sluice.Simulation.Disk;

/// <summary>
/// Another process that reads the database file, with SQLite's SHARED lock. It comes in the moment in which the engine wants to write the file, and goes
/// when it has refused the EXCLUSIVE lock a few times. While it reads the file must not change.
/// </summary>
internal sealed class ForeignReader(Random random)
{
    /// <summary>Attempts that it still refuses.</summary>
    private int _left;

    public bool IsReading => _left > 0;

    public void Leave() => _left = 0;

    /// <summary>Whether a lock is refused; without a reader, one in <paramref name="oneIn"/> times one comes (0: never).</summary>
    public bool Refuses(long start, bool exclusive, int oneIn)
    {
        // The first byte of the range that SHARED locks.
        if (!exclusive || start != SqliteLocks.PendingByte + 2)
        {
            return false;
        }

        if (_left == 0 && oneIn > 0 && random.Next(oneIn) == 0)
        {
            _left = random.Next(2, 5);
        }

        return _left > 0 && --_left > 0;
    }
}
