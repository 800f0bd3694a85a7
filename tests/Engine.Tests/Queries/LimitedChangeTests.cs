using System.Text;
using Sluice.Engine.Format;

namespace Sluice.Engine.Tests.Queries;

/// <summary>
/// UPDATE and DELETE with ORDER BY and LIMIT. The SQLite of the other tests was compiled without them; expected is what one says that was compiled with
/// SQLITE_ENABLE_UPDATE_DELETE_LIMIT.
/// </summary>
public sealed class LimitedChangeTests : IDisposable
{
    private readonly Database _database = Database.Open(":memory:", new DatabaseOptions());
    private readonly Session _session;

    public LimitedChangeTests()
    {
        _session = _database.Connect();
        _ = Run("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)");
        _ = Run("INSERT INTO t VALUES(1, 5, 'a'), (2, 4, 'b'), (3, 3, 'c'), (4, 2, 'd'), (5, 1, 'e')");
        _ = Run("CREATE TABLE w(a, b, c, PRIMARY KEY(a, b)) WITHOUT ROWID");
        _ = Run("INSERT INTO w VALUES(1, 1, 1), (1, 2, 2), (2, 1, 3), (2, 2, 4)");
        _ = Run("CREATE TABLE r(rowid, x)");
        _ = Run("INSERT INTO r VALUES('z', 1), ('y', 2), ('x', 3)");
        _ = Run("CREATE VIEW v AS SELECT id, a FROM t");
        _ = Run("CREATE TRIGGER del INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE id = old.id; END");
        _ = Run("CREATE TRIGGER upd INSTEAD OF UPDATE ON v BEGIN UPDATE t SET b = 'v' || new.a WHERE id = old.id; END");
    }

    public void Dispose()
    {
        _session.Dispose();
        _database.Dispose();
    }

    [Theory]
    [InlineData("DELETE FROM t ORDER BY a LIMIT 2", "SELECT id FROM t", "1 2 3")]
    [InlineData("DELETE FROM t WHERE a > 1 ORDER BY a DESC LIMIT 1 OFFSET 1", "SELECT id FROM t", "1 3 4 5")]
    [InlineData("DELETE FROM t LIMIT 0", "SELECT count(*) FROM t", "5")]
    [InlineData("DELETE FROM t LIMIT -1", "SELECT count(*) FROM t", "0")]
    [InlineData("DELETE FROM t LIMIT 1, 2", "SELECT id FROM t", "1 4 5")]
    [InlineData("UPDATE t SET b = b || id ORDER BY a LIMIT 2", "SELECT b FROM t", "a b c d4 e5")]
    [InlineData("UPDATE t AS z SET id = id + 10 WHERE z.a > 1 ORDER BY z.a LIMIT 1", "SELECT id FROM t", "1 2 3 5 14")]
    [InlineData("WITH k(n) AS (SELECT 1) DELETE FROM t WHERE id > (SELECT n FROM k) LIMIT 1", "SELECT id FROM t", "1 3 4 5")]
    [InlineData("DELETE FROM w ORDER BY c DESC LIMIT 3", "SELECT c FROM w", "1")]
    [InlineData("UPDATE w SET c = 9 WHERE b = 2 ORDER BY a DESC LIMIT 1", "SELECT c FROM w", "1 2 3 9")]
    [InlineData("DELETE FROM r ORDER BY rowid LIMIT 1", "SELECT rowid FROM r", "z y")]
    [InlineData("DELETE FROM v ORDER BY a LIMIT 2", "SELECT id FROM t", "1 2 3")]
    [InlineData("UPDATE v SET a = a * 10 ORDER BY id DESC LIMIT 1", "SELECT b FROM t", "a b c d v10")]
    public void Only_the_chosen_rows_change(string sql, string shown, string expected)
    {
        _ = Run(sql);
        Assert.Equal(expected, Run(shown));
    }

    [Fact]
    public void RETURNING_comes_before_ORDER_BY() =>
        Assert.Equal("1|q", Run("UPDATE t SET b = 'q' WHERE a > 0 RETURNING id, b ORDER BY a DESC LIMIT 1"));

    [Theory]
    [InlineData("DELETE FROM t ORDER BY a", "ORDER BY without LIMIT on DELETE")]
    [InlineData("UPDATE t SET a = 1 ORDER BY a", "ORDER BY without LIMIT on UPDATE")]
    [InlineData("DELETE FROM t LIMIT 'x'", "datatype mismatch")]
    [InlineData("UPDATE t SET a = 1 FROM w WHERE w.c = t.id LIMIT 1", "LIMIT is not supported in UPDATE ... FROM")]
    [InlineData("CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM w LIMIT 1; END", "near \"LIMIT\": syntax error")]
    public void What_is_refused(string sql, string message) =>
        Assert.Equal(message, Assert.Throws<SluiceException>(() => Run(sql)).Message);

    /// <summary>The rows, columns parted by a bar, rows by a space.</summary>
    private string Run(string sql)
    {
        List<string> rows = [];
        using Statement statement = _session.Prepare(Encoding.UTF8.GetBytes(sql), 0, out _)!;
        while (statement.Step())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, statement.ColumnCount).Select(i => statement.Column(i) switch
            {
                { Type: SqlType.Integer } number => number.Integer.ToString(System.Globalization.CultureInfo.InvariantCulture),
                var text => text.DecodeText(),
            })));
        }

        return string.Join(' ', rows);
    }
}
