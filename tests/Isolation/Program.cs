using System.Globalization;
using Sluice.Isolation.Anomalies;
using Sluice.Isolation.Histories;

// What transactions see of each other, tried out:
//   anomalies                                     the named anomalies, a table of both levels
//   history [--transactions N] [--sessions N] [--seed N] [--level snapshot|serializable]
//                                                 random histories of sessions on threads, checked for cycles; both levels unless one is named
// Exit code 1 when something went otherwise than the level promises.
string folder = Directory.CreateTempSubdirectory("sluice-isolation-").FullName;
try
{
    return args switch
    {
        ["anomalies"] => AnomalyTable.Write(Console.Out, folder) == 0 ? 0 : 1,
        ["history", .. string[] options] => HistoryRuns.Run(Console.Out, folder, Read(options)) ? 0 : 1,
        _ => Usage(),
    };
}
finally
{
    Directory.Delete(folder, recursive: true);
}

static Dictionary<string, string> Read(string[] options) =>
    options.Chunk(2).ToDictionary(pair => pair[0].TrimStart('-'), pair => pair.Length == 2 ? pair[1] : throw new FormatException($"{pair[0]} has no value"));

static int Usage()
{
    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"usage: anomalies | history [--transactions {HistoryRuns.DefaultTransactions}] [--sessions 16] [--seed N] [--level snapshot|serializable]"));
    return 2;
}
