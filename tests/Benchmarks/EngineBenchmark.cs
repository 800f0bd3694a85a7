using System.CommandLine;
using System.Data.Common;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Sluice.Engine.Data;

namespace Sluice.Benchmarks;

/// <summary>
/// Durable rows a second, one row a transaction, by 1 and by many writers, each on a connection and thread of its own:
/// Sluice beside SQLite (Microsoft.Data.Sqlite, WAL, synchronous=FULL). Same statement, same folder, turn about;
/// the median of the rounds is printed.
/// </summary>
internal static class EngineBenchmark
{
    private const string CreateTable =
        "CREATE TABLE readings(id INTEGER PRIMARY KEY, series_id INTEGER, ts INTEGER, value); CREATE INDEX readings_series_ts ON readings(series_id, ts)";

    private const string Insert = "INSERT INTO readings(series_id, ts, value) VALUES(@series, @ts, @value)";

    public static Command CreateCommand()
    {
        Option<int[]> writers = new("--writers") { Description = "Numbers of writers to try.", DefaultValueFactory = _ => [1, 64], AllowMultipleArgumentsPerToken = true };
        Option<double> seconds = new("--seconds") { Description = "Length of one measurement, in seconds.", DefaultValueFactory = _ => 5 };
        Option<int> rounds = new("--rounds") { Description = "Measurements of each side; the median counts.", DefaultValueFactory = _ => 3 };
        Option<string> folder = new("--folder") { Description = "Where the databases are made: the disk to measure.", DefaultValueFactory = _ => Path.GetTempPath() };
        Command command = new("engine", "Single-row durable transactions, beside SQLite.") { writers, seconds, rounds, folder };
        command.SetAction(parse =>
            Run(parse.GetValue(writers)!, TimeSpan.FromSeconds(parse.GetValue(seconds)), parse.GetValue(rounds), parse.GetValue(folder)!));
        return command;
    }

    private static void Run(int[] writerCounts, TimeSpan length, int rounds, string parent)
    {
        Console.WriteLine($"single-row transactions into readings (one index), rows/s, median of {rounds} x {length.TotalSeconds} s, folder {parent}");
        Console.WriteLine($"{"writers",8} {"Sluice",10} {"commits/sync",13} {"SQLite",10} {"ratio",8}");
        foreach (int writers in writerCounts)
        {
            List<double> ours = [];
            List<double> theirs = [];
            List<double> perSync = [];
            for (int round = 0; round < rounds; round++)
            {
                (double rate, double commitsPerSync) = MeasureSluice(parent, writers, length);
                ours.Add(rate);
                perSync.Add(commitsPerSync);
                theirs.Add(MeasureSqlite(parent, writers, length));
            }

            double ratio = Median(ours) / Median(theirs);
            Console.WriteLine($"{writers,8} {Median(ours),10:F0} {Median(perSync),13:F1} {Median(theirs),10:F0} {ratio,7:F2}x");
        }
    }

    private static (double Rate, double CommitsPerSync) MeasureSluice(string parent, int writers, TimeSpan length)
    {
        using Folder folder = new(parent);
        string source = $"Data Source={folder.Path}/sluice.db";
        using SluiceConnection first = new(source);
        first.Open();
        Execute(first, CreateTable);
        long commits = first.Statistics.Commits;
        long syncs = first.Statistics.Syncs;
        double rate = Measure(() => new SluiceConnection(source), writers, length);
        return (rate, (double)(first.Statistics.Commits - commits) / (first.Statistics.Syncs - syncs));
    }

    private static double MeasureSqlite(string parent, int writers, TimeSpan length)
    {
        using Folder folder = new(parent);
        string source = $"Data Source={folder.Path}/sqlite.db;Pooling=False;Default Timeout=120";
        using SqliteConnection first = new(source);
        first.Open();
        Execute(first, "PRAGMA journal_mode=WAL");
        Execute(first, CreateTable);
        return Measure(
            () =>
            {
                SqliteConnection connection = new(source);
                connection.Open();
                Execute(connection, "PRAGMA synchronous=FULL");
                return connection;
            },
            writers,
            length);
    }

    /// <summary>Rows a second of <paramref name="writers"/> threads that each insert one row a transaction until the time is over.</summary>
    private static double Measure(Func<DbConnection> connect, int writers, TimeSpan length)
    {
        long rows = 0;
        using Barrier start = new(writers + 1);
        Stopwatch watch = new();
        Thread[] threads = new Thread[writers];
        for (int i = 0; i < writers; i++)
        {
            int series = i;
            threads[i] = new Thread(() =>
            {
                using DbConnection connection = connect();
                if (connection.State != System.Data.ConnectionState.Open)
                {
                    connection.Open();
                }

                using DbCommand command = connection.CreateCommand();
                command.CommandText = Insert;
                DbParameter ts = Parameter(command, "@ts", 0L);
                DbParameter value = Parameter(command, "@value", 0.0);
                _ = Parameter(command, "@series", (long)series);
                command.Prepare();
                start.SignalAndWait();
                long count = 0;
                while (watch.Elapsed < length)
                {
                    ts.Value = 1_700_000_000_000_000 + (count * 1_000_000);
                    value.Value = count * 0.25;
                    _ = command.ExecuteNonQuery();
                    count++;
                }

                _ = Interlocked.Add(ref rows, count);
            });
            threads[i].Start();
        }

        watch.Start();
        start.SignalAndWait();
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return rows / watch.Elapsed.TotalSeconds;
    }

    private static DbParameter Parameter(DbCommand command, string name, object value)
    {
        DbParameter parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        _ = command.Parameters.Add(parameter);
        return parameter;
    }

    private static void Execute(DbConnection connection, string sql)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>A folder of its own for one measurement.</summary>
    private sealed class Folder(string parent) : IDisposable
    {
        public string Path { get; } = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"sluice-bench-{Guid.NewGuid():N}")).FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
