namespace Sluice.Engine.Data;

/// <summary>
/// Keeps the files of connections with <c>Pooling=True</c> open after their last connection has closed. A connection itself costs little; what it
/// costs to open a file and to close it, with recovery, checkpoint and syncs, is what is saved. A file is closed when it was not in use for
/// <see cref="s_idle"/>, when the pool is cleared, and at the end of the process.
/// </summary>
internal static class ConnectionPool
{
    /// <summary>Long enough for a program that works every few seconds; so long other programs may wait to write the file.</summary>
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(30);

    private static readonly Lock s_gate = new();

    /// <summary>By use: when a connection was last open, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    private static readonly Dictionary<Database, long> s_kept = [];

    private static readonly Timer s_timer = new(static _ => CloseIdle(), null, Timeout.Infinite, Timeout.Infinite);

    static ConnectionPool()
    {
        AppDomain.CurrentDomain.ProcessExit += static (_, _) => Clear(static _ => true);
    }

    /// <summary>Keeps a database open that a connection has just opened.</summary>
    internal static void Keep(Database database)
    {
        lock (s_gate)
        {
            if (s_kept.Count == 0)
            {
                _ = s_timer.Change(s_idle / 3, s_idle / 3);
            }

            if (!s_kept.ContainsKey(database))
            {
                _ = database.Share();
            }

            s_kept[database] = Environment.TickCount64;
        }
    }

    /// <summary>Lets go of what an error has made read-only, so that it can be opened anew.</summary>
    internal static void ClearFailed() => Clear(static database => database.HasFailed);

    internal static void Clear(Predicate<Database> which)
    {
        Database[] cleared;
        lock (s_gate)
        {
            if (s_kept.Count == 0)
            {
                return;
            }

            cleared = [.. s_kept.Keys.Where(database => which(database))];
            foreach (Database database in cleared)
            {
                _ = s_kept.Remove(database);
            }

            if (s_kept.Count == 0)
            {
                _ = s_timer.Change(Timeout.Infinite, Timeout.Infinite);
            }
        }

        // Outside the lock: the last use of a file is its checkpoint.
        foreach (Database database in cleared)
        {
            database.Dispose();
        }
    }

    private static void CloseIdle()
    {
        long now = Environment.TickCount64;
        lock (s_gate)
        {
            foreach (Database database in s_kept.Keys.Where(database => database.Users > 1).ToArray())
            {
                s_kept[database] = now;
            }
        }

        Clear(database => now - s_kept[database] >= s_idle.TotalMilliseconds);
    }
}
