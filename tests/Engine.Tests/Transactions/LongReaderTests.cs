using System.Diagnostics;
using System.Globalization;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;
using Sluice.Engine.Transactions;
using Xunit.Abstractions;

namespace Sluice.Engine.Tests.Transactions;

/// <summary>A reader that holds its snapshot while writers go on at full load. SLUICE_LONG_SECONDS=180 makes it last for minutes.</summary>
public sealed class LongReaderTests(ITestOutputHelper output)
{
    private const long Limit = 2 << 20;
    private const int Rows = 8_000;
    private const int Writers = 4;

    private static readonly int s_seconds =
        int.TryParse(Environment.GetEnvironmentVariable("SLUICE_LONG_SECONDS"), CultureInfo.InvariantCulture, out int seconds) ? seconds : 0;

    [Fact]
    public void Answers_of_a_long_reader_do_not_change_and_memory_stays_under_the_limit()
    {
        using TemporaryFolder folder = new();
        string source = $"Data Source={folder.File("long.db")}";
        using SluiceConnection first = new(source);
        first.Open();
        Execute(first, $"PRAGMA memory_limit = {Limit}");
        Execute(first, "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, v INTEGER); CREATE INDEX t_k ON t(k)");
        Execute(first, $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Rows}) INSERT INTO t(k, v) SELECT i * 7 % 1000, i FROM n");
        long limitOfWork = first.Statistics.LogBytes + (Limit / 2);

        using WriterThreads writers = new(source, Writers);
        WaitFor(() => first.Statistics.Checkpoints > 3);

        using SluiceConnection reading = new(source);
        reading.Open();
        Execute(reading, "BEGIN");
        string[] answers = Answers(reading);

        // This one stands in the middle of the table and of the index all the time, and goes on now and then.
        using SluiceConnection scanning = new(source);
        scanning.Open();
        Execute(scanning, "BEGIN");
        string whole = Text(scanning, "SELECT count(*) || ' ' || sum(id * v) FROM (SELECT id, v FROM t)");
        using SluiceCommand scan = scanning.CreateCommand("SELECT id, v FROM t");
        using SluiceDataReader rows = scan.ExecuteReader();
        (long Count, long Sum) scanned = (0, 0);

        Stopwatch watch = Stopwatch.StartNew();
        long mostVersions = 0;
        long mostMemory = 0;
        long looks = 0;
        while (watch.Elapsed.TotalSeconds < s_seconds || first.Statistics.LogBytes < limitOfWork)
        {
            writers.RequireNoFailure();
            Assert.True(watch.Elapsed.TotalSeconds < s_seconds + 60, $"too slow: {first.Statistics}");
            Assert.Equal(answers, Answers(reading));
            Scan(rows, 200, ref scanned);
            StoreStatistics statistics = first.Statistics;
            mostVersions = Math.Max(mostVersions, statistics.DeltaBytes);
            mostMemory = Math.Max(mostMemory, statistics.MemoryBytes);
            looks++;
        }

