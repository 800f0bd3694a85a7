using Sluice.Engine.Data;
using Sluice.Engine.Format;

namespace Sluice.Engine.Tests.Data;

public class AppenderTests
{
    private const string Readings =
        "CREATE TABLE readings(id INTEGER PRIMARY KEY, series_id INTEGER, ts INTEGER, value); CREATE INDEX readings_series ON readings(series_id, ts)";

    [Fact]
    public void Appends_what_INSERT_inserts()
    {
        const string setUp = """
            CREATE TABLE t(i INTEGER, r REAL, s TEXT, n NUMERIC, b BLOB, x, d DEFAULT 'none', c TEXT COLLATE NOCASE, CHECK (i IS NULL OR i <> 13));
            CREATE INDEX t_s ON t(s, n);
            CREATE INDEX t_c ON t(c DESC, x);
            """;
        SqlValue[] samples =
        [
            SqlValue.Null, SqlValue.FromInteger(7), SqlValue.FromInteger(long.MinValue), SqlValue.FromReal(1.0), SqlValue.FromReal(-0.5),
            SqlValue.FromReal(1e300), SqlValue.FromText("12"), SqlValue.FromText("1.50"), SqlValue.FromText("Abc"), SqlValue.FromText(""),
            SqlValue.FromText(" 3 "), SqlValue.FromBlob([1, 2, 0]), SqlValue.FromBlob([]),
        ];
        using SluiceConnection appended = Providers.Sluice(setUp);
        using SluiceConnection inserted = Providers.Sluice(setUp);
        using SluiceTransaction transaction = appended.BeginTransaction(SluiceTransactionMode.Concurrent);
        using SluiceAppender appender = appended.CreateAppender("t", "s", "i", "r", "n", "b", "x", "c");
        using SluiceCommand insert = inserted.CreateCommand("INSERT INTO t(s, i, r, n, b, x, c) VALUES(?, ?, ?, ?, ?, ?, ?)");
        for (int i = 0; i < 7; i++)
        {
            insert.Parameters.AddWithValue(null, null);
        }

        Assert.Equal(7, appender.ColumnCount);
        for (int row = 0; row < samples.Length * 3; row++)
        {
            SqlValue[] values = [.. Enumerable.Range(0, 7).Select(column => samples[(row + (column * (1 + (row / samples.Length)))) % samples.Length])];
            for (int i = 0; i < values.Length; i++)
            {
                insert.Parameters[i].Value = values[i];
            }

            insert.ExecuteNonQuery();
            Assert.Equal(inserted.LastInsertRowid, appender.AppendRow(values));
        }

        transaction.Commit();
        foreach (string query in new[]
        {
            "SELECT rowid, *, typeof(i), typeof(r), typeof(s), typeof(n), typeof(b), typeof(x) FROM t ORDER BY rowid",
            "SELECT rowid FROM t WHERE s = '12' ORDER BY rowid",
            "SELECT rowid FROM t WHERE c = 'ABC' ORDER BY rowid",
            "SELECT s, n FROM t ORDER BY s, n, rowid",
        })
        {
            Assert.Equal(inserted.Rows(query), appended.Rows(query));
        }

        Assert.Equal(["text 'ok'"], appended.Rows("PRAGMA integrity_check"));
    }

    [Fact]
    public void Typed_values_end_rows_with_their_rowid()
    {
        using SluiceConnection connection = Providers.Sluice(Readings);
        using SluiceTransaction transaction = connection.BeginTransaction(SluiceTransactionMode.Concurrent);
        using SluiceAppender appender = connection.CreateAppender("readings", "series_id", "ts", "value");
        Assert.Equal(1, appender.Add(7).Add(1_706_000_000_000_000).Add(21.5).EndRow());
        Assert.Equal(2, appender.Add(7).Add(2).Add("text").EndRow());
        Assert.Equal(3, appender.Add(7).Add(3).Add([1, 2]).EndRow());
        Assert.Equal(4, appender.Add(7).Add(4).AddNull().EndRow());
        Assert.Equal(5, appender.Add(8).Add(5).AddText("é"u8).EndRow());
        Assert.Equal(5, connection.LastInsertRowid);
        transaction.Commit();
        Assert.Equal(
            ["integer 1 | real 21.5", "integer 2 | text 'text'", "integer 3 | x'0102'", "integer 4 | NULL"],
            connection.Rows("SELECT id, value FROM readings WHERE series_id = 7 ORDER BY ts DESC, id").Order());
        Assert.Equal("é", connection.Scalar("SELECT value FROM readings WHERE id = 5"));
    }

    [Fact]
    public void Without_columns_a_row_has_all()
    {
        using SluiceConnection connection = Providers.Sluice(Readings);
        using SluiceTransaction transaction = connection.BeginTransaction();
        using SluiceAppender appender = connection.CreateAppender("readings");
        Assert.Equal(4, appender.ColumnCount);
        Assert.Equal(40, appender.Add(40).Add(1).Add(2).Add(3).EndRow());
        Assert.Equal(41, appender.AddNull().Add(1).Add(2).Add(3).EndRow());
        transaction.Commit();
        Assert.Equal(["integer 40", "integer 41"], connection.Rows("SELECT id FROM readings"));
    }

