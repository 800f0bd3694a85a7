using System.Globalization;
using Sluice.Differential.Fuzz;
using Sluice.Differential.Generation;

namespace Sluice.Differential;

/// <summary>
/// <code>
/// dotnet run -c Release --project tests/Differential -- [--queries N] [--minutes M] [--seeds N] [--from SEED] [--print] [--whole]
/// dotnet run -c Release --project tests/Differential -- --fuzz MINUTES [--from SEED]
/// </code>
/// Runs seeds until so many queries or seeds are done or the time is over, on all cores. <c>--print</c> only writes the script of one seed;
/// <c>--whole</c> shows differences without making them short. The exit code is 0 only when there was no unexplained difference.
/// </summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        long queries = long.MaxValue;
        int seeds = int.MaxValue;
        int from = 1;
        double minutes = 0;
        bool print = false;
        double fuzz = 0;
        int shrink = 20;
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--queries" when i + 1 < arguments.Length:
                    queries = long.Parse(arguments[++i], CultureInfo.InvariantCulture);
                    break;
                case "--seeds" when i + 1 < arguments.Length:
                    seeds = int.Parse(arguments[++i], CultureInfo.InvariantCulture);
                    break;
                case "--from" when i + 1 < arguments.Length:
                    from = int.Parse(arguments[++i], CultureInfo.InvariantCulture);
                    break;
                case "--minutes" when i + 1 < arguments.Length:
                    minutes = double.Parse(arguments[++i], CultureInfo.InvariantCulture);
                    break;
                case "--fuzz" when i + 1 < arguments.Length:
                    fuzz = double.Parse(arguments[++i], CultureInfo.InvariantCulture);
                    break;
                case "--whole":
                    shrink = 0;
                    break;
                case "--print":
                    print = true;
                    break;
                default:
                    Console.Error.WriteLine($"unknown option '{arguments[i]}': --queries N, --minutes M, --seeds N, --from SEED, --print, --whole, --fuzz MINUTES");
                    return 2;
            }
        }

        if (print)
        {
            foreach (Step step in CaseWriter.Write(from).Steps.Where(step => step.Kind is not StepKind.Ours))
            {
                Console.WriteLine(step.Sql + ";");
            }

            return 0;
        }

        if (fuzz > 0)
        {
            var fuzzer = new Fuzzer();
            fuzzer.Run(from, int.MaxValue, TimeSpan.FromMinutes(fuzz));
            return fuzzer.Report(Console.Out) ? 0 : 1;
        }

        if (queries == long.MaxValue && seeds == int.MaxValue && minutes == 0)
        {
            queries = 20_000;
        }

        var batch = new Batch(shrinkLimit: TimeSpan.FromSeconds(shrink), mostFailures: 20);
        batch.Run(from, seeds, queries, minutes > 0 ? TimeSpan.FromMinutes(minutes) : TimeSpan.MaxValue);
        return batch.Report(Console.Out) ? 0 : 1;
    }
}
