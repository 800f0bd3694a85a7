using Sluice.Engine.Data;

namespace Sluice.Engine.Tests.Data;

/// <summary>Many connections on one file at the same time.</summary>
public class ConcurrencyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-data-").FullName;

    protected virtual string Settings => OwnSettings;

    protected string OwnSettings => $"Data Source={Path.Combine(_folder, "t.db")}";

    public virtual void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Single_row_inserts_of_many_connections_do_not_conflict()
    {
        using SluiceConnection keeper = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, writer, n, UNIQUE(writer, n))");
        const int writers = 16;
        const int rows = 40;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            await using SluiceConnection connection = Open();
            await using SluiceCommand insert = connection.CreateCommand("INSERT INTO t(writer, n) VALUES(@writer, @n)");
            insert.Parameters.AddWithValue("@writer", writer);
            SluiceParameter n = insert.Parameters.AddWithValue("@n", 0);
            for (int i = 0; i < rows; i++)
            {
                n.Value = i;
                await using SluiceTransaction transaction = connection.BeginTransaction(SluiceTransactionMode.Concurrent);
                insert.Transaction = transaction;
                Assert.Equal(1, await insert.ExecuteNonQueryAsync());
                await transaction.CommitAsync();
            }
        })));
        Assert.Equal((long)writers * rows, keeper.Scalar("SELECT count(*) FROM t"));
        Assert.Equal((long)writers * rows, keeper.Scalar("SELECT count(DISTINCT id) FROM t"));
        Assert.Equal((long)writers, keeper.Scalar("SELECT count(*) FROM (SELECT writer FROM t GROUP BY writer HAVING count(*) = 40 AND max(n) = 39)"));
    }

    [Fact]
    public async Task The_first_writer_of_a_row_wins_and_the_second_is_told()
    {
        using SluiceConnection first = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 0)");
        using SluiceConnection second = Open();
        using SluiceTransaction winner = first.BeginTransaction(SluiceTransactionMode.Concurrent);
        using SluiceTransaction loser = second.BeginTransaction(SluiceTransactionMode.Concurrent);
        first.Run("UPDATE t SET v = 1 WHERE id = 1");
        SluiceException error = Assert.Throws<SluiceException>(() => second.Run("UPDATE t SET v = 2 WHERE id = 1"));
        Assert.Equal(ResultCode.BusyConflict, error.Code);
        Assert.True(error.IsTransient);
        loser.Rollback();
        await winner.CommitAsync();
        Assert.Equal(1L, second.Scalar("SELECT v FROM t"));
    }

    [Fact]
    public async Task RunConcurrentAsync_loses_no_update()
    {
        using SluiceConnection keeper = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 0), (2, 0)");
        const int writers = 6;
        const int rounds = 15;
        int attempts = 0;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(async () =>
        {
            await using SluiceConnection connection = Open();
            for (int i = 0; i < rounds; i++)
            {
                await connection.RunConcurrentAsync(async (c, token) =>
                {
                    Interlocked.Increment(ref attempts);
                    await using SluiceCommand read = c.CreateCommand("SELECT v FROM t WHERE id = 1");
                    long value = (long)(await read.ExecuteScalarAsync(token))!;
                    await using SluiceCommand write = c.CreateCommand("UPDATE t SET v = @v WHERE id = 1; UPDATE t SET v = v + 1 WHERE id = 2");
                    write.Parameters.AddWithValue("@v", value + 1);
                    await write.ExecuteNonQueryAsync(token);
                });
            }
        })));
        Assert.Equal(["integer 90", "integer 90"], keeper.Rows("SELECT v FROM t ORDER BY id"));
        Assert.True(attempts >= writers * rounds);
    }

    [Fact]
    public async Task RunConcurrentAsync_gives_back_results_and_other_errors()
    {
        using SluiceConnection connection = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
        Assert.Equal(7, await connection.RunConcurrentAsync((c, _) => Task.FromResult(c.Run("INSERT INTO t VALUES(1, 1)") + 6)));
        int runs = 0;
        SluiceException error = await Assert.ThrowsAsync<SluiceException>(() => connection.RunConcurrentAsync((c, _) =>
        {
            runs++;
            c.Run("INSERT INTO t VALUES(2, 2); INSERT INTO t VALUES(1, 1)");
            return Task.CompletedTask;
        }));
        Assert.Equal(ResultCode.ConstraintPrimaryKey, error.Code);
        Assert.Equal(1, runs);
        Assert.False(connection.InTransaction);
        Assert.Equal([1L], connection.Ids());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.RunConcurrentAsync((_, _) => Task.CompletedTask, new CancellationToken(true)));
    }

    [Fact]
    public async Task RunConcurrentAsync_gives_up_after_its_bound()
    {
        using SluiceConnection connection = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
        int runs = 0;
        ConcurrentRetry retry = new(new InstantTime([]), new Random(1));
        SluiceException error = await Assert.ThrowsAsync<SluiceException>(() => retry.RunAsync<int>(
            connection,
            (_, _) =>
            {
                runs++;
                throw new SluiceException(ResultCode.BusyConflict, "always");
            },
            CancellationToken.None));
        Assert.Equal("always", error.Message);
        Assert.Equal(ConcurrentRetry.MostAttempts, runs);
        Assert.False(connection.InTransaction);
    }

    [Fact]
    public async Task RunConcurrentAsync_begins_anew_after_each_kind_of_conflict_and_waits_longer_each_time()
    {
        using SluiceConnection connection = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 0)");
        using SluiceConnection other = Open();
        List<TimeSpan> waits = [];
        ConcurrentRetry retry = new(new InstantTime(waits), new Random(1));
        int runs = 0;
        await retry.RunAsync(
            connection,
            (c, _) =>
            {
                runs++;
                Assert.Equal(runs - 1L, c.Scalar("SELECT v FROM t"));
                if (runs < 8)
                {
                    other.Run(runs == 3 ? "CREATE TABLE u(a); UPDATE t SET v = v + 1" : runs == 5 ? "BEGIN EXCLUSIVE; UPDATE t SET v = v + 1; COMMIT" : "UPDATE t SET v = v + 1");
                }

                return Task.FromResult(c.Run("UPDATE t SET v = 100"));
            },
            CancellationToken.None);
        Assert.Equal(8, runs);
        Assert.Equal(100L, other.Scalar("SELECT v FROM t"));
        Assert.Equal(7, waits.Count);
        Assert.All(waits, (wait, i) => Assert.InRange(wait.TotalMilliseconds, 1, Math.Min(100, 2 << i)));
        Assert.True(waits.Distinct().Count() > 2, "the waits are not drawn");
    }

    [Fact]
    public async Task RunConcurrentAsync_refuses_what_cannot_be_run_anew()
    {
        using SluiceConnection connection = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
        connection.Run("BEGIN");
        await Assert.ThrowsAsync<SluiceException>(() => connection.RunConcurrentAsync((_, _) => throw new InvalidDataException("must not run")));
        connection.Run("ROLLBACK");
        int runs = 0;

        // It has ended the transaction: to run it anew would insert twice.
        InvalidOperationException ended = await Assert.ThrowsAsync<InvalidOperationException>(() => connection.RunConcurrentAsync((c, _) =>
        {
            runs++;
            c.Run("INSERT INTO t(v) VALUES(1); COMMIT");
            return Task.CompletedTask;
        }));
        Assert.Contains("ended its transaction", ended.Message);
        SluiceException busy = await Assert.ThrowsAsync<SluiceException>(() => connection.RunConcurrentAsync((c, _) =>
        {
            runs++;
            c.Run("INSERT INTO t(v) VALUES(2); COMMIT");
            throw new SluiceException(ResultCode.Busy, "something else was locked");
        }));
        Assert.Equal("something else was locked", busy.Message);
        Assert.Equal(2, runs);
        Assert.Equal([1L, 2L], connection.Ids());
    }

    [Fact]
    public async Task RunConcurrentAsync_can_be_cancelled_while_it_waits()
    {
        using SluiceConnection connection = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 0)");
        using SluiceConnection other = Open("BEGIN CONCURRENT; UPDATE t SET v = 1");
        using CancellationTokenSource cancel = new();
        int runs = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.RunConcurrentAsync(
            (c, _) =>
            {
                if (++runs == 3)
                {
                    cancel.Cancel();
                }

                return Task.FromResult(c.Run("UPDATE t SET v = 2"));
            },
            cancel.Token));
        Assert.Equal(3, runs);
        Assert.False(connection.InTransaction);
    }

    [Fact]
    public void Readers_see_one_state_while_writers_go_on()
    {
        using SluiceConnection writer = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 'old'), (2, 'old')");
        using SluiceConnection reader = Open();
        using SluiceTransaction snapshot = reader.BeginTransaction(SluiceTransactionMode.Concurrent);
        Assert.Equal(2L, reader.Scalar("SELECT count(*) FROM t"));
        writer.Run("INSERT INTO t VALUES(3, 'new'); UPDATE t SET v = 'new'; DELETE FROM t WHERE id = 1");
        Assert.Equal(["integer 1 | text 'old'", "integer 2 | text 'old'"], reader.Rows("SELECT * FROM t"));
        snapshot.Commit();
        Assert.Equal(["integer 2 | text 'new'", "integer 3 | text 'new'"], reader.Rows("SELECT * FROM t"));
    }

    [Fact]
    public void The_stable_horizon_stays_below_rows_that_may_still_come()
    {
        using SluiceConnection first = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t(v) VALUES('a'), ('b')");
        using SluiceConnection second = Open();
        Assert.Equal(3, first.GetStableHorizon("t"));
        using SluiceTransaction open = first.BeginTransaction(SluiceTransactionMode.Concurrent);
        first.Run("INSERT INTO t(v) VALUES('pending')");
        second.Run("INSERT INTO t(v) VALUES('committed after')");
        Assert.Equal(3, second.GetStableHorizon("t"));
        open.Commit();
        Assert.Equal(5, second.GetStableHorizon("t"));
        Assert.Contains("no such table: none", Assert.Throws<SluiceException>(() => first.GetStableHorizon("none")).Message);
    }

    [Fact]
    public async Task Commits_made_together_share_syncs()
    {
        using SluiceConnection keeper = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
        await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Task.Run(async () =>
        {
            await using SluiceConnection connection = Open();
            await using SluiceCommand insert = connection.CreateCommand("INSERT INTO t(v) VALUES(1)");
            for (int i = 0; i < 20; i++)
            {
                await insert.ExecuteNonQueryAsync();
            }
        })));
        Assert.Equal(480L, keeper.Scalar("SELECT count(*) FROM t"));
        Assert.True(keeper.IsLive);
    }

    private SluiceConnection Open(string? setUp = null)
    {
        SluiceConnection connection = new(Settings);
        connection.Open();
        if (setUp is not null)
        {
            connection.Run(setUp);
        }

        return connection;
    }

    /// <summary>Time in which every wait is over at once.</summary>
    private sealed class InstantTime(List<TimeSpan> waits) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            waits.Add(dueTime);
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
