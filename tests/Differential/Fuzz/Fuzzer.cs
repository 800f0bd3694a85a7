using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sluice.Engine;
using Sluice.Engine.Sql;

namespace Sluice.Differential.Fuzz;

/// <summary>
/// Gives the lexer and parser, and then the binder and planner, what is hardly SQL. Whatever it is, it is parsed or refused with a
/// <see cref="SluiceException"/>, and soon; a stack that overflows ends the process and so the test.
/// </summary>
internal sealed class Fuzzer
{
    /// <summary>Texts from one seed: making the statements that they begin with takes longer than parsing them.</summary>
    private const int TextsPerSeed = 400;

    /// <summary>Far more than any of these short texts needs, on however busy a machine.</summary>
    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly List<string> _failures = [];
    private long _texts;
    private long _parsed;
    private long _planned;

    /// <summary>What went wrong, each with its seed and text.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>Seeds from <paramref name="from"/> on, so many or until the time is over, on all cores.</summary>
    public void Run(int from, int seeds, TimeSpan time)
    {
        int next = from - 1;
        var threads = new Thread[Environment.ProcessorCount];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() =>
            {
                for (int seed = Interlocked.Increment(ref next); seed - from < seeds && _watch.Elapsed < time && _failures.Count < 10; seed = Interlocked.Increment(ref next))
                {
                    RunSeed(seed);
                }
            });
            threads[i].Start();
        }

        Array.ForEach(threads, thread => thread.Join());
    }

    /// <summary>Prints the figures; true when nothing went wrong.</summary>
    public bool Report(TextWriter output)
    {
        _failures.ForEach(output.WriteLine);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"fuzz: {_texts} texts, {_parsed} of them statements, {_planned} planned, {_watch.Elapsed.TotalSeconds:F0} s, {_failures.Count} failures"));
        return _failures.Count == 0;
    }

    private void RunSeed(int seed)
    {
        var mutator = new TextMutator(seed);
        using var subject = Subject.Sluice();
        foreach (Step step in Generation.CaseWriter.Write(seed).Steps.TakeWhile(step => step.Kind is not StepKind.Query))
        {
            subject.Run(step.Sql);
        }

        for (int i = 0; i < TextsPerSeed; i++)
        {
            byte[] text = mutator.Next();
            long start = Stopwatch.GetTimestamp();
            string? failure = Try(text, subject);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            failure ??= took > s_slow ? $"took {took.TotalSeconds:F0} s" : null;
            if (failure is not null)
            {
                lock (_gate)
                {
                    _failures.Add($"seed {seed}, text {i}: {failure}\n  {Convert.ToBase64String(text)}\n  {Encoding.UTF8.GetString(text)}");
                }
            }
        }
    }

    private string? Try(byte[] text, Subject subject)
    {
        Interlocked.Increment(ref _texts);
        try
        {
            int next = 0;
            while (next < text.Length && Parser.Parse(text, next, out int end) is not null)
            {
                Interlocked.Increment(ref _parsed);
                next = end > next ? end : throw new InvalidOperationException("the parser stays where it is");
            }
        }
        catch (SluiceException)
        {
            return null;
        }
        catch (Exception error)
        {
            return error.ToString();
        }

        Answer plan = subject.Run("EXPLAIN QUERY PLAN " + Encoding.UTF8.GetString(text));
        Interlocked.Increment(ref _planned);
        return plan.ErrorCode == Answer.Crash && !IsOfParameters(plan) ? plan.Error : null;
    }

    /// <summary>The provider asks for the values of parameters before it runs anything.</summary>
    private static bool IsOfParameters(Answer answer) => answer.Error.Contains("parameter", StringComparison.OrdinalIgnoreCase);
}
