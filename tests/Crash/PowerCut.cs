using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sluice.Engine.Data;

namespace Sluice.Crash;

/// <summary>
/// The power goes again and again under a process that writes. powercut.c, preloaded into it, tells what it wrote and what it synced; the process is
/// killed at a random moment, and the next one finds a disk on which is what was synced and some of what was not (<see cref="DiskImage"/>).
/// Acknowledgements are kept here, outside that process.
/// </summary>
internal static class PowerCut
{
    public const string TraceVariable = "POWERCUT_TRACE";

    private const string CutVariable = "POWERCUT_AT";
    private const string DatabaseVariable = "POWERCUT_DATABASE";
    private const int Writers = 6;

    /// <summary>After so many cycles a new database is begun, so that it stays small enough to be checked each time.</summary>
    private const int CyclesPerDatabase = 50;

    private const int LongestRunMs = 600;

    /// <summary>The last call of a process that is cut at a call and not at a moment; recovery is among the first of them.</summary>
    private const int LastCallOfCut = 400;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public static Command CreateCommand()
    {
        Option<int> cycles = new("--cycles") { Description = "How often the power goes", DefaultValueFactory = _ => 500 };
        Option<int> seed = new("--seed") { Description = "Chooses moments and disks", DefaultValueFactory = _ => Random.Shared.Next() };
        Command command = new("powercut", "Cuts the power under a process that writes, and looks what the disk may hold.") { cycles, seed };
        command.SetAction(result => RunAsync(result.GetValue(cycles), result.GetValue(seed)));
        return command;
    }

    private static async Task<int> RunAsync(int cycles, int seed)
    {
        Console.WriteLine($"seed {seed}");
        Random random = new(seed);
        using Folder folder = new();
        string shim = folder.File("powercut.so");
        _ = Tool.Run("gcc", "-O2", "-shared", "-fPIC", "-o", shim, Path.Combine(AppContext.BaseDirectory, "powercut.c"), "-ldl");

        Ledger ledger = new();
        List<string> wrong = [];
        Totals totals = new();
        string disk = "";
        for (int cycle = 0; cycle < cycles && wrong.Count == 0; cycle++)
        {
            if (cycle % CyclesPerDatabase == 0)
            {
                totals.Acknowledged += ledger.Acknowledged;
                ledger = new Ledger();
                disk = NewFolder(folder, $"{cycle}-new");
                TakeOver.Create(Database(disk));
            }

            DiskImage image = new(disk);
            await WriteUntilCutAsync(disk, folder.File("trace"), shim, (cycle * Writers) + 1, ledger, random);
            Play(image, folder.File("trace"), totals);
            string after = NewFolder(folder, $"{cycle}-after");
            image.Write(disk, after, random);
            string recovered = NewFolder(folder, $"{cycle}-recovered");
            wrong.AddRange(Recover(after, recovered, ledger).Select(line => $"cycle {cycle}: {line}"));
            if (wrong.Count > 0)
            {
                string kept = Directory.CreateTempSubdirectory("sluice-powercut-").FullName;
                Copy(after, kept);
                Console.WriteLine($"the disk of cycle {cycle} is in {kept}");
                break;
            }

            // The next process finds the disk as it was, or as one recovery has left it.
            bool goOnFromCut = random.Next(2) == 0;
            Directory.Delete(disk, recursive: true);
            disk = goOnFromCut ? after : recovered;
            Directory.Delete(goOnFromCut ? recovered : after, recursive: true);
            totals.Cycles++;
        }

        totals.Acknowledged += ledger.Acknowledged;
        return TakeOver.Verdict(
            wrong,
            $"{totals.Cycles} power cuts: {totals.Acknowledged} transactions acknowledged and none lost, {totals.Syncs} syncs, {totals.Records} calls, "
            + $"{totals.Uncertain} not synced when the power went, {totals.CutsWithUncertain} cuts with such; integrity_check ok each time");
    }

    private sealed class Totals
    {
        public int Cycles { get; set; }

        public long Acknowledged { get; set; }

        public long Syncs { get; set; }

        public long Records { get; set; }

        public long Uncertain { get; set; }

        public int CutsWithUncertain { get; set; }
    }

    private static string Database(string disk) => Path.Combine(disk, "power.db");

    private static string NewFolder(Folder folder, string name) => Directory.CreateDirectory(folder.File(name)).FullName;

    private static async Task WriteUntilCutAsync(string disk, string trace, string shim, int firstWriter, Ledger ledger, Random random)
    {
        File.Delete(trace);
        ProcessStartInfo start = WorkerProcess.StartInfo(Database(disk), firstWriter, Writers);
        start.Environment["LD_PRELOAD"] = shim;
        start.Environment[DatabaseVariable] = Database(disk);
        start.Environment[TraceVariable] = trace;
        bool atCall = random.Next(2) == 0;
        if (atCall)
        {
            start.Environment[CutVariable] = random.Next(LastCallOfCut).ToString(CultureInfo.InvariantCulture);
        }

        using WorkerProcess worker = new(start, ledger);
        if (atCall)
        {
            await worker.EndedAsync(s_patience);
            return;
        }

        Stopwatch watch = Stopwatch.StartNew();
        while (worker.Acknowledged == 0 && watch.Elapsed < s_patience)
        {
            await worker.RequireAliveAsync();
            await Task.Delay(1);
        }

        await Task.Delay(random.Next(LongestRunMs));
        await worker.RequireAliveAsync();
        await worker.KillAsync();
    }

    private static void Play(DiskImage image, string trace, Totals totals)
    {
        image.Play(File.Exists(trace) ? File.ReadAllBytes(trace) : []);
        totals.Syncs += image.Syncs;
        totals.Records += image.Records;
        totals.Uncertain += image.Uncertain;
        totals.CutsWithUncertain += image.Uncertain > 0 ? 1 : 0;
    }

    /// <summary>Opens a copy of the disk and closes it in order: it is then a plain SQLite file, which is checked.</summary>
    private static IReadOnlyList<string> Recover(string disk, string copy, Ledger ledger)
    {
        Copy(disk, copy);
        try
        {
            using SluiceConnection connection = new(new SluiceConnectionStringBuilder
            {
                DataSource = Database(copy),
                Mode = SluiceOpenMode.ReadWrite,
                Sharing = SluiceSharing.Off,
            }.ConnectionString);
            connection.Open();
        }
        catch (Engine.SluiceException error)
        {
            return [$"it cannot be opened: {error.Message}"];
        }

        string[] left = [.. Directory.EnumerateFiles(copy).Select(path => Path.GetFileName(path)).Where(name => name != Path.GetFileName(Database(copy)))];
        return left.Length > 0
            ? [$"left over after recovery and an orderly end: {string.Join(", ", left)}"]
            : ledger.CheckAndKeep(Database(copy), out _);
    }

    private static void Copy(string from, string to)
    {
        foreach (string path in Directory.EnumerateFiles(from).Where(path => !path.EndsWith("-sock", StringComparison.Ordinal)))
        {
            File.Copy(path, Path.Combine(to, Path.GetFileName(path)));
        }
    }
}
