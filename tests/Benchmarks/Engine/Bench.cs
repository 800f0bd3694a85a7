using System.Diagnostics;
using System.Globalization;

namespace Sluice.Benchmarks.Engine;

/// <summary>Starts measurements, each in a process and a folder of its own, and prints tables of them.</summary>
internal sealed class Bench(string parent, string shim, int rounds, double seconds)
{
    /// <summary>
    /// What is done before a measurement and does not count, on both sides: files grow, and the compiler of .NET takes some seconds until it has compiled
    /// what is called often. Measurements are of what runs after minutes.
    /// </summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    private int _met;
    private int _missed;

    public string Seconds { get; } = seconds.ToString(CultureInfo.InvariantCulture);

    public string Summary => $"{_met} goals met, {_missed} missed";

    /// <summary>Measures both sides turn about; each figure is the median of the rounds.</summary>
    public (Dictionary<string, double> Ours, Dictionary<string, double> Theirs) Compare(int delayUs, params string[] workload)
    {
        List<Dictionary<string, double>> ours = [];
        List<Dictionary<string, double>> theirs = [];
        for (int round = 0; round < rounds; round++)
        {
            ours.Add(Measure("sluice", delayUs, workload));
            theirs.Add(Measure("sqlite", delayUs, workload));
        }

        return (Median(ours), Median(theirs));
    }

    public Dictionary<string, double> Measure(string side, int delayUs, params string[] workload)
    {
        using Folder folder = new(parent);
        using Process process = Start(folder.Path, side, delayUs, workload);
        return Read(process);
    }

    /// <summary>The time to open a database whose writers were killed in full flight.</summary>
    public Dictionary<string, double> OpenAfterCrash(string side)
    {
        using Folder folder = new(parent);
        using (Process writing = Start(folder.Path, side, 0, "endless"))
        {
            bool ended = writing.WaitForExit(TimeSpan.FromSeconds(8));
            if (ended)
            {
                throw new InvalidOperationException($"the writers ended with {writing.ExitCode}");
            }

            writing.Kill();
            writing.WaitForExit();
        }

        using Process opening = Start(folder.Path, side, 0, "open");
        return Read(opening);
    }

    public void Title(string text) => Console.WriteLine($"\n{text}");

    /// <summary>met, or missed: counted.</summary>
    public string Verdict(bool met)
    {
        _met += met ? 1 : 0;
        _missed += met ? 0 : 1;
        return met ? "met" : "MISSED";
    }

    /// <summary>One row: ours, theirs, the ratio and what it should at least be; null is no goal.</summary>
    public void Row(string name, double ours, double theirs, double? goal, string more = "")
    {
        double ratio = ours / theirs;
        string verdict = goal is { } wanted ? $"{wanted.ToString("0.0", CultureInfo.InvariantCulture),5}x {Verdict(ratio >= wanted),-6}" : $"{"-",6} {"",-6}";
        Console.WriteLine($"  {name,-34} {Number(ours),11} {Number(theirs),11} {ratio.ToString("0.00", CultureInfo.InvariantCulture),8}x  {verdict}  {more}");
    }

    public static void Header(string unit, string more = "") =>
        Console.WriteLine($"  {unit,-34} {"Sluice",11} {"SQLite",11} {"ratio",9}  {"goal",6} {"",-6}  {more}");

    /// <summary>The same work by the processor time that it took, which other work of the machine changes less.</summary>
    public static string Processor(double ours, double theirs) => $"{Number(ours)}, {Number(theirs)}: {Number(ours / theirs)}x";

    public static string Number(double value) => value.ToString(value >= 100 ? "N0" : "0.00", CultureInfo.InvariantCulture);

    private Process Start(string folder, string side, int delayUs, params string[] workload)
    {
        ProcessStartInfo start = new(
            Environment.ProcessPath!,
            ["measure", "--side", side, "--folder", folder, "--seconds", Seconds, "--workload", .. workload])
        {
            RedirectStandardOutput = true,
        };
        SlowSync.Preload(start, shim, delayUs);
        return Process.Start(start) ?? throw new InvalidOperationException("the measuring process did not start");
    }

    private static Dictionary<string, double> Read(Process process)
    {
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? Figures.Parse(output) : throw new InvalidOperationException($"a measurement failed: {output}");
    }

    private static Dictionary<string, double> Median(List<Dictionary<string, double>> rounds) =>
        rounds[0].Keys.ToDictionary(key => key, key => rounds.Select(round => round[key]).Order().ElementAt(rounds.Count / 2));

    /// <summary>A folder of its own for one measurement.</summary>
    private sealed class Folder(string parent) : IDisposable
    {
        public string Path { get; } = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"sluice-bench-{Guid.NewGuid():N}")).FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
