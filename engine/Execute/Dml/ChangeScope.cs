using System.Runtime.CompilerServices;

namespace Sluice.Engine.Execute.Dml;

/// <summary>What a statement that writes asks of its session beside the rest.</summary>
internal interface IChangeContext : IStatementContext
{
    ForeignKeyState ForeignKeys { get; }

    /// <summary>PRAGMA recursive_triggers.</summary>
    bool RecursiveTriggers { get; }
}

/// <summary>
/// What a statement and the triggers below it share: the triggers that are running, how deep they are nested, foreign keys broken so far,
/// and the counters as a trigger sees them ("changes()", "last_insert_rowid()": a trigger's own changes are forgotten when it ends).
/// </summary>
internal sealed class ChangeScope(IChangeContext session) : IChangeContext
{
    /// <summary>SQLITE_MAX_TRIGGER_DEPTH ("Limits In SQLite", section 10).</summary>
    private const int MaxDepth = 1000;

    private readonly List<TriggerProgram> _active = [];

    public Session Session => (Session)session;

    public long LastInsertRowid { get; set; } = session.LastInsertRowid;

    public long Changes { get; set; } = session.Changes;

    public long TotalChanges => session.TotalChanges + NestedChanges;

    /// <summary>Rows changed by triggers and foreign key actions: total_changes() counts them, changes() does not.</summary>
    public long NestedChanges { get; private set; }

    /// <summary>Foreign keys that are broken and must not be when the statement ends.</summary>
    public long BrokenImmediate { get; set; }

    public DateTime UtcNow => session.UtcNow;

    public Random Random => session.Random;

    public ForeignKeyState ForeignKeys => session.ForeignKeys;

    public bool RecursiveTriggers => session.RecursiveTriggers;

    public bool CaseSensitiveLike => session.CaseSensitiveLike;

    public void CheckCancelled() => session.CheckCancelled();

    public bool IsActive(TriggerProgram program) => _active.Contains(program);

    public void Enter(TriggerProgram program)
    {
        if (_active.Count >= MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new SluiceException(ResultCode.Error, "too many levels of trigger recursion");
        }

        _active.Add(program);
    }

    public void Leave() => _active.RemoveAt(_active.Count - 1);

    /// <summary>A statement of a trigger has ended.</summary>
    public void StatementChanged(long changes)
    {
        Changes = changes;
        NestedChanges += changes;
    }

    /// <summary>Counts a broken foreign key, or with a negative number mended ones.</summary>
    public void Break(bool deferred, long count)
    {
        if (ForeignKeys.DeferAll)
        {
            ForeignKeys.DeferredImmediate += count;
        }
        else if (deferred)
        {
            ForeignKeys.Deferred += count;
        }
        else
        {
            BrokenImmediate += count;
        }
    }

    /// <summary>Whether anything may be mended: without it there is nothing to look for.</summary>
    public bool HasBroken(bool deferred) =>
        ForeignKeys.DeferredImmediate != 0 || (deferred ? ForeignKeys.Deferred != 0 : BrokenImmediate != 0);
}

/// <summary>
/// Foreign keys of a session's transaction ("SQLite Foreign Key Support", section 4.2): how many are broken that must not be at the commit.
/// </summary>
internal sealed class ForeignKeyState
{
    /// <summary>PRAGMA foreign_keys.</summary>
    public bool Enabled { get; set; }

    /// <summary>PRAGMA defer_foreign_keys: until the transaction ends, all are deferred.</summary>
    public bool DeferAll { get; set; }

    /// <summary>Broken ones that were declared deferred.</summary>
    public long Deferred { get; set; }

    /// <summary>Broken ones that are only deferred because of <see cref="DeferAll"/>.</summary>
    public long DeferredImmediate { get; set; }

    /// <exception cref="SluiceException">ConstraintForeignKey: the transaction cannot be committed as it is.</exception>
    public void RequireWhole()
    {
        if (Deferred + DeferredImmediate > 0)
        {
            throw ConstraintErrors.ForeignKey();
        }
    }

    /// <summary>The transaction has ended.</summary>
    public void Reset()
    {
        DeferAll = false;
        ResetCounts();
    }

    /// <summary>A transaction begins.</summary>
    public void ResetCounts()
    {
        Deferred = 0;
        DeferredImmediate = 0;
    }
}
