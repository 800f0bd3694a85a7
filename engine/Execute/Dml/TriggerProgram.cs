using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Dml;

/// <summary>
/// A trigger's WHEN and statements, compiled; also the action of a foreign key, which is one. The statements read NEW and OLD as the sources
/// <see cref="NewSource"/> and <see cref="OldSource"/> of their frames.
/// </summary>
internal sealed class TriggerProgram(bool isForeignKeyAction)
{
    public const int NewSource = 0;
    public const int OldSource = 1;

    private Expr? _when;
    private FrameSize _whenSize;
    private CompiledStatement[] _steps = [];

    /// <summary>Fills the program in: it may refer to itself, and so must exist before its statements are compiled.</summary>
    public void Complete(Expr? when, FrameSize whenSize, CompiledStatement[] steps)
    {
        _when = when;
        _whenSize = whenSize;
        _steps = steps;
    }

    /// <summary>Runs it for one row; false when RAISE(IGNORE) says to pass the row over.</summary>
    public bool Fire(Run outer, RowSource? newRow, RowSource? oldRow)
    {
        ChangeScope scope = outer.Scope;
        if (!isForeignKeyAction && !scope.RecursiveTriggers && scope.IsActive(this))
        {
            return true;
        }

        scope.Enter(this);
        long changes = scope.Changes;
        long lastInsertRowid = scope.LastInsertRowid;
        try
        {
            if (_when is null || Logic.Passes(_when, NewRun(_whenSize, outer, newRow, oldRow)))
            {
                foreach (CompiledStatement step in _steps)
                {
                    RunStep(step, NewRun(step.Size, outer, newRow, oldRow), scope);
                }
            }

            return true;
        }
        catch (RaiseIgnoreException)
        {
            return false;
        }
        finally
        {
            scope.Leave();
            scope.Changes = changes;
            scope.LastInsertRowid = lastInsertRowid;
        }
    }

    /// <summary>Runs the programs in turn; false as soon as one passes the row over.</summary>
    public static bool FireAll(TriggerProgram[] programs, Run outer, RowSource? newRow, RowSource? oldRow)
    {
        foreach (TriggerProgram program in programs)
        {
            if (!program.Fire(outer, newRow, oldRow))
            {
                return false;
            }
        }

        return true;
    }

    internal static Run NewRun(FrameSize size, Run outer, RowSource? newRow, RowSource? oldRow)
    {
        Run run = new(size, outer.Transaction, outer.Scope, [], outer.Scope);
        run.Sources[NewSource] = newRow!;
        run.Sources[OldSource] = oldRow!;
        return run;
    }

    private static void RunStep(CompiledStatement step, Run run, ChangeScope scope)
    {
        using Execution execution = step.Start(run);
        while (execution.Next())
        {
            scope.CheckCancelled();
        }

        if (!step.IsReadOnly)
        {
            scope.StatementChanged(execution.Changes);
        }
    }
}

/// <summary>RAISE(IGNORE): ends the trigger program and passes over the row it was fired for.</summary>
internal sealed class RaiseIgnoreException : Exception;

/// <summary>RAISE(...) in a trigger ("CREATE TRIGGER", section 6).</summary>
internal sealed class RaiseExpr(ConflictAction action, Expr? message) : Expr
{
    public override Format.SqlValue Evaluate(Frame frame)
    {
        if (action == ConflictAction.Ignore)
        {
            throw new RaiseIgnoreException();
        }

        Format.SqlValue text = SqlConvert.ToText(message!.Evaluate(frame));
        throw new SluiceException(ResultCode.ConstraintTrigger, text.IsNull ? "" : text.DecodeText()) { ConflictAction = action };
    }
}
