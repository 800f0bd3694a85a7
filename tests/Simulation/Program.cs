using System.Globalization;

namespace Sluice.Simulation;

/// <summary>
/// <code>
/// dotnet run -c Release --project tests/Simulation -- [--seeds N] [--from SEED] [--minutes M] [--trace]
/// </code>
/// Runs seeds until so many are done or the time is over, on all cores; every 16th twice, to compare the traces. The exit code is 0 only
/// when no invariant was broken.
/// </summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        int seeds = int.MaxValue;
        int from = 1;
        double minutes = double.PositiveInfinity;
        bool trace = false;
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--seeds" when i + 1 < arguments.Length:
                    seeds = int.Parse(arguments[++i], CultureInfo.InvariantCulture);
                    break;
                case "--from" when i + 1 < arguments.Length:
                    from = int.Parse(arguments[++i], CultureInfo.InvariantCulture);
                    break;
                case "--minutes" when i + 1 < arguments.Length:
                    minutes = double.Parse(arguments[++i], CultureInfo.InvariantCulture);
                    break;
                case "--trace":
                    trace = true;
                    break;
                default:
                    Console.Error.WriteLine($"unknown option '{arguments[i]}': --seeds N, --from SEED, --minutes M, --trace");
                    return 2;
            }
        }

        if (seeds == int.MaxValue && double.IsPositiveInfinity(minutes))
        {
            seeds = 1000;
        }

        var batch = new Batch();
        if (trace)
        {
            batch.RunSeed(from, Console.Out);
        }
        else
        {
            batch.Run(from, seeds, minutes);
        }

        return batch.Report(Console.Out) ? 0 : 1;
    }
}
