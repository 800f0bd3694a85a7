using Sluice.Engine;
using Sluice.Simulation.Disk;
using Sluice.Simulation.Workload;

namespace Sluice.Simulation;

/// <content>Who takes the next step.</content>
internal sealed partial class Simulation
{
    /// <summary>More than the versions of any one statement.</summary>
    private const long LargestStatementBytes = 256 << 10;

    /// <summary>One step of somebody.</summary>
    private void Act()
    {
        try
        {
            switch (_random.Next(20))
            {
                case < 5 when RunnableLoops(logWriterOnly: false) is { Count: > 0 } loops:
                    RunStep(loops[_random.Next(loops.Count)]);
                    break;
                case 5:
                    Advance();
                    break;
                case 6 when _random.Next(20) == 0:
                    Checkpoint();
                    break;
                default:
                    ActAs(_clients[_random.Next(_clients.Count)], mayBlock: true);
                    break;
            }

            Settle();
        }
        catch (PowerCutException)
        {
            // Seen by the caller.
        }
        catch (SimulationFailure failure)
        {
            _failure ??= failure;
        }

        RequireNoFailure();
    }

    private void ActAs(Client client, bool mayBlock)
    {
        if (client.IsWaiting || client.IsActing || IsStuckForMemory || (!mayBlock && client.MayBecomeExclusive && IsNearlyFull))
        {
            return;
        }

        bool before = _pagesAreBusy;
        string phase = Disk.Phase;
        Disk.Phase = mayBlock ? "exclusive" : phase;
        _pagesAreBusy = before || mayBlock;
        try
        {
            client.Act(mayBlock);
        }
        finally
        {
            _pagesAreBusy = before;
            Disk.Phase = phase;
        }
    }

    /// <summary>Who begins to write now would wait for a checkpoint, and nobody could take it.</summary>
    private bool IsStuckForMemory =>
        _database!.Store.Checkpointer.MustWait && (_depth > 0 || _clients.Exists(client => client.IsExclusive));

    /// <summary>Whether a statement may have to turn to writing pages directly, which would wait for who is writing them now.</summary>
    private bool IsNearlyFull => _database!.Store.Checkpointer.VersionBytes + LargestStatementBytes > _database.Store.Checkpointer.VersionLimit;

    private void Advance()
    {
        var by = TimeSpan.FromMilliseconds(_random.Next(4) == 0 ? _random.Next(20_000) : _random.Next(50));
        Trace.Add("time passes", by.Ticks);
        _clock.Advance(by);
    }

    /// <summary>An explicit checkpoint; it would wait for an exclusive transaction.</summary>
    private void Checkpoint()
    {
        if (_clients.Exists(client => client.IsExclusive))
        {
            return;
        }

        Trace.Add("checkpoint");
        try
        {
            WithPages("checkpoint", _database!.Checkpoint);
        }
        catch (SluiceException error) when (Disk.Injected > 0 || Disk.Crashed)
        {
            Trace.Add("checkpoint failed", (long)error.Code);
        }
    }

    private List<SimulatedLoop> RunnableLoops(bool logWriterOnly) =>
        [.. _work.Loops.Where(loop => loop.IsRunnable && (loop.IsLogWriter || !logWriterOnly))];

    private void RunStep(SimulatedLoop loop)
    {
        Trace.Add(loop.Name);
        if (loop.IsLogWriter)
        {
            string phase = Disk.Phase;
            Disk.Phase = "commit";
            try
            {
                loop.Step();
            }
            finally
            {
                Disk.Phase = phase;
            }
        }
        else
        {
            WithPages("checkpoint", loop.Step);
        }

        Settle();
    }

    private void WithPages(string phase, Action work)
    {
        string before = Disk.Phase;
        bool busy = _pagesAreBusy;
        Disk.Phase = phase;
        _pagesAreBusy = true;
        try
        {
            work();
        }
        finally
        {
            Disk.Phase = before;
            _pagesAreBusy = busy;
        }
    }

    /// <summary>
    /// While the disk works, others go on. Not during writes of the log and of pages put aside: the engine holds a lock for some of them, which in a
    /// real process keeps the others out.
    /// </summary>
    private void Meanwhile(IoPoint point)
    {
        bool suits = point.Kind is IoKind.Sync or IoKind.SyncFolder or IoKind.RefusedLock
            || (point.Kind is IoKind.Write or IoKind.Resize && point.File is not (FileKind.Log or FileKind.Side));
        if (!suits || _depth > 1 || _clients.Count == 0 || _random.Next(3) > 0)
        {
            return;
        }

        bool logWasBusy = _logIsBusy;
        _logIsBusy |= point.File == FileKind.Log;
        _depth++;
        try
        {
            _clock.Advance(TimeSpan.FromMilliseconds(_random.Next(30) == 0 ? 5000 : 1));
            for (int i = _random.Next(1, 4); i > 0 && !Disk.Crashed; i--)
            {
                ActMeanwhile();
            }
        }
        catch (SimulationFailure failure)
        {
            // The engine turns what is thrown within its work into an error of its own.
            _failure ??= failure;
        }
        finally
        {
            _depth--;
            _logIsBusy = logWasBusy;
        }
    }

    private void ActMeanwhile()
    {
        if (!_logIsBusy && _random.Next(3) == 0 && RunnableLoops(logWriterOnly: true) is { Count: > 0 } loops)
        {
            RunStep(loops[0]);
        }
        else
        {
            ActAs(_clients[_random.Next(_clients.Count)], mayBlock: false);
        }
    }

    private void Settle()
    {
        while (_clients.Exists(client => client.Settle()))
        {
        }
    }

    private SimulatedLoop? RunnableOrDue()
    {
        if (RunnableLoops(logWriterOnly: true) is not { Count: > 0 } loops)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            loops = RunnableLoops(logWriterOnly: true);
        }

        return loops.Count > 0 ? loops[0] : null;
    }
}
