using Sluice.Engine;
using Sluice.Engine.Transactions;
using Sluice.Simulation.Disk;
using Sluice.Simulation.Model;
using Sluice.Simulation.Workload;

namespace Sluice.Simulation;

/// <summary>
/// One run of the engine from one seed: several lives of a process on one disk, each ended by a power cut, a kill or an orderly close, with errors of
/// the disk on the way. Everything happens on one thread, in an order that the seed gives.
/// <para>Invariants that are checked (DESIGN of the engine): 1. what was acknowledged is there after any end, whole, and nothing else in part.
/// 2. The file is sound, by the engine's check and by SQLite's, after every recovery, and with its journal at every crash. 3. A transaction sees
/// exactly the commits acknowledged before it began, at all times. 4. A changed byte of the log is an error that names the file, or changes nothing.
/// 5. The same seed does the same (compare <see cref="Trace"/> of two runs).</para>
/// </summary>
internal sealed partial class Simulation
{
    private const string Path = "sim.db";

    /// <summary>Crashes in a row while opening; then it is let alone.</summary>
    private const int MostOpenings = 4;

    private readonly Random _random;

    /// <summary>Of the faults that came later than others, so that old seeds do the same.</summary>
    private readonly Random _laterFaults;
    private readonly SimulatedClock _clock = new();
    private readonly SimulatedWork _work;
    private readonly History _history = new();
    private readonly List<Client> _clients = [];
    private readonly StoreOptions _options;
    private readonly bool _checkWithSqlite;
    private Database? _database;
    private SimulationFailure? _failure;
    private int _depth;
    private bool _logIsBusy;
    private bool _pagesAreBusy;

    private Simulation(int seed, Trace trace)
    {
        // Neighbouring seeds of Random give alike beginnings.
        _random = new Random(unchecked(seed * (int)2654435761u));
        _laterFaults = new Random(unchecked(seed * (int)2246822519u));
        Trace = trace;
        Disk = new SimulatedDisk(_random, trace) { Meanwhile = Meanwhile };
        _work = new SimulatedWork(_clock, RunStep);
        _options = new StoreOptions
        {
            PageSize = 512 << _random.Next(4),
            SegmentBytes = 8192 << _random.Next(4),
            CacheBytes = 1 << _random.Next(13, 20),
            MemoryLimitBytes = 1 << _random.Next(15, 22),
            CheckpointLogBytes = 1 << _random.Next(12, 19),
            MoveBytes = 1 << _random.Next(6, 18),
            CheckpointInterval = TimeSpan.FromSeconds(_random.Next(1, 60)),
            CommitDelay = _random.Next(3) == 0 ? TimeSpan.FromMilliseconds(_random.Next(1, 20)) : TimeSpan.Zero,
            Work = _work,
            Clock = _clock,
            Random = new Random(_random.Next()),
        };
        _checkWithSqlite = seed % 8 == 0;
    }

    public Trace Trace { get; }

    public SimulatedDisk Disk { get; }

    public long Commits => _history.Commits;

    public int Lives { get; private set; }

    public int Flips { get; private set; }

    public int FlipsNoticed { get; private set; }

    /// <exception cref="SimulationFailure">An invariant does not hold.</exception>
    public static Simulation Run(int seed, Trace trace)
    {
        // What awaits a commit must go on within the step that completes it, also under a test runner's context.
        SynchronizationContext.SetSynchronizationContext(null);
        var simulation = new Simulation(seed, trace);
        simulation.RunLives();
        return simulation;
    }

    private void RunLives()
    {
        int lives = _random.Next(1, 5);
        for (int i = 0; i < lives; i++)
        {
            Live(_random.Next(20, 300));
        }

        // At the end all is well, and everything must be there.
        Open(FaultPlan.None);
        CheckAll();
        Close();
        RequireNoFailure();
        CheckWithSqlite();
    }

    private void Live(int actions)
    {
        Lives++;
        FaultPlan plan = NextPlan();
        if (!Open(plan))
        {
            return;
        }

        CheckAll();
        for (int i = 0; i < actions && !Disk.Crashed; i++)
        {
            Act();
        }

        if (!Disk.Crashed && _random.Next(3) == 0)
        {
            Close();
        }

        End();
    }

