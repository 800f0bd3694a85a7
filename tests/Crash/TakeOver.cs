using System.CommandLine;
using System.Diagnostics;
using Sluice.Engine.Data;

namespace Sluice.Crash;

/// <summary>
/// Three processes write into one file at once; the one that owns it is killed twice, and another process comes in its place. At the end every
/// acknowledged row is there once.
/// </summary>
internal static class TakeOver
{
    private const int Processes = 3;
    private const int WritersEach = 4;
    private const int Kills = 2;

    public static Command CreateCommand()
    {
        Option<double> seconds = new("--seconds") { Description = "How long they write", DefaultValueFactory = _ => 10 };
        Command command = new("takeover", "Three processes write into one file; its owner is killed twice.") { seconds };
        command.SetAction(result => RunAsync(TimeSpan.FromSeconds(result.GetValue(seconds))));
        return command;
    }

    private static async Task<int> RunAsync(TimeSpan length)
    {
        using Folder folder = new();
        string database = folder.File("shared.db");
        Create(database);
        Ledger ledger = new();
        List<WorkerProcess> started = [];
        List<WorkerProcess> running = [];
        int firstWriter = 1;
        void Start()
        {
            WorkerProcess worker = new(WorkerProcess.StartInfo(database, firstWriter, WritersEach), ledger);
            firstWriter += WritersEach;
            started.Add(worker);
            running.Add(worker);
        }

        try
        {
            for (int i = 0; i < Processes; i++)
            {
                Start();
            }

            Stopwatch watch = Stopwatch.StartNew();
            for (int kill = 1; kill <= Kills; kill++)
            {
                await WaitAsync(watch, length * kill / (Kills + 1), running);
                WorkerProcess owner = await OwnerAsync(running);
                await owner.KillAsync();
                _ = running.Remove(owner);
                Console.WriteLine($"{watch.Elapsed.TotalSeconds,6:0.00} s: killed process {owner.Id}, which owned the file, after {ledger.Acknowledged} acknowledged transactions");
                Start();
            }

            await WaitAsync(watch, length, running);
            await Task.WhenAll(running.Select(worker => worker.StopAsync()));
            IReadOnlyList<string> wrong = ledger.Check(database, out int found);
            foreach (WorkerProcess worker in started)
            {
                Console.WriteLine(
                    $"process {worker.Id}: {worker.Acknowledged} acknowledged, {worker.Retries} tried again, {worker.Unknown} of unknown outcome, "
                    + $"longest wait {worker.LongestGap.TotalMilliseconds:0} ms{(worker.Owns ? ", has owned the file" : "")}");
            }

            return Verdict(wrong, $"{Processes} processes, {Kills} owners killed: {ledger.Acknowledged} transactions acknowledged, each there once, {found} there in all, integrity_check ok");
        }
        finally
        {
            started.ForEach(worker => worker.Dispose());
        }
    }

    /// <summary>Prints what is wrong, or what is right; the exit code.</summary>
    internal static int Verdict(IReadOnlyList<string> wrong, string right)
    {
        foreach (string line in wrong.Take(20))
        {
            Console.WriteLine($"WRONG: {line}");
        }

        Console.WriteLine(wrong.Count == 0 ? $"ok: {right}" : $"FAILED: {wrong.Count} things are wrong");
        return wrong.Count == 0 ? 0 : 1;
    }

    internal static void Create(string database)
    {
        using SluiceConnection connection = new(new SluiceConnectionStringBuilder { DataSource = database }.ConnectionString);
        connection.Open();
        using SluiceCommand command = connection.CreateCommand(Ledger.Schema);
        _ = command.ExecuteNonQuery();
    }

    private static async Task WaitAsync(Stopwatch watch, TimeSpan until, List<WorkerProcess> running)
    {
        while (watch.Elapsed < until)
        {
            await Task.Delay(20);
            foreach (WorkerProcess worker in running)
            {
                await worker.RequireAliveAsync();
            }
        }
    }

    private static async Task<WorkerProcess> OwnerAsync(List<WorkerProcess> running)
    {
        Stopwatch patience = Stopwatch.StartNew();
        while (true)
        {
            if (running.Find(worker => worker.Owns) is { } owner)
            {
                return owner;
            }

            if (patience.Elapsed > TimeSpan.FromSeconds(30))
            {
                throw new InvalidDataException("no process has taken the file over within 30 s");
            }

            await Task.Delay(10);
        }
    }
}

/// <summary>A folder of its own, removed at the end.</summary>
internal sealed class Folder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sluice-crash-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
