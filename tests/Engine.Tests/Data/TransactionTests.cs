using System.Data;
using System.Data.Common;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Data;

public class TransactionTests
{
    private const string Table = "CREATE TABLE t(id INTEGER PRIMARY KEY, v)";

    [Theory]
    [InlineData(SluiceTransactionMode.Deferred)]
    [InlineData(SluiceTransactionMode.Immediate)]
    [InlineData(SluiceTransactionMode.Concurrent)]
    [InlineData(SluiceTransactionMode.Exclusive)]
    public async Task Commits_and_rolls_back_in_every_mode(SluiceTransactionMode mode)
    {
        using SluiceConnection connection = Providers.Sluice(Table);
        using (SluiceTransaction transaction = connection.BeginTransaction(mode))
        {
            Assert.True(connection.InTransaction);
            Assert.Same(connection, transaction.Connection);
            Assert.Equal(mode, transaction.Mode);
            connection.Run("INSERT INTO t VALUES(1, 'kept')");
            transaction.Commit();
            Assert.Null(transaction.Connection);
        }

        await using (SluiceTransaction transaction = connection.BeginTransaction(mode))
        {
            connection.Run("INSERT INTO t VALUES(2, 'kept too')");
            await transaction.CommitAsync();
        }

        using (SluiceTransaction transaction = connection.BeginTransaction(mode))
        {
            connection.Run("INSERT INTO t VALUES(3, 'dropped')");
            transaction.Rollback();
        }

        using (connection.BeginTransaction(mode))
        {
            connection.Run("INSERT INTO t VALUES(4, 'dropped by disposal')");
        }

        Assert.False(connection.InTransaction);
        Assert.Equal([1L, 2L], connection.Ids());
    }

    [Theory]
    [InlineData(IsolationLevel.Unspecified, SluiceTransactionMode.Immediate, IsolationLevel.Serializable)]
    [InlineData(IsolationLevel.Serializable, SluiceTransactionMode.Immediate, IsolationLevel.Serializable)]
    [InlineData(IsolationLevel.ReadCommitted, SluiceTransactionMode.Immediate, IsolationLevel.Serializable)]
    [InlineData(IsolationLevel.Snapshot, SluiceTransactionMode.Concurrent, IsolationLevel.Snapshot)]
    public void Levels_choose_a_mode_that_gives_at_least_them(IsolationLevel asked, SluiceTransactionMode mode, IsolationLevel given)
    {
        using SluiceConnection connection = Providers.Sluice();
        using SluiceTransaction transaction = connection.BeginTransaction(asked);
        Assert.Equal(mode, transaction.Mode);
        Assert.Equal(given, transaction.IsolationLevel);
    }

    [Theory]
    [InlineData(IsolationLevel.Unspecified)]
    [InlineData(IsolationLevel.ReadUncommitted)]
    [InlineData(IsolationLevel.ReadCommitted)]
    [InlineData(IsolationLevel.RepeatableRead)]
    [InlineData(IsolationLevel.Serializable)]
    [InlineData(IsolationLevel.Chaos)]
    public void Levels_and_savepoints_are_those_of_Microsoft_Data_Sqlite(IsolationLevel asked) => Providers.Agree(
        connection => Providers.OrError(() =>
        {
            using DbTransaction transaction = connection.BeginTransaction(asked);
            connection.InTransaction(transaction, "INSERT INTO t VALUES(1, 1)");
            transaction.Save("a \"b\"");
            connection.InTransaction(transaction, "INSERT INTO t VALUES(2, 2)");
            transaction.Rollback("a \"b\"");
            transaction.Release("a \"b\"");
            IsolationLevel level = transaction.IsolationLevel;
            transaction.Commit();
            return $"{level} {transaction.SupportsSavepoints} {transaction.Connection is null} {string.Join(",", connection.Ids())} {Providers.OrError(() => transaction.IsolationLevel)}";
        }),
        Table);

    [Fact]
    public void A_statement_on_its_own_does_not_wait_for_the_open_transaction_of_another_connection()
    {
        using TemporaryFolder folder = new();
        using SluiceConnection one = new($"Data Source={folder.File("t.db")}");
        using SluiceConnection other = new($"Data Source={folder.File("t.db")};Busy Timeout=0");
        one.Open();
        other.Open();
        one.Run(Table);
        using (SluiceTransaction transaction = one.BeginTransaction())
        {
            one.Run("INSERT INTO t VALUES(1, 1)");
            other.Run("INSERT INTO t VALUES(2, 2)");
            Assert.Equal([2L], other.Ids());
            transaction.Commit();
        }

        Assert.Equal([1L, 2L], other.Ids());
        one.Close();
        other.Close();
        one.Open();
        Assert.Equal([1L, 2L], one.Ids());
    }

    [Fact]
    public void Chaos_is_refused()
    {
        using SluiceConnection connection = Providers.Sluice();
        Assert.Contains("Chaos", Assert.Throws<ArgumentException>(() => connection.BeginTransaction(IsolationLevel.Chaos)).Message);
    }

    [Fact]
    public void Savepoints_nest()
    {
        Providers.Agree(
            connection =>
            {
                using DbTransaction transaction = connection.BeginTransaction();
                Insert(1);
                transaction.Save("outer");
                Insert(2);
                transaction.Save("a \"quoted\" name");
                Insert(3);
                transaction.Rollback("a \"quoted\" name");
                Insert(4);
                transaction.Release("a \"quoted\" name");
                Insert(5);
                transaction.Rollback("outer");
                Insert(6);
                transaction.Commit();
                return string.Join(",", connection.Rows("SELECT id FROM t ORDER BY id"));

                void Insert(int id)
                {
                    using DbCommand command = connection.Command("INSERT INTO t(id) VALUES(@id)", ("@id", id));
                    command.Transaction = transaction;
                    command.ExecuteNonQuery();
                }
            },
            Table);
    }

