using System.Data.Common;
using System.Diagnostics;
using Sluice.Engine.Data;

namespace Sluice.Benchmarks.Engine;

/// <summary>Measurements of writing, each in a process of its own. The figures go to <see cref="Figures"/>.</summary>
internal static class Writing
{
    private const int PageSize = 4096;

    /// <summary>Threads with a connection each, one transaction after the other, until the time is over.</summary>
    public static void Writers(Side side, string folder, bool withIndex, int writers, int rowsPerTransaction, TimeSpan length, bool checkpointing)
    {
        using DbConnection first = side.Open(folder);
        Side.CreateTable(first, withIndex);
        List<long>[] latencies = new List<long>[writers];
        using Barrier start = new(writers + 1);
        long measureFrom = 0;
        long end = 0;
        Thread[] threads = new Thread[writers];
        for (int i = 0; i < writers; i++)
        {
            int number = i;
            threads[i] = new Thread(() =>
            {
                List<long> mine = latencies[number] = [];
                using DbConnection connection = side.Open(folder);
                using Transactions transactions = new(side, connection, number);
                transactions.Run(rowsPerTransaction);
                start.SignalAndWait();
                long now = Stopwatch.GetTimestamp();
                while (now < end)
                {
                    transactions.Run(rowsPerTransaction);
                    long done = Stopwatch.GetTimestamp();
                    if (done > measureFrom && done <= end)
                    {
                        mine.Add(done - now);
                    }

                    now = done;
                }
            });
            threads[i].Start();
        }

        measureFrom = Stopwatch.GetTimestamp() + (long)(Bench.WarmUp.TotalSeconds * Stopwatch.Frequency);
        end = measureFrom + (long)(length.TotalSeconds * Stopwatch.Frequency);
        start.SignalAndWait();
        using Checkpoints checkpoints = new(side, folder, checkpointing);
        Thread.Sleep(Bench.WarmUp);
        Counts before = Counts.Now(first);
        Thread.Sleep(length);
        Counts after = Counts.Now(first);
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        long[] all = [.. latencies.SelectMany(list => list).Order()];
        Figures.Print("rate", all.Length * (double)rowsPerTransaction / length.TotalSeconds);
        Figures.Print("least", latencies.Min(list => list.Count));
        Figures.Print("commits_per_sync", (double)(after.Commits - before.Commits) / Math.Max(1, after.LogSyncs - before.LogSyncs));
        Figures.Print("syncs", after.Syncs - before.Syncs);
        Figures.Print("checkpoints", after.Checkpoints - before.Checkpoints);
        foreach ((string name, double share) in new[] { ("p50", 0.5), ("p99", 0.99), ("max", 1.0) })
        {
            Figures.Print($"{name}_ms", all.Length == 0 ? double.NaN : all[(int)((all.Length - 1) * share)] * 1000.0 / Stopwatch.Frequency);
        }
    }

    /// <summary>One thread that writes a number of rows, then a checkpoint, all of it measured.</summary>
    public static void Bulk(Side side, string folder, bool withIndex, int rows, int rowsPerTransaction)
    {
        double seconds;
        double used;
        using (DbConnection connection = side.Open(folder))
        {
            Side.CreateTable(connection, withIndex);
            using Transactions transactions = new(side, connection, 0);
            long warmUp = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(warmUp) < Bench.WarmUp)
            {
                transactions.Run(rowsPerTransaction);
            }

            Side.Execute(connection, side.Checkpoint);
            (long logBefore, long pagesBefore) = Parts(connection);
            long allocatedBefore = GC.GetTotalAllocatedBytes();
            TimeSpan pausedBefore = GC.GetTotalPauseDuration();
            DiskBytes begin = DiskBytes.Now(folder);
            TimeSpan usedBefore = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            for (int done = 0; done < rows; done += rowsPerTransaction)
            {
                transactions.Run(rowsPerTransaction);
            }

            Side.Execute(connection, side.Checkpoint);
            seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            used = (Environment.CpuUsage.TotalTime - usedBefore).TotalSeconds;
            DiskBytes end = DiskBytes.Now(folder);
            (long log, long pages) = Parts(connection);
            Figures.Print("allocated_bytes_per_row", (GC.GetTotalAllocatedBytes() - allocatedBefore) / (double)rows);
            Figures.Print("collecting_share", (GC.GetTotalPauseDuration() - pausedBefore).TotalSeconds / seconds);
            Figures.Print("log_bytes_per_row", (log - logBefore) / (double)rows);
            Figures.Print("page_bytes_per_row", (pages - pagesBefore) / (double)rows);
            Figures.Print("disk_bytes_per_row", (end.ToDisk - begin.ToDisk) / (double)rows);
            Figures.Print("written_bytes_per_row", (end.Written - begin.Written) / (double)rows);
        }

