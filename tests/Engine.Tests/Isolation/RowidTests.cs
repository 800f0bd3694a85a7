using System.Data.Common;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Data;

namespace Sluice.Engine.Tests.Isolation;

/// <summary>Automatic rowids: SQLite's where one connection is alone, never in anybody's way where many write.</summary>
public sealed class RowidTests : FileSessions
{
    public static TheoryData<string> Alone =>
    [
        "BEGIN; INSERT INTO t(v) VALUES(3), (4); ROLLBACK; INSERT INTO t(v) VALUES(5)",
        "BEGIN; INSERT INTO t(v) VALUES(3); SAVEPOINT s; INSERT INTO t(v) VALUES(4); ROLLBACK TO s; INSERT INTO t(v) VALUES(5); COMMIT; INSERT INTO t(v) VALUES(6)",
        "INSERT OR IGNORE INTO t(v) VALUES(1), (2), (3), (1), (4)",
        "INSERT INTO t(v) VALUES(1), (7), (2), (8) ON CONFLICT DO NOTHING; INSERT INTO t(v) VALUES(9)",
        "INSERT INTO t(v) VALUES(2), (7) ON CONFLICT(v) DO UPDATE SET v = v + 100; INSERT INTO t(v) VALUES(8)",
        "INSERT OR IGNORE INTO t(v) VALUES(-1), (-2), (3); INSERT INTO t(v) VALUES(4)",
        "INSERT OR REPLACE INTO t(v) VALUES(2); INSERT INTO t(v) VALUES(3)",
        "DELETE FROM t WHERE v = 2; INSERT INTO t(v) VALUES(3)",
        "DELETE FROM t; INSERT INTO t(v) VALUES(3)",
        "DELETE FROM t WHERE id = 1; INSERT INTO t(v) VALUES(3)",
        "INSERT INTO t VALUES(50, 50); DELETE FROM t WHERE id = 50; INSERT INTO t(v) VALUES(3)",
        "UPDATE t SET id = 70 WHERE id = 2; INSERT INTO t(v) VALUES(3); UPDATE t SET id = 2 WHERE id IN (71); INSERT INTO t(v) VALUES(4)",
        "BEGIN; INSERT INTO t VALUES(50, 50); ROLLBACK; INSERT INTO t(v) VALUES(3)",
        "BEGIN EXCLUSIVE; INSERT INTO t(v) VALUES(3); SAVEPOINT s; INSERT INTO t(v) VALUES(4); ROLLBACK TO s; INSERT INTO t(v) VALUES(5); ROLLBACK; INSERT INTO t(v) VALUES(6)",
        "DELETE FROM t; INSERT INTO t VALUES(-5, 0); INSERT INTO t(v) VALUES(3)",
        "BEGIN; DELETE FROM t; INSERT INTO t(v) VALUES(3); ROLLBACK; INSERT INTO t(v) VALUES(4)",
        "BEGIN; SAVEPOINT s; DELETE FROM t WHERE id = 2; INSERT INTO t(v) VALUES(3); ROLLBACK TO s; INSERT INTO t(v) VALUES(4); COMMIT; INSERT INTO t(v) VALUES(5)",
        "BEGIN EXCLUSIVE; DELETE FROM t; INSERT INTO t(v) VALUES(3); ROLLBACK; INSERT INTO t(v) VALUES(4)",
    ];

    [Theory]
    [MemberData(nameof(Alone))]
    public void One_connection_alone_gets_the_rowids_of_SQLite(string sql)
    {
        foreach (string table in (string[])["v UNIQUE", "v UNIQUE CHECK(v >= 0)", "v INTEGER UNIQUE CHECK(id < 1000 AND v >= 0)"])
        {
            _ = Providers.Agree(
                connection =>
                {
                    Attempt(connection, sql);
                    Attempt(connection, "INSERT INTO t(v) VALUES(1000), (1)");
                    Attempt(connection, "INSERT INTO t(v) VALUES(1001)");
                    return string.Join(", ", connection.Rows("SELECT id, v FROM t ORDER BY id"));
                },
                $"CREATE TABLE t(id INTEGER PRIMARY KEY, {table}); INSERT INTO t(v) VALUES(1), (2)");
        }
    }

    [Fact]
    public void A_rowid_that_AUTOINCREMENT_did_not_use_keeps_none_of_another_table_back()
    {
        _ = Providers.Agree(
            connection =>
            {
                Attempt(connection, "INSERT INTO t SELECT value FROM json_each('[1, 2, 2]')");
                connection.Run("BEGIN; DELETE FROM a; INSERT INTO a(v) VALUES(1); INSERT INTO t VALUES(3); COMMIT");
                return string.Join(", ", connection.Rows("SELECT rowid, v FROM t"));
            },
            "CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO a VALUES(9, 1); CREATE TABLE t(v UNIQUE)");
    }

    [Fact]
    public void AUTOINCREMENT_uses_up_the_rowids_that_SQLite_uses_up()
    {
        string sequence = Providers.Agree(
            connection =>
            {
                List<string> seen = [];
                foreach (string sql in (string[])[
                    "INSERT OR IGNORE INTO t(v) VALUES(1)", "INSERT INTO t(v) VALUES(9), (9) ON CONFLICT DO NOTHING", "INSERT INTO t(v) VALUES(1)",
                    "BEGIN; INSERT INTO t(v) VALUES(20); ROLLBACK", "INSERT INTO t(v) VALUES(21)", "DELETE FROM t WHERE v > 2", "INSERT INTO t(v) VALUES(22)",
                    "UPDATE t SET id = 100 WHERE v = 22", "INSERT OR REPLACE INTO t(v) VALUES(1)", "INSERT OR IGNORE INTO t VALUES(500, 1)", "INSERT INTO t(v) VALUES(23)",
                    "DELETE FROM t; DELETE FROM sqlite_sequence", "INSERT INTO t(v) VALUES(24)"])
                {
                    Attempt(connection, sql);
                    seen.Add(string.Join(", ", connection.Rows("SELECT max(id), (SELECT seq FROM sqlite_sequence) FROM t")));
                }

                return string.Join("; ", seen);
            },
            "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, v UNIQUE); INSERT INTO t(v) VALUES(1), (2)");
        Assert.EndsWith("integer 1 | integer 1", sequence);
    }