    [Fact]
    public void An_ended_transaction_is_of_no_use()
    {
        using SluiceConnection connection = Providers.Sluice(Table);
        SluiceTransaction transaction = connection.BeginTransaction();
        SluiceCommand command = connection.CreateCommand("SELECT 1");
        Assert.Same(transaction, command.Transaction);
        transaction.Commit();
        Assert.Contains("ended", Assert.Throws<InvalidOperationException>(transaction.Commit).Message);
        Assert.Throws<InvalidOperationException>(transaction.Rollback);
        Assert.Throws<InvalidOperationException>(() => transaction.Save("s"));
        transaction.Dispose();
        Assert.Contains("ended", Assert.Throws<InvalidOperationException>(() => command.ExecuteScalar()).Message);
        command.Transaction = null;
        Assert.Equal(1L, command.ExecuteScalar());
    }

    [Fact]
    public void Nesting_and_foreign_transactions_are_refused()
    {
        using SluiceConnection connection = Providers.Sluice(Table);
        using SluiceConnection other = Providers.Sluice(Table);
        using SluiceTransaction transaction = connection.BeginTransaction();
        Assert.Contains("Save", Assert.Throws<InvalidOperationException>(() => connection.BeginTransaction()).Message);
        SluiceCommand command = other.CreateCommand("SELECT 1");
        command.Transaction = transaction;
        Assert.Contains("another connection", Assert.Throws<InvalidOperationException>(() => command.ExecuteScalar()).Message);
    }

    [Fact]
    public void SQL_text_may_end_it()
    {
        using SluiceConnection connection = Providers.Sluice(Table);
        using (SluiceTransaction transaction = connection.BeginTransaction())
        {
            connection.Run("INSERT INTO t VALUES(1, 1)");
            connection.Run("ROLLBACK");
            transaction.Rollback();
        }

        SluiceTransaction committed = connection.BeginTransaction();
        connection.Run("INSERT INTO t VALUES(2, 2); COMMIT");
        using SluiceTransaction next = connection.BeginTransaction();
        Assert.Null(committed.Connection);
        next.Commit();
        Assert.Equal([2L], connection.Ids());
    }

    [Fact]
    public void Closing_rolls_back()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sluice-{Guid.NewGuid():N}.db");
        try
        {
            using SluiceConnection connection = new($"Data Source={path}");
            connection.Open();
            connection.Run(Table);
            SluiceTransaction transaction = connection.BeginTransaction();
            connection.Run("INSERT INTO t VALUES(1, 1)");
            connection.Close();
            Assert.Null(transaction.Connection);
            connection.Open();
            Assert.Empty(connection.Ids());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_failed_statement_leaves_the_transaction_open()
    {
        using SluiceConnection connection = Providers.Sluice(Table);
        using SluiceTransaction transaction = connection.BeginTransaction();
        connection.Run("INSERT INTO t VALUES(1, 1)");
        Assert.Throws<SluiceException>(() => connection.Run("INSERT INTO t VALUES(2, 2), (1, 1), (3, 3)"));
        Assert.Equal([1L], connection.Ids());
        connection.Run("INSERT INTO t VALUES(4, 4)");
        transaction.Commit();
        Assert.Equal([1L, 4L], connection.Ids());
    }

    /// <summary>Each of two transactions reads the row that the other one writes: one after the other, at most one of the sums would be 0.</summary>
    [Theory]
    [InlineData(IsolationLevel.Serializable, false, true)]
    [InlineData(IsolationLevel.Serializable, true, true)]
    [InlineData(IsolationLevel.ReadCommitted, false, false)]
    public void A_serializable_transaction_is_refused_if_what_it_read_was_changed(IsolationLevel level, bool throughOwner, bool isRefused)
    {
        using Files.TemporaryFolder folder = new();
        string source = $"Data Source={folder.File("t.db")}";
        using SluiceConnection other = new(source);
        other.Open();
        other.Run(Table + "; INSERT INTO t VALUES(1, 0), (2, 0)");
        using SluiceConnection connection = new(throughOwner ? source + ";Sharing=Client" : source);
        connection.Open();
        other.Run("PRAGMA isolation = serializable");
        Assert.Equal(throughOwner, connection.OwnerProcessId is not null);

        using SluiceTransaction transaction = connection.BeginTransaction(level);
        using SluiceTransaction beside = other.BeginTransaction(SluiceTransactionMode.Concurrent);
        connection.Run("UPDATE t SET v = (SELECT v FROM t WHERE id = 2) + 1 WHERE id = 1");
        other.Run("UPDATE t SET v = (SELECT v FROM t WHERE id = 1) + 1 WHERE id = 2");
        beside.Commit();
        if (isRefused)
        {
            Assert.Equal(ResultCode.BusyConflict, Assert.Throws<SluiceException>(transaction.Commit).Code);
        }
        else
        {
            transaction.Commit();
        }

        // The level was that transaction's only.
        Assert.Equal("snapshot", connection.Scalar("PRAGMA isolation"));
    }

    [Fact]
    public void SERIALIZABLE_may_follow_every_kind_of_BEGIN()
    {
        using SluiceConnection connection = Providers.Sluice(Table);
        foreach (string begin in (string[])["BEGIN", "BEGIN DEFERRED", "BEGIN IMMEDIATE", "BEGIN CONCURRENT", "BEGIN EXCLUSIVE"])
        {
            connection.Run($"{begin} serializable TRANSACTION; INSERT INTO t(v) VALUES(1); COMMIT");
        }

        Assert.Equal(5L, connection.Scalar("SELECT count(*) FROM t"));
    }
}
