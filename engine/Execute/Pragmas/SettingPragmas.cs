using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>
/// PRAGMAs that set how SQLite works. Where our engine has one way only, a value is heard and has no effect, and the answer is what is true.
/// </summary>
internal static class SettingPragmas
{
    /// <summary>What the file's header says: others may read it without a write-ahead log.</summary>
    public static IReadOnlyList<SqlValue[]> JournalMode() => [[SqlValue.FromText("delete")]];

    /// <summary>When commits of this connection are acknowledged: 0 OFF, 1 NORMAL, 2 FULL; EXTRA is FULL, for folders are always synced.</summary>
    public static IReadOnlyList<SqlValue[]> Synchronous(PragmaCall call)
    {
        if (call.HasValue)
        {
            if (call.Session.InTransaction)
            {
                throw new SluiceException(ResultCode.Error, "Safety level may not be changed inside a transaction");
            }

            call.Session.Synchronous = call.Text.ToUpperInvariant() switch
            {
                "0" or "OFF" or "NO" or "FALSE" => Log.Synchronous.Off,
                "1" or "NORMAL" or "ON" or "YES" or "TRUE" => Log.Synchronous.Normal,
                "2" or "FULL" or "3" or "EXTRA" => Log.Synchronous.Full,
                _ => throw new SluiceException(ResultCode.Error, $"PRAGMA synchronous is OFF, NORMAL or FULL, not {call.Text}"),
            };
        }

        return [[SqlValue.FromInteger((long)call.Session.Synchronous)]];
    }

    /// <summary>Microseconds for which a group of commits gathers before it is written; of the database, for all connections.</summary>
    public static IReadOnlyList<SqlValue[]> CommitDelay(PragmaCall call)
    {
        Store store = call.Session.Database.Store;
        if (call.HasValue)
        {
            store.CommitDelay = TimeSpan.FromMicroseconds(Math.Clamp(call.Integer, 0, 10_000_000));
        }

        return [[SqlValue.FromInteger((long)store.CommitDelay.TotalMicroseconds)]];
    }

    /// <summary>Bytes of memory that the database may take in this process; of the database, for all connections.</summary>
    public static IReadOnlyList<SqlValue[]> MemoryLimit(PragmaCall call)
    {
        Store store = call.Session.Database.Store;
        if (call.HasValue)
        {
            store.MemoryLimitBytes = Math.Max(call.Integer, StoreOptions.SmallestMemoryLimitBytes);
        }

        return [[SqlValue.FromInteger(store.MemoryLimitBytes)]];
    }

    /// <summary>Bytes a second that a checkpoint in the background may write; 0 is as many as it can. Of the database, for all connections.</summary>
    public static IReadOnlyList<SqlValue[]> CheckpointBudget(PragmaCall call)
    {
        Store store = call.Session.Database.Store;
        if (call.HasValue)
        {
            store.CheckpointBytesPerSecond = Math.Max(call.Integer, 0);
        }

        return [[SqlValue.FromInteger(store.CheckpointBytesPerSecond)]];
    }

    /// <summary>Whether foreign keys are enforced; within a transaction a value has no effect ("PRAGMA foreign_keys").</summary>
    public static IReadOnlyList<SqlValue[]> ForeignKeys(PragmaCall call)
    {
        if (call.HasValue && !call.Session.InTransaction)
        {
            call.Session.ForeignKeys.Enabled = call.IsOn;
        }

        return [[SqlValue.FromBoolean(call.Session.ForeignKeys.Enabled)]];
    }

    public static IReadOnlyList<SqlValue[]> QueryOnly(PragmaCall call)
    {
        if (call.HasValue)
        {
            call.Session.QueryOnly = call.IsOn;
        }

        return [[SqlValue.FromBoolean(call.Session.QueryOnly)]];
    }

    public static IReadOnlyList<SqlValue[]> CaseSensitiveLike(PragmaCall call)
    {
        call.Session.CaseSensitiveLike = call.IsOn;
        return [];
    }

    /// <summary>Until the end of the transaction all foreign keys are deferred.</summary>
    public static IReadOnlyList<SqlValue[]> DeferForeignKeys(PragmaCall call)
    {
        if (call.HasValue)
        {
            call.Session.ForeignKeys.DeferAll = call.IsOn;
            if (!call.IsOn)
            {
                call.Session.ForeignKeys.DeferredImmediate = 0;
            }
        }

        return [[SqlValue.FromBoolean(call.Session.ForeignKeys.DeferAll)]];
    }

    /// <summary>A setting of SQLite's that has one value here: SQLite's default.</summary>
    public static IReadOnlyList<SqlValue[]> Fixed(long value) => [[SqlValue.FromInteger(value)]];

    public static IReadOnlyList<SqlValue[]> Fixed(string value) => [[SqlValue.FromText(value)]];

    public static IReadOnlyList<SqlValue[]> RecursiveTriggers(PragmaCall call)
    {
        if (call.HasValue)
        {
            call.Session.RecursiveTriggers = call.IsOn;
        }

        return [[SqlValue.FromBoolean(call.Session.RecursiveTriggers)]];
    }

    /// <summary>SQLite's default, -2000: the page cache is the store's, bounded by its own options.</summary>
    public static IReadOnlyList<SqlValue[]> CacheSize() => [[SqlValue.FromInteger(-2000)]];

    /// <summary>Milliseconds; a negative value means 0.</summary>
    public static IReadOnlyList<SqlValue[]> BusyTimeout(PragmaCall call)
    {
        if (call.HasValue)
        {
            call.Session.BusyTimeout = TimeSpan.FromMilliseconds(Math.Max(call.Int32, 0));
        }

        return [[SqlValue.FromInteger((long)call.Session.BusyTimeout.TotalMilliseconds)]];
    }

    /// <summary>snapshot or serializable, for the transactions of this connection. An extension of ours.</summary>
    public static IReadOnlyList<SqlValue[]> Isolation(PragmaCall call)
    {
        Session session = call.Session;
        if (call.HasValue)
        {
            if (session.InTransaction)
            {
                throw new SluiceException(ResultCode.Error, "isolation may not be changed inside a transaction");
            }

            session.Isolation = call.Text.ToUpperInvariant() switch
            {
                "SNAPSHOT" => Transactions.Isolation.Snapshot,
                "SERIALIZABLE" => Transactions.Isolation.Serializable,
                _ => throw new SluiceException(ResultCode.Error, $"isolation is snapshot or serializable, not {call.Text}"),
            };
        }

        return [[SqlValue.FromText(session.Isolation == Transactions.Isolation.Snapshot ? "snapshot" : "serializable")]];
    }

    /// <summary>Moves what is committed into the file. The answer is SQLite's for a checkpoint that left nothing behind.</summary>
    public static IReadOnlyList<SqlValue[]> WalCheckpoint(PragmaCall call)
    {
        if (call.Transaction.HasWrites || call.Transaction.Kind == TransactionKind.Exclusive || call.Session.HoldsPages)
        {
            throw new SluiceException(ResultCode.Locked, "database table is locked");
        }

        call.Database.Checkpoint();
        return [[SqlValue.FromInteger(0), SqlValue.FromInteger(0), SqlValue.FromInteger(0)]];
    }
}
