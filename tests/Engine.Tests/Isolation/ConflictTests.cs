using Sluice.Engine.Data;
using Sluice.Engine.Tests.Data;
using Sluice.Engine.Tests.Transactions;

namespace Sluice.Engine.Tests.Isolation;

/// <summary>Writers that meet at a row, at a unique key, at a lock: who goes on, who is refused, and what the error says.</summary>
public sealed class ConflictTests : FileSessions
{
    private const string Rows = "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 10), (2, 20), (3, 30)";

    [Fact]
    public void A_conflict_takes_back_everything_and_says_so()
    {
        SluiceConnection first = Open(Rows);
        SluiceConnection second = Open();
        first.Run("BEGIN CONCURRENT; UPDATE t SET v = 11 WHERE id = 1");
        second.Run("BEGIN CONCURRENT; UPDATE t SET v = 22 WHERE id = 2; INSERT INTO t VALUES(4, 40)");
        SluiceException error = Refused(() => second.Run("UPDATE t SET v = 12 WHERE id = 1"));
        Assert.Equal(ResultCode.BusyConflict, error.Code);
        Assert.Equal("database is locked: another transaction wrote row 1 of table t first; the transaction was rolled back, begin it anew", error.Message);
        Assert.False(second.InTransaction);

        // Nothing of it stands in the way of others.
        first.Run("UPDATE t SET v = 21 WHERE id = 2; INSERT INTO t VALUES(4, 41); COMMIT");
        Assert.Equal(["integer 11", "integer 21", "integer 30", "integer 41"], second.Rows("SELECT v FROM t ORDER BY id"));
    }

    [Fact]
    public void A_unique_key_is_taken_by_the_first()
    {
        SluiceConnection first = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE); INSERT INTO t VALUES(1, 'old')");
        SluiceConnection second = Open();
        first.Run("BEGIN CONCURRENT; INSERT INTO t(name) VALUES('new')");
        second.Run("BEGIN CONCURRENT; INSERT INTO t(name) VALUES('other'), (NULL)");
        SluiceException error = Refused(() => second.Run("INSERT INTO t(name) VALUES('NEW')"));
        Assert.Equal(ResultCode.BusyConflict, error.Code);
        Assert.Contains("the same key of index sqlite_autoindex_t_1", error.Message);
        first.Run("COMMIT");
        Assert.Equal(ResultCode.ConstraintUnique, Refused(() => second.Run("INSERT INTO t(name) VALUES('New')")).Code);

