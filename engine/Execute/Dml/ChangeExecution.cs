using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Dml;

/// <summary>
/// One run of INSERT, UPDATE or DELETE: all changes in the first <see cref="Next"/>, then the rows of RETURNING. What fails takes its
/// changes back, but for the action FAIL.
/// </summary>
internal abstract class ChangeExecution(Run run, ReturningPlan? returning) : Plan.Execution
{
    private List<SqlValue[]>? _returned;
    private int _row = -1;
    private bool _changed;
    private bool _mustRollBack;
    private bool _isUndone;
    private long _changes;
    private long? _lastInsertRowid;

    public override long Changes => _isUndone ? 0 : _changes;

    public override long NestedChanges => Run.HasScope && !Run.IsNested && !_isUndone ? Run.Scope.NestedChanges : 0;

    public override long? LastInsertRowid => _lastInsertRowid;

    public override bool MustRollBack => _mustRollBack;

    /// <summary>
    /// Asked when a statement turns out to change many rows, before the first of them is written: true refuses them with NoMemory. Whoever sets it then begins anew,
    /// straight on the pages; the query, with the functions in it, runs again from its start.
    /// </summary>
    public Func<bool>? RefusesMany { get; set; }

    protected Run Run { get; } = run;

    public override bool Next()
    {
        if (!_changed)
        {
            _changed = true;
            ChangeAll();
        }

        return ++_row < (_returned?.Count ?? 0);
    }

    /// <summary>Makes it ready to change anew in the same transaction, with what the parameters hold by then.</summary>
    public void Restart()
    {
        _changed = false;
        _mustRollBack = false;
        _isUndone = false;
        _returned = null;
        _row = -1;
        _changes = 0;
        _lastInsertRowid = null;
        Run.ForgetScope();
    }

    public override SqlValue Column(int index) => _returned![_row][index];

    public override void Dispose() => Run.End();

    private bool BreaksKeys => Run.HasScope && Run.Scope.BrokenImmediate > 0;

    /// <summary>Makes all changes of the statement.</summary>
    protected abstract void Change();

    /// <summary>A row was inserted, updated or deleted: counts it and keeps its RETURNING values.</summary>
    protected void RowChanged(long? insertedRowid)
    {
        _changes++;
        if (insertedRowid is { } rowid)
        {
            _lastInsertRowid = rowid;
            if (Run.HasScope)
            {
                Run.Scope.LastInsertRowid = rowid;
            }
        }

        Return();
    }

    /// <summary>So many rows were removed that nobody has looked at.</summary>
    protected void RowsChanged(long count) => _changes += count;

    /// <summary>Keeps the RETURNING values of the row at hand.</summary>
    protected void Return()
    {
        if (returning is not null)
        {
            (_returned ??= []).Add(returning.Evaluate(Run));
        }
    }

    private void ChangeAll()
    {
        if (Run.IsNested)
        {
            // Within a trigger: the statement that fired it takes everything back when something fails.
            Change();
            return;
        }

        int mark = Run.Transaction.Mark();
        ForeignKeyState? keys = (Run.Context as IChangeContext)?.ForeignKeys;
        (long deferred, long immediate) = (keys?.Deferred ?? 0, keys?.DeferredImmediate ?? 0);
        try
        {
            Change();
            if (BreaksKeys)
            {
                throw ConstraintErrors.ForeignKey();
            }
        }
        catch (SluiceException failure) when (failure.ConflictAction == ConflictAction.Fail && !BreaksKeys)
        {
            throw;
        }
        catch (Exception failure)
        {
            _mustRollBack = failure is SluiceException { ConflictAction: ConflictAction.Rollback };
            _isUndone = true;
            Run.Transaction.RollbackTo(mark);
            if (keys is not null)
            {
                (keys.Deferred, keys.DeferredImmediate) = (deferred, immediate);
            }

            if (failure is SluiceException { ConflictAction: ConflictAction.Fail })
            {
                // What FAIL would leave breaks a foreign key.
                throw ConstraintErrors.ForeignKey();
            }

            throw;
        }
        finally
        {
            Run.Transaction.Release(mark);
        }
    }
}