    /// <summary>The process is gone, however it went.</summary>
    private void End()
    {
        RequireNoFailure();
        bool ended = _database is null;
        bool killed = !Disk.Crashed && _random.Next(2) == 0;
        bool flip = killed && !ended && LogIsSealed;
        Abandon();
        if (!ended || Disk.Crashed)
        {
            Trace.Add(killed ? "killed" : "power lost");
            Disk.Restart(powerLost: !killed);
        }

        CheckWithSqlite();
        if (flip && _random.Next(2) == 0)
        {
            FlipAndOpen();
        }
    }

    /// <summary>Whether the seal is behind the last batch: else a changed byte there cannot be told from an unfinished write.</summary>
    private bool LogIsSealed => !_database!.IsReadOnly && _work.Loops.All(loop => !loop.IsLogWriter || loop.IsResting);

    /// <summary>Forgets what the dead process had in memory.</summary>
    private void Abandon()
    {
        _clients.Clear();
        _database = null;
        _work.Forget();
        _clock.ForgetTimers();
        _depth = 0;
        _logIsBusy = _pagesAreBusy = false;
    }

    /// <summary>
    /// Opens the database and takes what is found as the truth, if it may be. The process may die in recovery, several times. False when it
    /// could not be opened because something failed and it is to be tried in the next life.
    /// </summary>
    private bool Open(FaultPlan plan)
    {
        for (int tries = 1; ; tries++)
        {
            Disk.SetPlan(tries < MostOpenings ? plan : FaultPlan.None);
            SluiceException? error = TryOpen();
            RequireNoFailure();
            if (_database is not null)
            {
                break;
            }

            if (Disk.Crashed)
            {
                Abandon();
                Disk.Restart(powerLost: _random.Next(3) > 0);
                CheckWithSqlite();
            }
            else if (Disk.Injected == 0 && error is not { PrimaryCode: ResultCode.Busy })
            {
                throw new SimulationFailure($"the database cannot be opened: {error?.Message}", error);
            }
            else
            {
                Abandon();
                if (_random.Next(2) == 0)
                {
                    Disk.Restart(powerLost: true);
                    return false;
                }
            }

            plan = NextPlan();
        }

        int clients = _random.Next(2, 9);
        for (int i = 0; i < clients; i++)
        {
            _clients.Add(new Client(i, _database, _history, _random, Trace, () => Disk.Injected > 0 || Disk.Crashed));
        }

        return true;
    }

    private SluiceException? TryOpen()
    {
        Trace.Add("open");
        Disk.Phase = "open";
        try
        {
            var database = Database.OpenIn(Disk, Path, new DatabaseOptions { Store = _options });
            Recover(database);
            _database = database;
            return null;
        }
        catch (PowerCutException)
        {
            return null;
        }
        catch (SluiceException error)
        {
            Trace.Add("refused", (long)error.Code);
            return error;
        }
    }

    private void Recover(Database database)
    {
        using Session session = database.Connect();
        if (TableReader.TryRead(session, out DbState found) is { } error)
        {
            throw error;
        }

        if (!_history.TryRecover(found))
        {
            throw Fail($"the database opened with a state that it may not have, {_history.Explain(found)}");
        }
    }

    private FaultPlan NextPlan()
    {
        bool crashes = _random.Next(10) < 7;
        bool aimed = _random.Next(2) == 0;
        bool fails = _random.Next(3) == 0;
        int rare = 1 << _random.Next(5, 11);
        return new FaultPlan
        {
            CrashAtStep = crashes && !aimed ? 1 + (long)Math.Pow(2, _random.NextDouble() * 11.5) : null,
            CrashAtPoint = crashes && aimed ? (FaultPlan.NamedPoints[_random.Next(FaultPlan.NamedPoints.Count)], _random.Next(1, 6)) : null,
            FailAtPoint = fails && _random.Next(2) == 0 ? (FaultPlan.NamedPoints[_random.Next(FaultPlan.NamedPoints.Count)], _random.Next(1, 6)) : null,
            FailingReads = fails && _random.Next(3) == 0 ? rare * 4 : 0,
            FailingWrites = fails && _random.Next(2) == 0 ? rare : 0,
            FailingSyncs = fails && _random.Next(2) == 0 ? rare : 0,
            FailingNames = fails && _random.Next(2) == 0 ? rare / 8 : 0,
            FreeBytes = _random.Next(8) == 0 ? _random.Next(200_000) : null,
            ShortReads = _laterFaults.Next(4) == 0 ? 1 << _laterFaults.Next(1, 6) : 0,
            ForeignReaders = _laterFaults.Next(4) == 0 ? 1 << _laterFaults.Next(0, 4) : 0,
        };
    }

