using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sluice.Engine;
using Sluice.Engine.Data;
using Sluice.Engine.Transactions;

namespace Sluice.Crash;

/// <summary>
/// A transaction holds its snapshot while writers insert, update and delete as fast as they can under a small memory limit. It reads the same
/// aggregates again and again; a second one goes slowly through the table. Their answers must not change, and memory must stay under the limit.
/// </summary>
internal static class LongReader
{
    private const int FirstRows = 200_000;
    private const int RowsATransaction = 20;

    /// <summary>
    /// What the engine counts may pass the limit by this factor: writers that are inside go on, and their last portion is counted late.
    /// </summary>
    private const double Margin = 1.15;

    /// <summary>What the process may have beyond the limit: page cache, the runtime with its heap's slack, this program's own work.</summary>
    private const long ProcessBytes = 320L << 20;

    public static Command CreateCommand()
    {
        Option<double> minutes = new("--minutes") { Description = "How long the snapshot is held", DefaultValueFactory = _ => 3 };
        Option<int> writers = new("--writers") { DefaultValueFactory = _ => 8 };
        Option<long> limit = new("--memory-mib") { Description = "PRAGMA memory_limit", DefaultValueFactory = _ => 64 };
        Command command = new("longreader", "Holds a snapshot under full load: answers stay, memory stays under the limit.") { minutes, writers, limit };
        command.SetAction(result => Run(TimeSpan.FromMinutes(result.GetValue(minutes)), result.GetValue(writers), result.GetValue(limit) << 20));
        return command;
    }

    private static int Run(TimeSpan length, int writers, long limit)
    {
        using Folder folder = new();
        string database = folder.File("long.db");
        string source = new SluiceConnectionStringBuilder { DataSource = database }.ConnectionString;
        List<string> wrong = [];
        using (SluiceConnection first = Open(source))
        {
            Execute(first, $"PRAGMA memory_limit = {limit}");
            Execute(first, "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, v INTEGER, s TEXT)");
            Execute(first, "CREATE INDEX t_k ON t(k)");
            Execute(first, $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {FirstRows}) INSERT INTO t(k, v, s) SELECT i * 7919 % 100003, i, printf('%040d', i) FROM n");
            var load = new Load(source, writers);
            load.WaitUntilRunning();
            try
            {
                wrong.AddRange(Hold(first, source, length, limit));
            }
            finally
            {
                load.Stop();
            }

            wrong.AddRange(load.Failures);
            Console.WriteLine($"{load.Commits} transactions of {RowsATransaction} changes by {writers} writers, {load.Retries} tried again");
        }

        string integrity = Tool.Sqlite3(database, "PRAGMA integrity_check");
        Console.WriteLine($"integrity_check {integrity}");
        if (integrity != "ok")
        {
            wrong.Add($"integrity_check: {integrity}");
        }

        return TakeOver.Verdict(wrong, $"a snapshot held for {length.TotalMinutes:0.#} minutes under full load: answers unchanged, memory under the limit");
    }

    private static List<string> Hold(SluiceConnection first, string source, TimeSpan length, long limit)
    {
        List<string> wrong = [];
        using SluiceConnection reading = Open(source);
        Execute(reading, "BEGIN");
        string[] answers = Answers(reading);
        using SluiceConnection scanning = Open(source);
        Execute(scanning, "BEGIN");
        string whole = Text(scanning, "SELECT count(*) || ' ' || sum(id * 31 + v) FROM (SELECT id, v FROM t)");
        using SluiceCommand scan = scanning.CreateCommand("SELECT id, v FROM t");
        using SluiceDataReader rows = scan.ExecuteReader();
        (long Count, long Sum) scanned = (0, 0);
        Stopwatch watch = Stopwatch.StartNew();
        TimeSpan nextLine = TimeSpan.Zero;
        long mostCounted = 0;
        long mostResident = 0;
        long looks = 0;
        while (watch.Elapsed < length)
        {
            string[] again = Answers(reading);
            looks++;
            if (!again.SequenceEqual(answers))
            {
                wrong.Add($"after {watch.Elapsed.TotalSeconds:0} s the answers were {string.Join("; ", again)} instead of {string.Join("; ", answers)}");
                break;
            }

            Scan(rows, 500, ref scanned);
            StoreStatistics statistics = first.Statistics;
            long resident = Resident();
            mostCounted = Math.Max(mostCounted, statistics.MemoryBytes);
            mostResident = Math.Max(mostResident, resident);
            if (watch.Elapsed >= nextLine)
            {
                nextLine += TimeSpan.FromSeconds(15);
                Console.WriteLine(
                    $"{watch.Elapsed.TotalSeconds,5:0} s: {looks} looks, {statistics.Commits} commits; versions {Mib(statistics.DeltaBytes)}, old pages {Mib(statistics.OldImageBytes)} (most of them in a file), "
                    + $"in memory {Mib(statistics.MemoryBytes)} of {Mib(limit)} MiB; process {Mib(resident)} MiB");
            }
        }

        Scan(rows, int.MaxValue, ref scanned);
        if (wrong.Count == 0 && $"{scanned.Count} {scanned.Sum}" != whole)
        {
            wrong.Add($"a scan that took all that time gave {scanned.Count} {scanned.Sum} instead of {whole}");
        }

        Console.WriteLine(
            $"{looks} looks at the same snapshot in {watch.Elapsed.TotalSeconds:0} s and one scan of {scanned.Count} rows; at most {Mib(mostCounted)} MiB in memory, limit {Mib(limit)} MiB (margin {Margin}); process at most {Mib(mostResident)} MiB");
        if (mostCounted > limit * Margin)
        {
            wrong.Add($"{mostCounted} bytes were in memory, the limit is {limit}");
        }

        if (mostResident > limit + ProcessBytes)
        {
            wrong.Add($"the process had {mostResident} bytes, more than {ProcessBytes} beyond the limit");
        }

        return wrong;
    }