        StoreStatistics end = first.Statistics;
        Scan(rows, int.MaxValue, ref scanned);
        Assert.Equal(whole, $"{scanned.Count} {scanned.Sum}");
        Assert.Equal(answers, Answers(reading));
        writers.Stop();
        output.WriteLine(
            $"{watch.Elapsed.TotalSeconds:0.0} s, {looks} looks, {end.Commits} commits, {end.Checkpoints} checkpoints; versions at most {mostVersions} bytes, "
            + $"old images {end.OldImageBytes} bytes, in all in memory at most {mostMemory}; limit {Limit}");
        Assert.InRange(mostMemory, 1, Limit * 5 / 4);
        Assert.True(end.OldImageBytes > Limit / 8, "no old page was put aside");
    }

    [Fact]
    public void An_old_snapshot_that_memory_was_too_short_for_cannot_be_written_on()
    {
        using TemporaryFolder folder = new();
        string source = $"Data Source={folder.File("floor.db")}";
        using SluiceConnection first = new(source);
        first.Open();
        Execute(first, $"PRAGMA memory_limit = {Limit}");
        Execute(first, "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, v INTEGER); INSERT INTO t VALUES(2, 1, 1)");
        using SluiceConnection old = new(source);
        old.Open();
        Execute(old, "BEGIN CONCURRENT");
        Assert.Equal("1", Text(old, "SELECT v FROM t WHERE id = 2"));
        Execute(first, "UPDATE t SET v = 2 WHERE id = 2");

        // It writes rows 1, 5, 9 and so on, and new ones.
        using WriterThreads writers = new(source, 1);
        long limitOfWork = first.Statistics.LogBytes + (Limit / 2);
        WaitFor(() => first.Statistics.LogBytes > limitOfWork);
        writers.Stop();

        Assert.Equal("1", Text(old, "SELECT v FROM t WHERE id = 2"));
        SluiceException failure = Assert.Throws<SluiceException>(() => Execute(old, "UPDATE t SET v = v + 1 WHERE id = 2"));
        Assert.Equal(ResultCode.Busy, failure.PrimaryCode);
        Assert.Equal("2", Text(first, "SELECT v FROM t WHERE id = 2"));
    }

    /// <summary>Writers at full load until they are stopped; what one of them failed with is thrown then.</summary>
    private sealed class WriterThreads : IDisposable
    {
        private readonly Thread[] _threads;
        private volatile bool _stop;
        private volatile Exception? _failure;

        public WriterThreads(string source, int count)
        {
            _threads = [.. Enumerable.Range(0, count).Select(number => new Thread(() => Run(source, number)))];
            Array.ForEach(_threads, thread => thread.Start());
        }

        public void Stop()
        {
            Dispose();
            RequireNoFailure();
        }

        public void RequireNoFailure() => Assert.Null(_failure);

        public void Dispose()
        {
            _stop = true;
            Array.ForEach(_threads, thread => thread.Join());
        }

        private void Run(string source, int number)
        {
            try
            {
                Write(source, number, () => _stop);
            }
            catch (SluiceException failure)
            {
                _failure = failure;
            }
        }
    }

    private static void Write(string source, int number, Func<bool> stop)
    {
        using SluiceConnection connection = new(source);
        connection.Open();
        using SluiceCommand insert = connection.CreateCommand("INSERT INTO t(k, v) VALUES(@k, 1)");
        using SluiceCommand update = connection.CreateCommand("UPDATE t SET v = v + 1, k = k + 1 WHERE id = @id");
        SluiceParameter key = new("@k", 0L);
        SluiceParameter id = new("@id", 0L);
        insert.Parameters.Add(key);
        update.Parameters.Add(id);
        for (int i = 0; !stop(); i++)
        {
            try
            {
                Execute(connection, "BEGIN CONCURRENT");
                for (int j = 0; j < 10; j++)
                {
                    key.Value = (long)((i + j) % 1000);
                    id.Value = (long)(1 + (((i * 10) + j) * Writers % Rows / Writers * Writers) + number);
                    insert.ExecuteNonQuery();
                    update.ExecuteNonQuery();
                }

                Execute(connection, "COMMIT");
            }
            catch (SluiceException busy) when (busy.IsTransient)
            {
                // On a busy machine it may have been at it for so long that memory was too short for its snapshot.
                if (connection.InTransaction)
                {
                    Execute(connection, "ROLLBACK");
                }
            }
        }
    }

    private static string[] Answers(SluiceConnection connection) =>
    [
        Text(connection, "SELECT count(*) || ' ' || sum(v) || ' ' || sum(k) FROM t"),
        Text(connection, "SELECT count(*) || ' ' || sum(v) FROM t WHERE k BETWEEN 100 AND 120"),
        Text(connection, "SELECT group_concat(id) FROM (SELECT id FROM t WHERE k = 500 ORDER BY id DESC LIMIT 20)"),
        Text(connection, "SELECT max(id) FROM t"),
    ];

    private static void Scan(SluiceDataReader rows, int most, ref (long Count, long Sum) scanned)
    {
        for (int i = 0; i < most && rows.Read(); i++)
        {
            scanned.Count++;
            scanned.Sum += rows.GetInt64(0) * rows.GetInt64(1);
        }
    }

    private static void WaitFor(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(60)), "it did not happen within a minute");

    private static string Text(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand(sql);
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture)!;
    }

    private static void Execute(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand(sql);
        command.ExecuteNonQuery();
    }
}