    private void CheckAll()
    {
        try
        {
            _clients[0].ReadAll();
            _clients[0].CheckIntegrity();
        }
        catch (PowerCutException)
        {
            // The next life checks.
        }
    }

    /// <summary>An orderly end. Commits that wait are completed by it.</summary>
    private void Close()
    {
        Trace.Add("close");
        Disk.Phase = "close";
        Database database = _database!;
        Client[] clients = [.. _clients];
        _clients.Clear();
        try
        {
            foreach (Client client in clients.Where(client => !client.IsWaiting))
            {
                client.Close();
            }

            while (Array.Exists(clients, client => client.IsWaiting) && RunnableOrDue() is { } loop)
            {
                RunStep(loop);
                while (Array.Exists(clients, client => client.Settle()))
                {
                }
            }

            if (Array.Exists(clients, client => client.IsWaiting))
            {
                throw new SimulationFailure("a commit is never completed");
            }

            database.Dispose();
            _database = null;
        }
        catch (PowerCutException)
        {
            // Seen by the caller.
        }
        catch (SluiceException) when (Disk.Injected > 0 || Disk.Crashed)
        {
            // What is not in the file is in the log.
            _database = null;
        }

        if (!Disk.Crashed)
        {
            Abandon();
        }
    }

    /// <summary>Changes a byte of the log of a killed process: noticed, or the right answer. With the byte put right all is there.</summary>
    private void FlipAndOpen()
    {
        Disk.SetPlan(FaultPlan.None);
        KeyValuePair<string, Inode>[] logs = [.. Disk.Names.Where(name => IoPoint.KindOf(name.Key) == FileKind.Log && name.Value.Length > 0)];
        if (logs.Length == 0)
        {
            return;
        }

        (string path, Inode inode) = logs[_random.Next(logs.Length)];
        int offset = _random.Next(3) == 0 ? _random.Next(Math.Min(40, inode.Length)) : _random.Next(inode.Length);
        byte mask = (byte)(1 << _random.Next(8));
        Trace.Add("flip", offset, mask);
        Flips++;
        Dictionary<string, Inode> before = new(Disk.Names);
        inode.Flip(offset, mask);
        SluiceException? error = TryOpen();
        RequireNoFailure();
        if (_database is null && error is null)
        {
            throw new SimulationFailure($"byte {offset} of {path} was changed by {mask}, and the database neither opened nor said why");
        }

        if (error is not null)
        {
            FlipsNoticed++;
            if (!error.Message.Contains(Path, StringComparison.Ordinal))
            {
                throw new SimulationFailure($"the error about byte {offset} of {path} does not name the file: {error.Message}");
            }

            if (!Disk.Names.ContainsKey(path))
            {
                throw new SimulationFailure($"{path} was removed although its byte {offset} was found damaged: {error.Message}");
            }

            inode.Flip(offset, mask);
        }

        Abandon();
        Disk.Restart(powerLost: false);
    }

    private void CheckWithSqlite()
    {
        if (_checkWithSqlite && Disk.Names.TryGetValue(Path, out Inode? file))
        {
            SqliteCheck.Run(file, Disk.Names.GetValueOrDefault(Path + "-journal"));
        }
    }

    private SimulationFailure Fail(string message)
    {
        var failure = new SimulationFailure(message);
        _failure ??= failure;
        return failure;
    }

    private void RequireNoFailure()
    {
        if (_failure is { } failure)
        {
            throw new SimulationFailure(failure.Message, failure);
        }
    }
}