    [Fact]
    public void Constraints_hold_and_the_appender_goes_on()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE, n NOT NULL, c CHECK (c > 0))");
        using SluiceTransaction transaction = connection.BeginTransaction(SluiceTransactionMode.Concurrent);
        using SluiceAppender appender = connection.CreateAppender("t");
        appender.Add(1).Add("a").Add(1).Add(1).EndRow();
        Refused(ResultCode.ConstraintPrimaryKey, "t.id", 1, "b", 1, 1);
        Refused(ResultCode.ConstraintUnique, "t.u", 2, "a", 1, 1);
        Refused(ResultCode.ConstraintCheck, "c > 0", 2, "b", 1, 0);
        SluiceException error = Assert.Throws<SluiceException>(() => appender.Add(2).Add("b").AddNull().Add(1).EndRow());
        Assert.Equal(ResultCode.ConstraintNotNull, error.Code);
        Assert.Throws<SluiceException>(() => appender.Add("no number").Add("b").Add(1).Add(1).EndRow());
        appender.Add(2).Add("b").Add(1).Add(1).EndRow();
        transaction.Commit();
        Assert.Equal(["integer 1 | text 'a'", "integer 2 | text 'b'"], connection.Rows("SELECT id, u FROM t"));
        Assert.Equal(["text 'ok'"], connection.Rows("PRAGMA integrity_check"));

        void Refused(ResultCode code, string message, long id, string u, long n, long c)
        {
            SluiceException refused = Assert.Throws<SluiceException>(() => appender.Add(id).Add(u).Add(n).Add(c).EndRow());
            Assert.Equal(code, refused.Code);
            Assert.Contains(message, refused.Message);
        }
    }

    [Fact]
    public void Works_on_in_the_next_transaction_and_after_a_change_of_schema()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
        SluiceTransaction transaction = connection.BeginTransaction();
        using SluiceAppender appender = connection.CreateAppender("t", "v");
        appender.Add(1).EndRow();
        transaction.Rollback();
        transaction = connection.BeginTransaction();
        appender.Add(2).EndRow();
        transaction.Commit();
        connection.Run("CREATE INDEX t_v ON t(v)");
        transaction = connection.BeginTransaction();
        appender.Add(3).EndRow();
        connection.Run("UPDATE t SET v = v + 10");
        appender.Add(4).EndRow();
        transaction.Commit();
        Assert.Equal(["integer 4", "integer 12", "integer 13"], connection.Rows("SELECT v FROM t ORDER BY v"));
        Assert.Equal(["text 'ok'"], connection.Rows("PRAGMA integrity_check"));
    }

    [Fact]
    public void Rows_are_rolled_back_to_savepoints()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(id INTEGER PRIMARY KEY, v); CREATE INDEX t_v ON t(v)");
        using SluiceTransaction transaction = connection.BeginTransaction();
        using SluiceAppender appender = connection.CreateAppender("t", "v");
        appender.Add(1).EndRow();
        transaction.Save("s");
        appender.Add(2).EndRow();
        transaction.Rollback("s");
        appender.Add(3).EndRow();
        transaction.Commit();
        Assert.Equal(["integer 1", "integer 3"], connection.Rows("SELECT v FROM t ORDER BY v"));
    }

    [Fact]
    public void Misuse_says_what_to_do()
    {
        using SluiceConnection connection = Providers.Sluice(Readings);
        Assert.Contains("begin one", Assert.Throws<InvalidOperationException>(() => connection.CreateAppender("readings")).Message);
        SluiceTransaction transaction = connection.BeginTransaction();
        Assert.Contains("no such table: none", Assert.Throws<SluiceException>(() => connection.CreateAppender("none")).Message);
        Assert.Contains("no column named nope", Assert.Throws<SluiceException>(() => connection.CreateAppender("readings", "nope")).Message);
        using SluiceAppender appender = connection.CreateAppender("readings", "ts", "value");
        appender.Add(1);
        Assert.Contains("1 of its 2", Assert.Throws<InvalidOperationException>(() => appender.EndRow()).Message);
        Assert.Contains("end it first", Assert.Throws<InvalidOperationException>(() => appender.AppendRow([SqlValue.Null, SqlValue.Null])).Message);
        appender.Add(2);
        Assert.Contains("EndRow", Assert.Throws<InvalidOperationException>(() => appender.Add(3)).Message);
        appender.EndRow();
        Assert.Throws<ArgumentException>(() => appender.AppendRow([SqlValue.Null]));
        transaction.Commit();
        Assert.Contains("begin one", Assert.Throws<InvalidOperationException>(() => appender.Add(1).Add(2).EndRow()).Message);
    }
}
