using Sluice.Engine.Data;
using Sluice.Engine.Tests.Data;

namespace Sluice.Engine.Tests.Isolation;

/// <summary>PRAGMA isolation, and what serializable transactions remember of their reads.</summary>
public sealed class SerializableTests : FileSessions
{
    private const string Rows = "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 10), (2, 20)";
    private const string Serializable = "PRAGMA isolation = serializable";

    [Fact]
    public void The_level_is_set_and_read_for_each_connection()
    {
        SluiceConnection first = Open();
        SluiceConnection second = Open();
        Assert.Equal("snapshot", first.Scalar("PRAGMA isolation"));
        Assert.Equal("serializable", first.Scalar("PRAGMA isolation = serializable"));
        Assert.Equal("serializable", first.Scalar("PRAGMA isolation"));
        Assert.Equal("snapshot", second.Scalar("PRAGMA isolation"));
        Assert.Equal("isolation is snapshot or serializable, not dirty", Refused(() => first.Run("PRAGMA isolation = dirty")).Message);
        first.Run("BEGIN");
        Assert.Equal("isolation may not be changed inside a transaction", Refused(() => first.Run("PRAGMA isolation = snapshot")).Message);
        Assert.Equal("serializable", first.Scalar("PRAGMA isolation"));
        first.Run("COMMIT; PRAGMA isolation = snapshot");
        Assert.Equal("snapshot", first.Scalar("PRAGMA isolation"));
    }

    [Fact]
    public void The_refusal_at_commit_says_what_was_read_and_leaves_nothing()
    {
        SluiceConnection first = Open(Rows + ";" + Serializable);
        SluiceConnection second = Open();
        first.Run("BEGIN CONCURRENT; INSERT INTO t SELECT 3, sum(v) FROM t");
        second.Run("UPDATE t SET v = 21 WHERE id = 2");
        SluiceException error = Refused(() => first.Run("COMMIT"));
        Assert.Equal(ResultCode.BusyConflict, error.Code);
        Assert.Equal(
            "database is locked: another transaction changed what this one, which is serializable, has read of table t; the transaction was rolled back, begin it anew",
            error.Message);
        Assert.False(first.InTransaction);
        Assert.Equal(["integer 10", "integer 21"], first.Rows("SELECT v FROM t"));
        second.Run("BEGIN CONCURRENT; INSERT INTO t VALUES(3, 1); COMMIT");
    }

    [Theory]
    [InlineData("BEGIN")]
    [InlineData("BEGIN IMMEDIATE")]
    public void Plain_transactions_are_serializable_beside_concurrent_ones(string begin)
    {
        SluiceConnection first = Open(Rows + ";" + Serializable);
        SluiceConnection second = Open();
        first.Run(begin);
        Assert.Equal(20L, first.Scalar("SELECT v FROM t WHERE id = 2"));
        second.Run("BEGIN CONCURRENT; UPDATE t SET v = 21 WHERE id = 2; COMMIT");
        first.Run("UPDATE t SET v = 11 WHERE id = 1");
        Assert.Equal(ResultCode.BusyConflict, Refused(() => first.Run("COMMIT")).Code);
        Assert.Equal(["integer 10", "integer 21"], second.Rows("SELECT v FROM t"));
    }

    [Fact]
    public void Checkpoints_do_not_hide_what_was_changed()
    {
        SluiceConnection first = Open(Rows + ";" + Serializable);
        SluiceConnection second = Open("PRAGMA wal_checkpoint");
        first.Run("BEGIN CONCURRENT");
        Assert.Equal(30L, first.Scalar("SELECT sum(v) FROM t"));
        second.Run("UPDATE t SET v = 21 WHERE id = 2; PRAGMA wal_checkpoint; PRAGMA wal_checkpoint");
        first.Run("INSERT INTO t VALUES(3, 30)");
        Assert.Equal(ResultCode.BusyConflict, Refused(() => first.Run("COMMIT")).Code);
    }

