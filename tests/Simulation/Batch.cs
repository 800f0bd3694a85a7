using System.Diagnostics;
using System.Globalization;
using Sluice.Simulation.Disk;

namespace Sluice.Simulation;

/// <summary>Many seeds, on all cores, and what came of them.</summary>
internal sealed class Batch
{
    /// <summary>Every so many seeds one runs twice, to compare the traces.</summary>
    private const int RepeatEvery = 16;

    /// <summary>Failures after which going on teaches nothing.</summary>
    private const int MostFailures = 10;

    private readonly Lock _gate = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly SortedDictionary<int, string> _failures = [];
    private readonly Dictionary<IoPoint, long> _crashes = [];
    private int _seeds;
    private int _repeated;
    private long _lives;
    private long _commits;
    private long _steps;
    private long _flips;
    private long _flipsNoticed;

    public bool HasFailed => _failures.Count > 0;

    /// <summary>The failures, each with the command that replays it.</summary>
    public IEnumerable<string> Failures => _failures.Values;

    public void Run(int from, int seeds, double minutes)
    {
        int next = from - 1;
        TimeSpan end = double.IsPositiveInfinity(minutes) ? TimeSpan.MaxValue : TimeSpan.FromMinutes(minutes);
        var threads = new Thread[Environment.ProcessorCount];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() =>
            {
                for (int seed = Interlocked.Increment(ref next); seed - from < seeds && _watch.Elapsed < end && !Enough; seed = Interlocked.Increment(ref next))
                {
                    RunSeed(seed, null);
                }
            });
            threads[i].Start();
        }

        Array.ForEach(threads, thread => thread.Join());
    }

    public void RunSeed(int seed, TextWriter? output)
    {
        try
        {
            Simulation run = Simulation.Run(seed, new Trace(output));
            bool repeat = seed % RepeatEvery == 0;
            if (repeat && Simulation.Run(seed, new Trace()).Trace is var second && second.Hash != run.Trace.Hash)
            {
                throw new SimulationFailure($"two runs differ: {run.Trace.Events} events with hash {run.Trace.Hash:x}, then {second.Events} with {second.Hash:x}");
            }

            Count(run, repeat);
        }
        catch (Exception error)
        {
            string what = error is SimulationFailure ? error.Message : error.ToString();
            string text = $"seed {seed}: {what}\n  replay: dotnet run -c Release --project tests/Simulation -- --seeds 1 --from {seed} --trace";
            lock (_gate)
            {
                _seeds++;
                _failures[seed] = text;
            }

            Console.Error.WriteLine(text);
        }
    }

    /// <summary>Prints the figures; the last line says how many seeds ran and how many failed. True when none did.</summary>
    public bool Report(TextWriter output)
    {
        output.WriteLine("crashes by point:");
        foreach ((IoPoint point, long count) in _crashes.OrderBy(pair => pair.Key.ToString(), StringComparer.Ordinal))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {point,-32} {count,8}"));
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{_lives} lives, {_commits} commits acknowledged, {_steps} steps of the disk, {_crashes.Values.Sum()} power cuts, {_flips} bytes of logs changed ({_flipsNoticed} noticed, the others without effect), {_repeated} seeds run twice with the same trace, {_watch.Elapsed.TotalSeconds:F0} s"));
        output.WriteLine($"simulation: {_seeds} seeds, {_failures.Count} violations");
        return _failures.Count == 0;
    }

    private bool Enough
    {
        get
        {
            lock (_gate)
            {
                return _failures.Count >= MostFailures;
            }
        }
    }

    private void Count(Simulation run, bool repeated)
    {
        lock (_gate)
        {
            _seeds++;
            _repeated += repeated ? 1 : 0;
            _lives += run.Lives;
            _commits += run.Commits;
            _steps += run.Disk.Steps;
            _flips += run.Flips;
            _flipsNoticed += run.FlipsNoticed;
            foreach (IoPoint point in run.Disk.CrashPoints)
            {
                _crashes[point] = _crashes.GetValueOrDefault(point) + 1;
            }
        }
    }
}
