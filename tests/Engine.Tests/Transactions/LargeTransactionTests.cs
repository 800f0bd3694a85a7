using System.Globalization;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Transactions;

/// <summary>Transactions larger than PRAGMA memory_limit: they go straight on the pages, whose images are put aside in a file, or say what to do.</summary>
public sealed class LargeTransactionTests : IDisposable
{
    private const long Limit = 2 << 20;
    private const int Rows = 30_000;

    private readonly TemporaryFolder _folder = new();
    private readonly string _path;
    private readonly SluiceConnection _first;

    public LargeTransactionTests()
    {
        _path = _folder.File("large.db");
        _first = Open();
        Execute(_first, $"PRAGMA memory_limit = {Limit}");
        Execute(_first, "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, v TEXT)");
        Execute(_first, "CREATE INDEX t_k ON t(k)");
    }

    public void Dispose()
    {
        _first.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_statement_larger_than_memory_is_made_on_the_pages()
    {
        using SluiceConnection looking = Open();
        using var most = new MostMemory(looking);
        Execute(_first, Fill(Rows));
        Execute(_first, "UPDATE t SET k = k + 1, v = v || 'x'");
        Execute(_first, "DELETE FROM t WHERE id % 2 = 0");
        Assert.Equal($"{Rows / 2}", Text(_first, "SELECT count(*) FROM t"));
        Assert.InRange(most.Stop(), Limit / 4, Limit * 5 / 4);
        Check($"{Rows / 2}");
    }

    [Theory]
    [InlineData("BEGIN")]
    [InlineData("BEGIN IMMEDIATE")]
    [InlineData("BEGIN CONCURRENT")]
    public void A_transaction_larger_than_memory_goes_on_on_the_pages_with_its_savepoints(string begin)
    {
        Execute(_first, begin);
        Execute(_first, "INSERT INTO t(k, v) VALUES(-1, 'first')");
        Execute(_first, "SAVEPOINT s");
        InsertMany(_first, Rows);
        Assert.Equal($"{Rows + 1}", Text(_first, "SELECT count(*) FROM t"));
        Execute(_first, "ROLLBACK TO s");
        Assert.Equal("1", Text(_first, "SELECT count(*) FROM t"));
        InsertMany(_first, Rows);
        Execute(_first, "COMMIT");
        Check($"{Rows + 1}");
    }

    [Fact]
    public void One_that_is_rolled_back_leaves_nothing()
    {
        Execute(_first, "INSERT INTO t(k, v) VALUES(-1, 'before')");
        Execute(_first, "BEGIN");
        InsertMany(_first, Rows);
        Execute(_first, "ROLLBACK");
        Check("1");
    }

    [Fact]
    public void A_concurrent_one_beside_others_fails_and_says_what_to_do()
    {
        using SluiceConnection other = Open();
        Execute(other, "BEGIN CONCURRENT");
        Execute(other, "INSERT INTO t(k, v) VALUES(-1, 'other')");
        Execute(_first, "BEGIN CONCURRENT");
        SluiceException failure = Assert.Throws<SluiceException>(() => InsertMany(_first, Rows));
        Assert.Equal(ResultCode.NoMemory, failure.Code);
        Assert.Contains("PRAGMA memory_limit", failure.Message, StringComparison.Ordinal);
        Assert.Contains("BEGIN EXCLUSIVE", failure.Message, StringComparison.Ordinal);
        Assert.False(_first.InTransaction);
        Execute(other, "COMMIT");
        Check("1");
    }

    [Fact]
    public void One_that_has_read_cannot_turn_to_the_pages_once_others_have_committed()
    {
        using SluiceConnection other = Open();
        Execute(_first, "BEGIN IMMEDIATE");
        Assert.Equal("0", Text(_first, "SELECT count(*) FROM t"));
        Execute(other, "INSERT INTO t(k, v) VALUES(-1, 'other')");
        SluiceException failure = Assert.Throws<SluiceException>(() => InsertMany(_first, Rows));
        Assert.Equal(ResultCode.NoMemory, failure.Code);
        Assert.Contains("BEGIN EXCLUSIVE", failure.Message, StringComparison.Ordinal);
        Execute(_first, "ROLLBACK");
        Check("1");
    }

    [Fact]
    public void An_appender_goes_on_on_the_pages_beside_others_that_commit()
    {
        using SluiceConnection other = Open();
        using (SluiceTransaction transaction = _first.BeginTransaction(SluiceTransactionMode.Immediate))
        {
            using SluiceAppender appender = _first.CreateAppender("t", "k", "v");
            for (int i = 0; i < Rows; i++)
            {
                if (i == 1000)
                {
                    Execute(other, "INSERT INTO t(id, k, v) VALUES(-1, -1, 'other')");
                }

                appender.Add(i * 7919L % 100_003).Add("a value of some length, as those of readings are").EndRow();
            }

            transaction.Commit();
        }

        Check($"{Rows + 1}");
    }

    private static string Fill(int rows) =>
        $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO t(k, v) SELECT i * 7919 % 100003, 'a value of some length, as those of readings are' FROM n";

    private static void InsertMany(SluiceConnection connection, int rows)
    {
        for (int done = 0; done < rows; done += 1000)
        {
            Execute(connection, Fill(1000));
        }
    }

    private void Check(string rows)
    {
        Execute(_first, "PRAGMA wal_checkpoint");
        Assert.Equal($"ok\n{rows}\n{rows}", Sqlite3.Run(_path, "PRAGMA integrity_check; SELECT count(*) FROM t; SELECT count(*) FROM t INDEXED BY t_k"));
    }

    private SluiceConnection Open()
    {
        SluiceConnection connection = new($"Data Source={_path}");
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
        command.ExecuteNonQuery();
    }

    /// <summary>Looks all the time how much memory the store counts.</summary>
    private sealed class MostMemory : IDisposable
    {
        private readonly Thread _thread;
        private volatile bool _stop;
        private long _most;

        public MostMemory(SluiceConnection connection)
        {
            _thread = new Thread(() =>
            {
                while (!_stop)
                {
                    _most = Math.Max(_most, connection.Statistics.MemoryBytes);
                    Thread.Yield();
                }
            });
            _thread.Start();
        }

        public long Stop()
        {
            Dispose();
            return _most;
        }

        public void Dispose()
        {
            _stop = true;
            _thread.Join();
        }
    }
}