    [Fact]
    public void Many_reads_of_single_rows_are_remembered_one_by_one_up_to_a_bound()
    {
        SluiceConnection first = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v); CREATE TABLE log(v)");
        first.Run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) INSERT INTO t SELECT i, i FROM n");
        first.Run(Serializable);
        SluiceConnection second = Open();
        ReadEverySecondRow(4000);
        second.Run("UPDATE t SET v = 0 WHERE id = 3");
        first.Run("COMMIT");

        // Past the bound the whole table counts as read: refused needlessly, never wrongly let through.
        ReadEverySecondRow(5000);
        second.Run("UPDATE t SET v = 0 WHERE id = 11999");
        Assert.Equal(ResultCode.BusyConflict, Refused(() => first.Run("COMMIT")).Code);

        void ReadEverySecondRow(int count)
        {
            first.Run("BEGIN CONCURRENT");
            first.Run("WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 2 FROM n WHERE i < @end) INSERT INTO log SELECT sum((SELECT v FROM t WHERE id = i)) FROM n", ("@end", 2L * count));
        }
    }

    [Fact]
    public void Many_open_cursors_are_all_remembered()
    {
        SluiceConnection first = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, k, v); CREATE INDEX t_k ON t(k); CREATE TABLE log(v)");
        first.Run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO t SELECT i, i, i FROM n");
        first.Run(Serializable);
        SluiceConnection second = Open();
        for (int changed = 5; changed <= 395; changed += 65)
        {
            first.Run("BEGIN CONCURRENT");
            for (int i = 0; i < 40; i++)
            {
                // The index alone answers; each is another cursor.
                first.Run($"INSERT INTO log SELECT k FROM t INDEXED BY t_k WHERE k BETWEEN {i * 10} AND {(i * 10) + 9}");
            }

            second.Run($"UPDATE t SET k = -1 WHERE id = {changed}");
            Assert.Equal(ResultCode.BusyConflict, Refused(() => first.Run("COMMIT")).Code);
        }
    }

    [Fact]
    public void Statements_in_autocommit_are_serializable_and_try_again()
    {
        SluiceConnection keeper = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
        const int threads = 4;
        const int each = 25;
        InThreads(threads, _ =>
        {
            SluiceConnection connection = Open(Serializable, busyTimeoutMs: 60_000);
            for (int i = 0; i < each; i++)
            {
                connection.Run("INSERT INTO t(v) SELECT coalesce(max(v), 0) + 1 FROM t");
            }
        });
        Assert.Equal($"integer {threads * each} | integer {threads * each}", keeper.Rows("SELECT count(DISTINCT v), max(v) FROM t").Single());
    }

    [Fact]
    public void On_call_doctors_never_all_leave()
    {
        SluiceConnection keeper = Open("CREATE TABLE doctor(id INTEGER PRIMARY KEY, on_call INTEGER); INSERT INTO doctor VALUES(1, 1), (2, 1), (3, 1), (4, 1)");
        InThreads(4, thread =>
        {
            SluiceConnection connection = Open(Serializable);
            for (int i = 0; i < 40; i++)
            {
                try
                {
                    connection.Run("BEGIN CONCURRENT");
                    bool mayLeave = (long)connection.Scalar("SELECT count(*) FROM doctor WHERE on_call = 1")! > 1;
                    connection.Run($"UPDATE doctor SET on_call = {(mayLeave && i % 2 == 0 ? 0 : 1)} WHERE id = {thread + 1}; COMMIT");
                }
                catch (SluiceException error) when (error.Code == ResultCode.BusyConflict)
                {
                    Assert.False(connection.InTransaction);
                }

                Assert.True((long)connection.Scalar("SELECT count(*) FROM doctor WHERE on_call = 1")! > 0);
            }
        });
    }

    [Fact]
    public void Neighbouring_ranges_do_not_meet()
    {
        SluiceConnection first = Open("CREATE TABLE t(id INTEGER PRIMARY KEY, k, v); CREATE INDEX t_k ON t(k DESC); INSERT INTO t VALUES(1, 10, 0), (5, 50, 0), (9, 90, 0)");
        SluiceConnection second = Open(Serializable);
        first.Run(Serializable);
        string[] reads = ["id BETWEEN 2 AND 4", "id < 5", "k > 50 AND k < 90", "k >= 51 AND k <= 89", "k = 70"];
        string[] besides = ["INSERT INTO t VALUES(7, 30, 0)", "INSERT INTO t VALUES(7, 30, 0)", "INSERT INTO t VALUES(7, 30, 0)", "UPDATE t SET v = 1 WHERE id = 9", "INSERT INTO t VALUES(7, 71, 0)"];
        for (int i = 0; i < reads.Length; i++)
        {
            string column = reads[i].Split(' ')[0];
            foreach (string order in (string[])["", $" ORDER BY {column}", $" ORDER BY {column} DESC"])
            {
                first.Run("BEGIN CONCURRENT");
                first.Rows($"SELECT {column} FROM t WHERE {reads[i]}{order}");
                first.Run("INSERT INTO t(id, k) VALUES(1000, 1000)");
                second.Run(besides[i]);
                first.Run("COMMIT; DELETE FROM t WHERE id IN (7, 1000)");
            }
        }
    }
}