    [Fact]
    public void AUTOINCREMENT_gives_no_rowid_twice_to_threads_that_delete_and_roll_back()
    {
        SluiceConnection keeper = Open("CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, v)");
        List<long> given = [];
        InThreads(4, thread =>
        {
            SluiceConnection connection = Open(busyTimeoutMs: 60_000);
            for (int i = 0; i < 40; i++)
            {
                // In autocommit a conflict is tried again until the busy timeout.
                connection.Run("INSERT INTO t(v) VALUES(1)");
                long rowid = connection.LastInsertRowid;
                connection.Run($"DELETE FROM t WHERE id = {rowid}");
                lock (given)
                {
                    given.Add(rowid);
                }
            }
        });
        Assert.Equal(160, given.Distinct().Count());
        Assert.Equal(given.Max(), keeper.Scalar("SELECT seq FROM sqlite_sequence"));
    }

    [Fact]
    public void After_the_largest_rowid_any_free_one_is_given()
    {
        SluiceConnection connection = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(9223372036854775807, 'last'), (1, 'first')");
        connection.Run("INSERT INTO t(v) VALUES('a'), ('b'), ('c')");
        Assert.Equal(5L, connection.Scalar("SELECT count(DISTINCT id) FROM t WHERE id > 0"));
        connection.Run("DELETE FROM t WHERE id > 1; INSERT INTO t(v) VALUES('d')");
        Assert.Equal([1L, 2L], connection.Ids());
    }

    [Fact]
    public void Rowids_that_were_rolled_back_do_not_come_again_while_others_write()
    {
        SluiceConnection first = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
        SluiceConnection second = Open();
        first.Run("BEGIN CONCURRENT; INSERT INTO t(v) VALUES('first')");
        second.Run("BEGIN CONCURRENT; INSERT INTO t(v) VALUES('second'); ROLLBACK; INSERT INTO t(v) VALUES('third')");
        first.Run("COMMIT");
        Assert.Equal([1L, 3L], first.Ids());
    }

    [Fact]
    public void Nothing_is_given_below_a_horizon_that_somebody_was_told()
    {
        SluiceConnection connection = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t(v) VALUES('a'), ('b')");
        Assert.Equal(3, connection.GetStableHorizon("t"));
        connection.Run("DELETE FROM t; BEGIN; INSERT INTO t(v) VALUES('c'); ROLLBACK; INSERT INTO t(v) VALUES('d')");
        Assert.Equal([3L], connection.Ids());
    }

    [Fact]
    public void Threads_that_roll_back_and_delete_meet_at_no_rowid_and_nothing_appears_behind_the_horizon()
    {
        SluiceConnection keeper = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v); CREATE TABLE seen(id INTEGER PRIMARY KEY)");
        const int writers = 5;
        int running = writers;
        InThreads(writers + 1, thread =>
        {
            if (thread == writers)
            {
                Follow(() => Volatile.Read(ref running) == 0);
                return;
            }

            try
            {
                SluiceConnection connection = Open();
                Random random = new(thread);
                for (int i = 0; i < 120; i++)
                {
                    // No conflict is expected: each works on rows of its own.
                    connection.Run("BEGIN CONCURRENT; INSERT INTO t(v) VALUES(1); SAVEPOINT s; INSERT INTO t(v) VALUES(2)");
                    bool kept = random.Next(3) != 0;
                    connection.Run(kept ? "RELEASE s" : "ROLLBACK TO s");
                    long last = connection.LastInsertRowid;
                    bool committed = random.Next(3) != 0;
                    connection.Run(committed ? "COMMIT" : "ROLLBACK");
                    // One that was rolled back may be another's by now.
                    if (kept && committed && random.Next(3) == 0)
                    {
                        connection.Run($"DELETE FROM t WHERE id = {last}");
                    }
                }
            }
            finally
            {
                // The follower ends also where a writer failed.
                _ = Interlocked.Decrement(ref running);
            }
        });
        Assert.Equal("ok", keeper.Scalar("PRAGMA integrity_check"));
    }

    /// <summary>Reads on from horizon to horizon; no row may come up below the last one.</summary>
    private void Follow(Func<bool> isOver)
    {
        SluiceConnection connection = Open();
        HashSet<long> below = [];
        long reached = 0;
        bool last;
        do
        {
            last = isOver();
            long horizon = connection.GetStableHorizon("t");
            foreach (long id in connection.Ids().Where(id => id < horizon))
            {
                Assert.True(below.Add(id) ? id >= reached : id < reached, $"row {id} appeared below the horizon {reached}");
            }

            reached = horizon;
        }
        while (!last);
    }

    /// <summary>A statement that breaks a constraint is part of the comparison.</summary>
    private static void Attempt(DbConnection connection, string sql)
    {
        try
        {
            connection.Run(sql);
        }
        catch (DbException error) when (error.Message.Contains("constraint failed", StringComparison.Ordinal))
        {
        }
    }
}