        // A key that an open transaction gives up is still there for others; to replace its row is a conflict.
        first.Run("BEGIN CONCURRENT; UPDATE t SET name = 'renamed' WHERE id = 1");
        Assert.Equal(ResultCode.ConstraintUnique, Refused(() => second.Run("BEGIN CONCURRENT; INSERT INTO t(name) VALUES('old')")).Code);
        Assert.Equal(ResultCode.BusyConflict, Refused(() => second.Run("INSERT OR REPLACE INTO t(name) VALUES('old')")).Code);
        first.Run("COMMIT");
        second.Run("INSERT INTO t(name) VALUES('old')");
        Assert.Equal("ok", first.Scalar("PRAGMA integrity_check"));
    }

    [Fact]
    public void What_a_savepoint_takes_back_is_free_for_others()
    {
        SluiceConnection first = Open(Rows + "; CREATE UNIQUE INDEX t_v ON t(v)");
        SluiceConnection second = Open();
        first.Run("BEGIN CONCURRENT; UPDATE t SET v = 11 WHERE id = 1; SAVEPOINT s; UPDATE t SET v = 22 WHERE id = 2; INSERT INTO t VALUES(4, 40); ROLLBACK TO s");
        second.Run("BEGIN CONCURRENT; UPDATE t SET v = 22 WHERE id = 2; INSERT INTO t VALUES(4, 40)");
        Assert.Equal(ResultCode.BusyConflict, Refused(() => first.Run("UPDATE t SET v = 23 WHERE id = 2")).Code);
        second.Run("COMMIT");
        Assert.Equal(["integer 10", "integer 22", "integer 30", "integer 40"], first.Rows("SELECT v FROM t ORDER BY id"));
        Assert.Equal("ok", first.Scalar("PRAGMA integrity_check"));
    }

    [Fact]
    public void A_concurrent_transaction_goes_on_beside_an_immediate_one()
    {
        SluiceConnection plain = Open(Rows);
        SluiceConnection concurrent = Open();
        plain.Run("BEGIN IMMEDIATE; UPDATE t SET v = 11 WHERE id = 1");
        concurrent.Run("BEGIN CONCURRENT; UPDATE t SET v = 21 WHERE id = 2; COMMIT");
        concurrent.Run("BEGIN CONCURRENT");
        Assert.Equal(ResultCode.BusyConflict, Refused(() => concurrent.Run("UPDATE t SET v = 12 WHERE id = 1")).Code);
        plain.Run("UPDATE t SET v = 31 WHERE id = 3; COMMIT");
        Assert.Equal(["integer 11", "integer 21", "integer 31"], plain.Rows("SELECT v FROM t ORDER BY id"));
    }

    [Theory]
    [InlineData("BEGIN IMMEDIATE", "another transaction is writing")]
    [InlineData("BEGIN EXCLUSIVE", "another transaction is writing")]
    public void A_plain_writer_waits_for_the_other_as_long_as_the_busy_timeout(string begin, string reason)
    {
        SluiceConnection first = Open(Rows);
        SluiceConnection second = Open(busyTimeoutMs: 1);
        first.Run("BEGIN IMMEDIATE; UPDATE t SET v = 11 WHERE id = 1");
        SluiceException error = Refused(() => second.Run(begin));
        Assert.Equal((ResultCode.Busy, $"database is locked: {reason}"), (error.Code, error.Message));
        Assert.False(second.InTransaction);

        second.Run("PRAGMA busy_timeout = 60000");
        Thread waiting = new(() => second.Run($"{begin}; UPDATE t SET v = v + 1 WHERE id = 1; COMMIT"));
        waiting.Start();
        StoreFixture.WaitUntil(() => waiting.ThreadState == ThreadState.WaitSleepJoin, "the second writer waits");
        first.Run("COMMIT");
        waiting.Join();
        Assert.Equal(12L, first.Scalar("SELECT v FROM t WHERE id = 1"));
    }

    [Fact]
    public void A_plain_transaction_on_an_old_snapshot_may_read_on_but_not_write()
    {
        SluiceConnection first = Open(Rows);
        SluiceConnection second = Open();
        first.Run("BEGIN");
        Assert.Equal(10L, first.Scalar("SELECT v FROM t WHERE id = 1"));
        second.Run("BEGIN IMMEDIATE; UPDATE t SET v = 11 WHERE id = 1; COMMIT");
        Assert.Equal(ResultCode.BusySnapshot, Refused(() => first.Run("UPDATE t SET v = 99 WHERE id = 3")).Code);
        Assert.True(first.InTransaction);
        Assert.Equal(10L, first.Scalar("SELECT v FROM t WHERE id = 1"));
        first.Run("COMMIT; UPDATE t SET v = 99 WHERE id = 3");
    }

    [Fact]
    public void A_concurrent_transaction_from_before_an_exclusive_one_is_rolled_back()
    {
        SluiceConnection first = Open(Rows);
        SluiceConnection second = Open();
        first.Run("BEGIN CONCURRENT");
        Assert.Equal(10L, first.Scalar("SELECT v FROM t WHERE id = 1"));
        second.Run("BEGIN EXCLUSIVE; UPDATE t SET v = 11 WHERE id = 1; COMMIT");
        Assert.Equal(10L, first.Scalar("SELECT v FROM t WHERE id = 1"));
        SluiceException error = Refused(() => first.Run("UPDATE t SET v = 99 WHERE id = 3"));
        Assert.Equal(ResultCode.BusySnapshot, error.Code);
        Assert.Contains("the transaction was rolled back", error.Message);
        Assert.False(first.InTransaction);
    }

    [Fact]
    public void A_change_of_the_schema_is_told_apart()
    {
        SluiceConnection first = Open(Rows);
        SluiceConnection second = Open();
        first.Run("BEGIN CONCURRENT");
        Assert.Equal(3L, first.Scalar("SELECT count(*) FROM t"));
        second.Run("ALTER TABLE t ADD COLUMN w DEFAULT 7");
        SluiceException error = Refused(() => first.Run("INSERT INTO t(v) VALUES(1)"));
        Assert.Equal(ResultCode.BusySchema, error.Code);
        Assert.Contains("schema has changed", error.Message);
        Assert.False(first.InTransaction);
        first.Run("INSERT INTO t(v, w) VALUES(1, 2)");
    }

    [Fact]
    public void Threads_that_want_the_same_keys_get_each_once()
    {
        SluiceConnection keeper = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER UNIQUE, thread INTEGER)");
        const int keys = 60;
        InThreads(6, thread =>
        {
            SluiceConnection connection = Open();
            Random random = new(thread);
            foreach (int key in Enumerable.Range(0, keys).OrderBy(_ => random.Next()))
            {
                try
                {
                    connection.Run($"BEGIN CONCURRENT; INSERT INTO t(k, thread) VALUES({key}, {thread}); COMMIT");
                }
                catch (SluiceException error) when (error.Code is ResultCode.BusyConflict or ResultCode.ConstraintUnique)
                {
                    if (connection.InTransaction)
                    {
                        Assert.Equal(ResultCode.ConstraintUnique, error.Code);
                        connection.Run("ROLLBACK");
                    }
                }
            }
        });
        Assert.Equal("ok", keeper.Scalar("PRAGMA integrity_check"));
        Assert.Equal((long)keys, keeper.Scalar("SELECT count(*) FROM t WHERE k < 60"));
        Assert.Equal(keeper.Scalar("SELECT count(*) FROM t"), keeper.Scalar("SELECT count(DISTINCT k) FROM t"));
    }

    [Fact]
    public void Upserts_of_threads_lose_no_count()
    {
        SluiceConnection keeper = Open("CREATE TABLE counter(name TEXT PRIMARY KEY, n INTEGER)");
        InThreads(4, _ =>
        {
            // In autocommit a conflict is tried again until the busy timeout.
            SluiceConnection connection = Open(busyTimeoutMs: 60_000);
            for (int i = 0; i < 50; i++)
            {
                connection.Run($"INSERT INTO counter VALUES('c{i % 3}', 1) ON CONFLICT(name) DO UPDATE SET n = n + 1");
            }
        });
        Assert.Equal(["integer 68", "integer 68", "integer 64"], keeper.Rows("SELECT n FROM counter ORDER BY name"));
    }

    [Fact]
    public void Schema_changes_beside_writers_wait_and_disturb_only_those_from_before()
    {
        SluiceConnection keeper = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, thread, n)");
        long committed = 0;
        InThreads(5, thread =>
        {
            SluiceConnection connection = Open(busyTimeoutMs: 60_000);
            for (int i = 0; i < 12 && thread == 0; i++)
            {
                connection.Run(i % 3 == 0 ? "CREATE INDEX t_n ON t(n)" : i % 3 == 1 ? "CREATE TABLE other(a); DROP TABLE other" : "DROP INDEX t_n");
            }

            for (int i = 0; i < 60 && thread > 0; i++)
            {
                try
                {
                    connection.Run($"BEGIN CONCURRENT; INSERT INTO t(thread, n) VALUES({thread}, {i}); INSERT INTO t(thread, n) VALUES({thread}, {i}); COMMIT");
                    Interlocked.Add(ref committed, 2);
                }
                catch (SluiceException error) when (error.Code is ResultCode.BusySchema or ResultCode.BusySnapshot)
                {
                    Assert.False(connection.InTransaction);
                }
            }
        });
        Assert.Equal(committed, keeper.Scalar("SELECT count(*) FROM t"));
        Assert.Equal("ok", keeper.Scalar("PRAGMA integrity_check"));
    }

    [Fact]
    public void Schema_changes_do_not_wait_longer_than_the_busy_timeout()
    {
        SluiceConnection writer = Open(Rows);
        SluiceConnection other = Open(busyTimeoutMs: 1);
        writer.Run("BEGIN CONCURRENT; UPDATE t SET v = 11 WHERE id = 1");
        SluiceException error = Refused(() => other.Run("CREATE TABLE u(a)"));
        Assert.Equal((ResultCode.Busy, "database is locked: 1 other transactions are writing"), (error.Code, error.Message));
        writer.Run("COMMIT");
        other.Run("CREATE TABLE u(a)");
        Assert.Equal(11L, other.Scalar("SELECT v FROM t WHERE id = 1"));
    }

    [Fact]
    public void Schema_changes_do_not_fail_because_a_checkpoint_is_running()
    {
        SluiceConnection connection = Open();
        for (int i = 0; i < 40; i++)
        {
            // Each ends with an epoch that is swept in the background; none may wait for somebody else.
            connection.Run($"CREATE TABLE t{i}(a); CREATE INDEX t{i}_a ON t{i}(a)");
        }

        Assert.Equal(80L, connection.Scalar("SELECT count(*) FROM sqlite_schema"));
    }
}
