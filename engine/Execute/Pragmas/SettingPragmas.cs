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

    /// <summary>FULL: a commit that has returned is on the disk.</summary>
    public static IReadOnlyList<SqlValue[]> Synchronous() => [[SqlValue.FromInteger(2)]];

    /// <summary>Whether foreign keys are enforced; within a transaction a value has no effect ("PRAGMA foreign_keys").</summary>
    public static IReadOnlyList<SqlValue[]> ForeignKeys(PragmaCall call)
    {
        if (call.HasValue && !call.Session.InTransaction)
        {
            call.Session.ForeignKeys.Enabled = call.IsOn;
        }

        return [[SqlValue.FromBoolean(call.Session.ForeignKeys.Enabled)]];
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

    public static IReadOnlyList<SqlValue[]> QueryOnly(PragmaCall call)
    {
        if (call.HasValue)
        {
            call.Session.QueryOnly = call.IsOn;
        }

        return [[SqlValue.FromBoolean(call.Session.QueryOnly)]];
    }

    /// <summary>A setting of SQLite's that has one value here: SQLite's default.</summary>
    public static IReadOnlyList<SqlValue[]> Fixed(long value) => [[SqlValue.FromInteger(value)]];

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
            call.Session.BusyTimeout = TimeSpan.FromMilliseconds(Math.Clamp(call.Integer, 0, int.MaxValue));
        }

        return [[SqlValue.FromInteger((long)call.Session.BusyTimeout.TotalMilliseconds)]];
    }

    /// <summary>Moves what is committed into the file. The answer is SQLite's for a checkpoint that left nothing behind.</summary>
    public static IReadOnlyList<SqlValue[]> WalCheckpoint(PragmaCall call)
    {
        if (call.Transaction.HasWrites || call.Transaction.Kind == TransactionKind.Exclusive || call.Session.HoldsPages)
        {
            throw new SluiceException(ResultCode.Locked, "database table is locked");
        }

        call.Session.Database.Checkpoint();
        return [[SqlValue.FromInteger(0), SqlValue.FromInteger(0), SqlValue.FromInteger(0)]];
    }

    /// <summary>The limits and choices of this engine, under SQLite's names for them.</summary>
    public static IReadOnlyList<SqlValue[]> CompileOptions() =>
    [
        [SqlValue.FromText("DEFAULT_PAGE_SIZE=4096")],
        [SqlValue.FromText("DEFAULT_SYNCHRONOUS=2")],
        [SqlValue.FromText("MAX_COLUMN=2000")],
        [SqlValue.FromText("MAX_EXPR_DEPTH=1000")],
        [SqlValue.FromText("MAX_PAGE_SIZE=65536")],
        [SqlValue.FromText("OMIT_LOAD_EXTENSION")],
        [SqlValue.FromText("THREADSAFE=1")],
    ];
}