        Figures.Print("rate", rows / seconds);
        Figures.Print("cpu", rows / used);
    }

    /// <summary>Bytes that the engine has written to its log and to pages of the file; what is missing of all that was written are rollback journals. 0 for the other side.</summary>
    private static (long Log, long Pages) Parts(DbConnection connection) =>
        connection is SluiceConnection ours ? (ours.Statistics.LogBytes, ours.Statistics.PagesWritten * PageSize) : default;

    /// <summary>Bytes written for each row, the last checkpoint included, by writers of small transactions.</summary>
    public static void Bytes(Side side, string folder, int writers, int rowsPerTransaction, int rows)
    {
        DiskBytes begin;
        using (DbConnection first = side.Open(folder))
        {
            Side.CreateTable(first, withIndex: true);
            Side.Execute(first, side.Checkpoint);
            begin = DiskBytes.Now(folder);
            Parallel(writers, number =>
            {
                using DbConnection connection = side.Open(folder);
                using Transactions transactions = new(side, connection, number);
                for (int done = 0; done < rows / writers; done += rowsPerTransaction)
                {
                    transactions.Run(rowsPerTransaction);
                }
            });
        }

        DiskBytes end = DiskBytes.Now(folder);
        Figures.Print("disk_bytes_per_row", (end.ToDisk - begin.ToDisk) / (double)rows);
        Figures.Print("written_bytes_per_row", (end.Written - begin.Written) / (double)rows);
    }

    /// <summary>Writes many rows and prints how much memory the process had at most, beyond what it had before the first row.</summary>
    public static void Memory(Side side, string folder, long rows)
    {
        const int Writers = 4;
        const int RowsPerTransaction = 1000;
        using DbConnection first = side.Open(folder);
        Side.CreateTable(first, withIndex: true);
        using (Transactions warmUp = new(side, first, Writers))
        {
            warmUp.Run(RowsPerTransaction);
        }

        long before = ProcessMemory.Resident();
        using MemoryWatch watch = MemoryWatch.Over(first);
        long start = Stopwatch.GetTimestamp();
        Parallel(Writers, number =>
        {
            using DbConnection connection = side.Open(folder);
            using Transactions transactions = new(side, connection, number);
            for (long done = 0; done < rows / Writers; done += RowsPerTransaction)
            {
                transactions.Run(RowsPerTransaction);
            }
        });
        Figures.Print("rate", rows / Stopwatch.GetElapsedTime(start).TotalSeconds);
        Figures.Print("before_bytes", before);
        Figures.Print("peak_bytes", ProcessMemory.Peak());
        watch.Print();
        if (first is SluiceConnection)
        {
            using DbCommand limit = Side.Prepare(first, "PRAGMA memory_limit");
            Figures.Print("limit_bytes", (long)limit.ExecuteScalar()!);
        }
    }

    /// <summary>Writes until it is killed.</summary>
    public static void Endless(Side side, string folder)
    {
        using DbConnection first = side.Open(folder);
        Side.CreateTable(first, withIndex: true);
        Parallel(8, number =>
        {
            using DbConnection connection = side.Open(folder);
            using Transactions transactions = new(side, connection, number);
            while (true)
            {
                transactions.Run(100);
            }
        });
    }

    private static void Parallel(int count, Action<int> work)
    {
        Thread[] threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            int number = i;
            threads[i] = new Thread(() => work(number));
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }
    }

    /// <summary>One connection's transactions: rows of a few series, each with the next time.</summary>
    private sealed class Transactions(Side side, DbConnection connection, int number) : IDisposable
    {
        private const int SeriesPerWriter = 20;

        private readonly DbCommand _insert = Side.Prepare(connection, Side.Insert, "@series", "@ts", "@value");
        private readonly DbCommand _begin = Side.Prepare(connection, side.Begin);
        private readonly DbCommand _commit = Side.Prepare(connection, "COMMIT");
        private long _row;

        public void Run(int rows)
        {
            if (rows == 1)
            {
                InsertRow();
                return;
            }

            _ = _begin.ExecuteNonQuery();
            for (int i = 0; i < rows; i++)
            {
                InsertRow();
            }

            _ = _commit.ExecuteNonQuery();
        }

        public void Dispose()
        {
            _insert.Dispose();
            _begin.Dispose();
            _commit.Dispose();
        }

        private void InsertRow()
        {
            _insert.Parameters[0].Value = (number * (long)SeriesPerWriter) + (_row % SeriesPerWriter);
            _insert.Parameters[1].Value = 1_700_000_000_000_000 + (_row * 1_000_000);
            _insert.Parameters[2].Value = _row * 0.25;
            _ = _insert.ExecuteNonQuery();
            _row++;
        }
    }

    /// <summary>A thread that asks for one checkpoint after the other, or none.</summary>
    private sealed class Checkpoints : IDisposable
    {
        private readonly Thread? _thread;
        private volatile bool _stop;

        public Checkpoints(Side side, string folder, bool wanted)
        {
            if (!wanted)
            {
                return;
            }

            _thread = new Thread(() =>
            {
                using DbConnection connection = side.Open(folder);
                while (!_stop)
                {
                    Side.Execute(connection, side.Checkpoint);
                }
            });
            _thread.Start();
        }

        public void Dispose()
        {
            _stop = true;
            _thread?.Join();
        }
    }
}
