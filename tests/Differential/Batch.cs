using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sluice.Differential.Generation;

namespace Sluice.Differential;

/// <summary>Many seeds, on all cores, and what came of them.</summary>
internal sealed class Batch(TimeSpan shrinkLimit, int mostFailures)
{
    private readonly Lock _gate = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly SortedDictionary<int, string> _failures = [];
    private readonly Dictionary<string, int> _explained = [];
    private int _seeds;
    private long _statements;
    private long _queries;

    public bool HasFailed => _failures.Count > 0;

    /// <summary>The failures, each with its seed and a script that shows it.</summary>
    public IEnumerable<string> Failures => _failures.Values;

    /// <summary>Runs seeds from <paramref name="from"/> on until so many queries are done or the time is over.</summary>
    public void Run(int from, int seeds, long queries, TimeSpan time)
    {
        int next = from - 1;
        var threads = new Thread[Environment.ProcessorCount];
        for (int i = 0; i < threads.Length; i++)
        {
            // Deeply nested statements want a main thread's stack.
            threads[i] = new Thread(
                () =>
                {
                    for (int seed = Interlocked.Increment(ref next); seed - from < seeds && !IsEnough(queries, time); seed = Interlocked.Increment(ref next))
                    {
                        RunSeed(seed);
                    }
                },
                maxStackSize: 8 << 20);
            threads[i].Start();
        }

        Array.ForEach(threads, thread => thread.Join());
    }

    /// <summary>Prints the figures; the last line says how many queries ran and how many differ. True when none does.</summary>
    public bool Report(TextWriter output)
    {
        foreach ((string reason, int count) in _explained.OrderByDescending(pair => pair.Value))
        {
            output.WriteLine($"explained {count} times: {reason}");
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"differential: {_seeds} seeds, {_queries} queries of {_statements} statements against SQLite {Version()} in {_watch.Elapsed.TotalSeconds:F0} s, {_explained.Values.Sum()} explained and {_failures.Count} unexplained differences"));
        return _failures.Count == 0;
    }

    private static object? Version()
    {
        using var sqlite = Subject.Sqlite();
        return sqlite.Run("SELECT sqlite_version()").Rows[0][0];
    }

    private bool IsEnough(long queries, TimeSpan time)
    {
        lock (_gate)
        {
            return _queries >= queries || _watch.Elapsed >= time || _failures.Count >= mostFailures;
        }
    }

    private void RunSeed(int seed)
    {
        Case @case = CaseWriter.Write(seed);
        Dictionary<string, int> explained = [];
        Difference? difference = Replay.Run(@case, found =>
        {
            if (Explained.Reason(@case, found) is not { } reason)
            {
                return false;
            }

            explained[reason] = explained.GetValueOrDefault(reason) + 1;
            return true;
        }, out int done);
        string? failure = difference is null ? null : Describe(seed, @case, difference);
        lock (_gate)
        {
            _seeds++;
            _statements += done;
            _queries += @case.Steps.Take(done).Count(step => step.Kind is StepKind.Query or StepKind.Change);
            foreach ((string reason, int count) in explained)
            {
                _explained[reason] = _explained.GetValueOrDefault(reason) + count;
            }

            if (failure is not null)
            {
                _failures[seed] = failure;
            }
        }

        if (failure is not null)
        {
            Console.Error.WriteLine(failure);
        }
    }

    private string Describe(int seed, Case @case, Difference difference)
    {
        (Case small, Difference shown) = new Shrinker(difference, shrinkLimit).Shrink(@case);
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"seed {seed}: {shown.What}");
        foreach (Step step in small.Steps)
        {
            text.Append("  ").Append(step.Sql).AppendLine(";");
        }

        if (small.Steps[^1] != shown.Step)
        {
            text.Append("  ").Append(shown.Step.Sql).AppendLine(";");
        }

        return text.AppendLine($"  SQLite: {shown.Theirs.Beside(shown.Ours)}").Append($"  Sluice: {shown.Ours.Beside(shown.Theirs)}").ToString();
    }
}
