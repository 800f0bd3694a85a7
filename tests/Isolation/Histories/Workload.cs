using System.Collections.Concurrent;
using System.Diagnostics;
using Sluice.Engine.Data;

namespace Sluice.Isolation.Histories;

/// <summary>What a run of the workload is asked for.</summary>
public sealed record WorkloadOptions
{
    /// <summary>Ends after so many commits.</summary>
    public required int Transactions { get; init; }

    public required bool Serializable { get; init; }

    public int Sessions { get; init; } = 16;

    /// <summary>Fixes what the sessions ask for; how they meet is up to the threads.</summary>
    public required int Seed { get; init; }
}

/// <summary>A history, and how it came about.</summary>
public sealed record WorkloadResult(IReadOnlyList<HistoryTransaction> History, int Committed, int Refused, TimeSpan Elapsed);

/// <summary>
/// Sessions on threads of their own, which append to lists in one database file and read them, in transactions of all kinds. Meanwhile
/// checkpoints move what is committed into the pages, and now and then an exclusive transaction gets in between.
/// </summary>
public sealed class Workload
{
    /// <summary>Appends to a list before another takes its place: a read costs as much as the list is long.</summary>
    public const int ElementsInList = 24;

    private const int ListsInUse = 10;

    private readonly string _settings;
    private readonly ConcurrentQueue<HistoryTransaction> _history = new();
    private readonly int[] _lists = [.. Enumerable.Range(1, ListsInUse)];
    private readonly int[] _appends = new int[ListsInUse];
    private readonly Lock _gate = new();

    // Counted by all sessions.
    private int _lastList = ListsInUse;
    private int _lastElement;
    private int _lastTransaction;
    private int _committed;
    private int _refused;
    private long _clock;

    private Workload(string path, WorkloadOptions options)
    {
        _settings = new SluiceConnectionStringBuilder { DataSource = path }.ConnectionString;
        Options = options;
    }

    public WorkloadOptions Options { get; }

    /// <summary>Runs it on a new database in <paramref name="folder"/>.</summary>
    public static WorkloadResult Run(string folder, WorkloadOptions options)
    {
        Workload workload = new(Path.Combine(folder, "history.db"), options);
        Stopwatch watch = Stopwatch.StartNew();
        workload.Run();
        return new WorkloadResult([.. workload._history], workload._committed, workload._refused, watch.Elapsed);
    }

    internal bool IsDone => Volatile.Read(ref _committed) >= Options.Transactions;

    internal long Tick() => Interlocked.Increment(ref _clock);

    internal int NewElement() => Interlocked.Increment(ref _lastElement);

    internal int NewTransaction() => Interlocked.Increment(ref _lastTransaction);

    internal SluiceConnection Open()
    {
        SluiceConnection connection = new(_settings);
        connection.Open();
        Execute(connection, $"PRAGMA isolation = {(Options.Serializable ? "serializable" : "snapshot")}");
        return connection;
    }

    internal static void Execute(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand(sql);
        _ = command.ExecuteNonQuery();
    }

    /// <summary>A list to work on; one that has had its appends is replaced by a new one.</summary>
    internal int PickList(Random random, bool toAppend)
    {
        int place = random.Next(ListsInUse);
        lock (_gate)
        {
            if (toAppend && ++_appends[place] > ElementsInList)
            {
                _appends[place] = 0;
                _lists[place] = ++_lastList;
            }

            return _lists[place];
        }
    }

    internal void Add(HistoryTransaction transaction)
    {
        _history.Enqueue(transaction);
        _ = transaction.Committed ? Interlocked.Increment(ref _committed) : Interlocked.Increment(ref _refused);
    }

    private void Run()
    {
        using SluiceConnection keeper = Open();
        Execute(keeper, ListTables.Schema);
        ConcurrentQueue<Exception> failures = new();
        Thread[] threads =
        [
            .. Enumerable.Range(0, Options.Sessions).Select(session => new Thread(() => Guard(failures, () => new WorkloadSession(this, session).Run()))),
            new Thread(() => Guard(failures, Disturb)),
        ];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        if (!failures.IsEmpty)
        {
            throw new AggregateException(failures);
        }

        new WorkloadSession(this, Options.Sessions).ReadAll(_lastList);
    }

    /// <summary>A failure of one session ends the run.</summary>
    private void Guard(ConcurrentQueue<Exception> failures, Action action)
    {
        try
        {
            action();
        }
        catch (Exception failure)
        {
            failures.Enqueue(failure);
            _ = Interlocked.Add(ref _committed, Options.Transactions);
        }
    }

    /// <summary>Checkpoints, and exclusive transactions, each after some more commits.</summary>
    private void Disturb()
    {
        using SluiceConnection connection = Open();
        int next = 0;
        for (int round = 1; !IsDone; round++)
        {
            next += 400;
            _ = SpinWait.SpinUntil(() => IsDone || Volatile.Read(ref _committed) >= next, TimeSpan.FromMinutes(5));
            Execute(connection, round % 4 == 0 ? $"PRAGMA user_version = {round}" : "PRAGMA wal_checkpoint");
        }
    }
}
