using System.Data;
using System.Data.Common;
using Dapper;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Data;

/// <summary>Transactions, asynchronous calls and cancellation through Dapper.</summary>
public class DapperTransactionTests
{
    private const string SetUp = "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)";

    /// <summary>Rows without end.</summary>
    private const string Endless = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n) SELECT ";

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public void Commit_keeps_and_rollback_takes_back() => Providers.Agree(
        c =>
        {
            using (DbTransaction kept = c.BeginTransaction())
            {
                c.Execute("INSERT INTO t VALUES(1, 'kept')", transaction: kept);
                kept.Commit();
            }

            using (DbTransaction undone = c.BeginTransaction())
            {
                c.Execute("INSERT INTO t VALUES(2, 'undone')", transaction: undone);
                Assert.Equal(2, c.ExecuteScalar<int>("SELECT count(*) FROM t", transaction: undone));
                undone.Rollback();
            }

            using (DbTransaction left = c.BeginTransaction(IsolationLevel.Serializable))
            {
                c.Execute("INSERT INTO t VALUES(3, 'left')", transaction: left);
            }

            return string.Join("\n", c.Rows("SELECT * FROM t"));
        },
        SetUp);

    [Fact]
    public void A_failed_statement_leaves_the_transaction_to_its_owner() => Providers.Agree(
        c =>
        {
            using DbTransaction transaction = c.BeginTransaction();
            c.Execute("INSERT INTO t VALUES(1, 'a')", transaction: transaction);
            Assert.ThrowsAny<DbException>(() => c.Execute("INSERT INTO t VALUES(1, 'again')", transaction: transaction));
            c.Execute("INSERT INTO t VALUES(2, 'b')", transaction: transaction);
            transaction.Commit();
            return string.Join("\n", c.Rows("SELECT * FROM t"));
        },
        SetUp);

    [Fact]
    public async Task The_asynchronous_calls_do_what_the_others_do()
    {
        List<string> expected = await Use(Providers.Sqlite(SetUp));
        Assert.Equal(expected, await Use(Providers.Sluice(SetUp)));

        static async Task<List<string>> Use(DbConnection connection)
        {
            await using (connection)
            {
                List<string> seen = [];
                await using (DbTransaction transaction = await connection.BeginTransactionAsync())
                {
                    seen.Add($"{await connection.ExecuteAsync("INSERT INTO t VALUES(@Id, @Name)", Enumerable.Range(1, 5).Select(i => new { Id = i, Name = $"n{i}" }), transaction)}");
                    await transaction.CommitAsync();
                }

                seen.AddRange(await connection.QueryAsync<string>("SELECT name FROM t ORDER BY id DESC"));
                seen.Add(await connection.QueryFirstAsync<string>("SELECT name FROM t WHERE id = @id", new { id = 3 }));
                seen.Add($"{await connection.ExecuteScalarAsync<long>("SELECT sum(id) FROM t")}");
                seen.AddRange(await connection.QueryAsync<long, string, string>("SELECT id, name FROM t ORDER BY id", (id, name) => $"{id}{name}", splitOn: "name"));
                await foreach (long id in connection.QueryUnbufferedAsync<long>("SELECT id FROM t WHERE id < 3 ORDER BY id"))
                {
                    seen.Add($"{id}");
                }

                using SqlMapper.GridReader grid = await connection.QueryMultipleAsync("SELECT 1; SELECT name FROM t WHERE id > 3 ORDER BY id");
                seen.Add($"{await grid.ReadSingleAsync<int>()}");
                seen.AddRange(await grid.ReadAsync<string>());
                return seen;
            }
        }
    }

    [Fact]
    public async Task A_concurrent_transaction_is_used_like_any_other()
    {
        using TemporaryFolder folder = new();
        string source = $"Data Source={folder.File("t.db")}";
        await using SluiceConnection first = new(source);
        await using SluiceConnection second = new(source);
        first.Open();
        second.Open();
        first.Execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)");
        await using (SluiceTransaction one = await first.BeginTransactionAsync(SluiceTransactionMode.Concurrent))
        await using (SluiceTransaction two = await second.BeginTransactionAsync(SluiceTransactionMode.Concurrent))
        {
            await first.ExecuteAsync("INSERT INTO t VALUES(1, 'one')", transaction: one);
            await second.ExecuteAsync("INSERT INTO t VALUES(2, 'two')", transaction: two);
            await Task.WhenAll(one.CommitAsync(), two.CommitAsync());
        }

        Assert.Equal(["one", "two"], await first.QueryAsync<string>("SELECT name FROM t ORDER BY id"));
    }

    [Fact]
    public async Task A_token_cancels_a_query_that_runs()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        using CancellationTokenSource cancellation = new();
        Task<long> query = Task.Run(
            () => connection.ExecuteScalarAsync<long>(new CommandDefinition(Endless + "count(*) FROM n", commandTimeout: 0, cancellationToken: cancellation.Token)));
        cancellation.CancelAfter(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query.WaitAsync(s_deadline));
        Assert.Equal(1, await connection.ExecuteAsync("INSERT INTO t VALUES(1, 'goes on')"));
    }

    [Fact]
    public async Task A_token_cancels_before_the_start_and_between_rows()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => connection.QueryAsync<int>(new CommandDefinition("SELECT 1", cancellationToken: new CancellationToken(canceled: true))));

        using CancellationTokenSource cancellation = new();
        long last = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (long row in connection.QueryUnbufferedAsync<long>(Endless + "i FROM n").WithCancellation(cancellation.Token))
            {
                last = row;
                if (row == 3)
                {
                    await cancellation.CancelAsync();
                }
            }
        });
        Assert.Equal(3, last);
    }

    [Fact]
    public async Task A_cancelled_write_leaves_nothing_and_its_transaction_goes_on()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        using CancellationTokenSource cancellation = new();
        await using SluiceTransaction transaction = connection.BeginTransaction();
        connection.Execute("INSERT INTO t VALUES(-1, 'before')", transaction: transaction);
        CommandDefinition endless = new("INSERT INTO t(name) " + Endless + "'x' FROM n", transaction: transaction, commandTimeout: 0, cancellationToken: cancellation.Token);
        Task<int> insert = Task.Run(() => connection.ExecuteAsync(endless));
        cancellation.CancelAfter(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => insert.WaitAsync(s_deadline));
        await transaction.CommitAsync();
        Assert.Equal("before", connection.QuerySingle<string>("SELECT name FROM t"));
    }

    [Fact]
    public void A_timeout_interrupts()
    {
        using SluiceConnection connection = Providers.Sluice();
        SluiceException error = Assert.Throws<SluiceException>(
            () => connection.ExecuteScalar<long>(Endless + "count(*) FROM n", commandTimeout: 1));
        Assert.Equal(ResultCode.Interrupt, error.Code);
    }
}
