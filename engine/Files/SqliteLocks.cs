namespace Sluice.Engine.Files;

/// <summary>How much of the database file one opener has locked; each level includes the ones below it, but for PENDING.</summary>
public enum SqliteLockLevel
{
    None,

    /// <summary>Reads; any number of them.</summary>
    Shared,

    /// <summary>Will write; one of them, beside readers.</summary>
    Reserved,

    /// <summary>Waits for the readers to go; lets no new one in.</summary>
    Pending,

    /// <summary>Writes; alone.</summary>
    Exclusive,
}

/// <summary>
/// SQLite's locks on a database file ("File Locking And Concurrency In SQLite Version 3"), as byte ranges around the lock-byte
/// page, so that stock sqlite3 and this engine exclude each other:
/// <code>
/// PENDING   1 byte    at 0x40000000   write-locked while waiting for EXCLUSIVE; read-locked for a moment when taking SHARED
/// RESERVED  1 byte    at 0x40000001   write-locked
/// SHARED    510 bytes at 0x40000002   read-locked for SHARED, write-locked for EXCLUSIVE
/// </code>
/// Nothing here waits. Not thread-safe: its owner serializes the calls.
/// </summary>
public sealed class SqliteLocks(EngineFile file)
{
    /// <summary>"SQLite file format", section 1.4, "The Lock-Byte Page".</summary>
    public const long PendingByte = 0x40000000;

    private const long ReservedByte = PendingByte + 1;
    private const long SharedFirst = PendingByte + 2;
    private const long SharedSize = 510;

    public SqliteLockLevel Level { get; private set; }

    public bool TryShared()
    {
        if (Level >= SqliteLockLevel.Shared)
        {
            return true;
        }

        if (!file.TryLock(PendingByte, 1, exclusive: false))
        {
            return false;
        }

        bool taken = false;
        try
        {
            taken = file.TryLock(SharedFirst, SharedSize, exclusive: false);
        }
        finally
        {
            file.Unlock(PendingByte, 1);
        }

        if (taken)
        {
            Level = SqliteLockLevel.Shared;
        }

        return taken;
    }

    /// <summary>From SHARED.</summary>
    public bool TryReserved()
    {
        if (Level >= SqliteLockLevel.Reserved)
        {
            return true;
        }

        if (!file.TryLock(ReservedByte, 1, exclusive: true))
        {
            return false;
        }

        Level = SqliteLockLevel.Reserved;
        return true;
    }

    /// <summary>From RESERVED, or from SHARED to roll back a hot journal, which must not look as if a writer were at work.</summary>
    public bool TryPending()
    {
        if (Level >= SqliteLockLevel.Pending)
        {
            return true;
        }

        if (!file.TryLock(PendingByte, 1, exclusive: true))
        {
            return false;
        }

        Level = SqliteLockLevel.Pending;
        return true;
    }

    /// <summary>From PENDING; false while another reader is there, PENDING is kept then.</summary>
    public bool TryExclusive()
    {
        if (Level == SqliteLockLevel.Exclusive)
        {
            return true;
        }

        if (!file.TryLock(SharedFirst, SharedSize, exclusive: true))
        {
            return false;
        }

        Level = SqliteLockLevel.Exclusive;
        return true;
    }

    /// <summary>Back to RESERVED and SHARED: readers may come again, writers not. Only for one who held RESERVED.</summary>
    public void DowngradeToReserved()
    {
        if (Level > SqliteLockLevel.Reserved)
        {
            DropPendingAndExclusive();
            Level = SqliteLockLevel.Reserved;
        }
    }

    /// <summary>Back to SHARED alone.</summary>
    public void DowngradeToShared()
    {
        if (Level > SqliteLockLevel.Shared)
        {
            DropPendingAndExclusive();
            file.Unlock(ReservedByte, 1);
            Level = SqliteLockLevel.Shared;
        }
    }

    public void Release()
    {
        if (Level != SqliteLockLevel.None)
        {
            file.Unlock(PendingByte, 2 + SharedSize);
            Level = SqliteLockLevel.None;
        }
    }

    /// <summary>
    /// Whether another opener has RESERVED. Probed with a read lock for a moment, so that two who probe do not see each other.
    /// </summary>
    public bool IsReservedByAnother()
    {
        if (Level >= SqliteLockLevel.Reserved)
        {
            return false;
        }

        if (!file.TryLock(ReservedByte, 1, exclusive: false))
        {
            return true;
        }

        file.Unlock(ReservedByte, 1);
        return false;
    }

    private void DropPendingAndExclusive()
    {
        if (Level == SqliteLockLevel.Exclusive && !file.TryLock(SharedFirst, SharedSize, exclusive: false))
        {
            throw new SluiceException(ResultCode.IoErrorLock, $"{file.Path}: cannot lower the exclusive lock to a shared one");
        }

        file.Unlock(PendingByte, 1);
    }
}