    private static string[] Answers(SluiceConnection connection) =>
    [
        Text(connection, "SELECT count(*) || ' ' || sum(v) || ' ' || sum(k) FROM t"),
        Text(connection, "SELECT count(*) || ' ' || sum(v) || ' ' || max(s) FROM t WHERE k BETWEEN 500 AND 700"),
        Text(connection, "SELECT group_concat(id) FROM (SELECT id FROM t WHERE k < 5000 ORDER BY k DESC, id DESC LIMIT 50)"),
        Text(connection, "SELECT min(id) || ' ' || max(id) FROM t"),
    ];

    private static void Scan(SluiceDataReader rows, int most, ref (long Count, long Sum) scanned)
    {
        for (int i = 0; i < most && rows.Read(); i++)
        {
            scanned.Count++;
            scanned.Sum += (rows.GetInt64(0) * 31) + rows.GetInt64(1);
        }
    }

    private static SluiceConnection Open(string source)
    {
        SluiceConnection connection = new(source);
        connection.Open();
        return connection;
    }

    private static string Text(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand(sql);
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture)!;
    }

    private static void Execute(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand(sql);
        _ = command.ExecuteNonQuery();
    }

    private static long Resident()
    {
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private static string Mib(long bytes) => (bytes / (double)(1 << 20)).ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>Writers on threads of their own: inserts, updates and deletes all over the table.</summary>
    private sealed class Load
    {
        private readonly Thread[] _threads;
        private readonly List<string> _failures = [];
        private volatile bool _stop;
        private long _commits;
        private long _retries;

        public Load(string source, int writers)
        {
            _threads = [.. Enumerable.Range(0, writers).Select(number => new Thread(() => Write(source, new Random(number))))];
            Array.ForEach(_threads, thread => thread.Start());
        }

        public long Commits => Volatile.Read(ref _commits);

        public long Retries => Volatile.Read(ref _retries);

        public IReadOnlyList<string> Failures => _failures;

        public void WaitUntilRunning() =>
            _ = SpinWait.SpinUntil(() => Commits > 1000 || _failures.Count > 0, TimeSpan.FromMinutes(1));

        public void Stop()
        {
            _stop = true;
            Array.ForEach(_threads, thread => thread.Join());
        }

        private void Write(string source, Random random)
        {
            try
            {
                using SluiceConnection connection = Open(source);
                while (!_stop)
                {
                    if (TryTransaction(connection, random))
                    {
                        Interlocked.Increment(ref _commits);
                    }
                    else
                    {
                        Interlocked.Increment(ref _retries);
                    }
                }
            }
            catch (SluiceException failure)
            {
                lock (_failures)
                {
                    _failures.Add($"a writer failed: {failure.Code}: {failure.Message}");
                }
            }
        }

        /// <summary>One transaction; false when it met another.</summary>
        private static bool TryTransaction(SluiceConnection connection, Random random)
        {
            try
            {
                Execute(connection, "BEGIN CONCURRENT");
                for (int i = 0; i < RowsATransaction; i++)
                {
                    long id = 1 + random.Next(FirstRows);
                    Execute(connection, (i % 4) switch
                    {
                        0 => $"DELETE FROM t WHERE id = {id}",
                        1 => $"INSERT INTO t(k, v, s) VALUES({random.Next(100003)}, 1, 'a new row of some length, as readings are')",
                        _ => $"UPDATE t SET v = v + 1, k = (k + 7919) % 100003 WHERE id = {id}",
                    });
                }

                Execute(connection, "COMMIT");
                return true;
            }
            catch (SluiceException failure) when (failure.IsTransient)
            {
                if (connection.InTransaction)
                {
                    Execute(connection, "ROLLBACK");
                }

                return false;
            }
        }
    }
}
