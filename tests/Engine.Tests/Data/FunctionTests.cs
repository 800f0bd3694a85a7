using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Sluice.Engine.Data;

namespace Sluice.Engine.Tests.Data;

/// <summary>Functions, aggregates and collations of the program, as Microsoft.Data.Sqlite has them where it does.</summary>
public class FunctionTests
{
    private const string SetUp = "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, v REAL); INSERT INTO t VALUES(1, 'Pump', 1.5), (2, 'valve', NULL), (3, 'P\u00e4ckli', 4)";

    [Theory]
    [InlineData("SELECT nil()")]
    [InlineData("SELECT id, half(id) FROM t")]
    [InlineData("SELECT join3(name, id, v) FROM t ORDER BY id")]
    [InlineData("SELECT count_of(), count_of(1), count_of(1, NULL, 'x', x'00', 2.5)")]
    [InlineData("SELECT name FROM t WHERE name REGEXP '^[Pp]' ORDER BY id")]
    [InlineData("SELECT name FROM t WHERE name NOT REGEXP '^p' ORDER BY id")]
    [InlineData("SELECT day(at), typeof(day(at)) FROM (SELECT '2024-02-29 12:00:00' AS at)")]
    [InlineData("SELECT longest(name) FROM t")]
    [InlineData("SELECT longest(name) FROM t WHERE id > 9")]
    [InlineData("SELECT id > 1 AS late, product(id), product(v) FROM t WHERE v NOT NULL GROUP BY late ORDER BY late")]
    [InlineData("SELECT id, product(id) FILTER (WHERE id > 1) FROM t")]
    [InlineData("SELECT listing(id, name) FROM (SELECT * FROM t ORDER BY id)")]
    [InlineData("SELECT name FROM t ORDER BY name COLLATE backwards")]
    [InlineData("SELECT id FROM t WHERE name = 'PUMP' COLLATE anycase")]
    [InlineData("SELECT count(DISTINCT name COLLATE anycase) FROM (SELECT name FROM t UNION ALL SELECT upper(name) FROM t)")]
    [InlineData("SELECT a.id, b.id FROM t AS a JOIN (SELECT id, upper(name) AS name FROM t) AS b ON a.name = b.name COLLATE anycase ORDER BY 1, 2")]
    [InlineData("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT half(i) * 4 FROM n WHERE i < 50) SELECT group_concat(i) FROM n")]
    public void Gives_what_Microsoft_Data_Sqlite_gives(string sql) =>
        Providers.Agree(
            connection =>
            {
                Register(connection);
                return string.Join("\n", connection.Rows(sql));
            },
            SetUp);

    [Fact]
    public void Works_in_views_triggers_and_writes()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        connection.CreateFunction("twice", (long n) => n * 2, isDeterministic: true);
        connection.Run("CREATE VIEW doubled AS SELECT id, twice(id) AS two FROM t");
        Assert.Equal(["integer 3 | integer 6"], connection.Rows("SELECT * FROM doubled WHERE two = twice(3)"));
        connection.Run("CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET v = twice(new.id) WHERE id = new.id; END; INSERT INTO t(name) VALUES('new')");
        Assert.Equal(8.0, connection.Scalar("SELECT v FROM t WHERE id = 4"));
        Assert.Equal(2, connection.Run("UPDATE t SET v = twice(id) WHERE twice(id) BETWEEN 4 AND 6"));
    }

    /// <summary>Microsoft.Data.Sqlite's may not.</summary>
    [Fact]
    public void Aggregates_may_be_window_functions()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        connection.CreateAggregate("product", 1.0, (double product, double n) => product * n);
        Assert.Equal(
            ["integer 1 | real 2", "integer 2 | real 6", "integer 3 | real 3"],
            connection.Rows("SELECT id, product(id) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) FROM t ORDER BY id"));
    }

    [Fact]
    public void A_deterministic_call_on_constants_is_made_once_and_another_for_each_row()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        int calls = 0;
        connection.CreateFunction("called", () => ++calls, isDeterministic: true);
        connection.Rows("SELECT called() FROM t");
        Assert.Equal(1, calls);
        calls = 0;
        connection.CreateFunction("called", () => ++calls);
        Assert.Equal(["integer 1", "integer 2", "integer 3"], connection.Rows("SELECT called() FROM t"));
    }

    [Fact]
    public void An_exception_fails_the_statement_with_its_message()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        connection.CreateFunction<long, long>("fails", n => n > 2 ? throw new InvalidOperationException($"no {n}") : n);
        connection.CreateFunction<long>("busy", () => throw new SluiceException(ResultCode.Busy, "later"));
        connection.CreateFunction("whole", (int n) => n);
        connection.CreateAggregate("summing", 0L, (long sum, long n) => n > 2 ? throw new InvalidOperationException("too much") : sum + n);
        SluiceException error = Assert.Throws<SluiceException>(() => connection.Rows("SELECT fails(id) FROM t"));
        Assert.Equal((ResultCode.Error, "no 3"), (error.Code, error.Message));
        Assert.Equal("too much", Assert.Throws<SluiceException>(() => connection.Rows("SELECT summing(id) FROM t")).Message);
        Assert.Equal(ResultCode.Busy, Assert.Throws<SluiceException>(() => connection.Rows("SELECT busy()")).Code);
        Assert.Contains("Argument 1 of whole() is NULL", Assert.Throws<SluiceException>(() => connection.Rows("SELECT whole(NULL)")).Message);
        Assert.Contains("holds text 'abc'", Assert.Throws<SluiceException>(() => connection.Rows("SELECT whole('abc')")).Message);
        Assert.Contains("wrong number of arguments", Assert.Throws<SluiceException>(() => connection.Rows("SELECT whole(1, 2)")).Message);
        Assert.Contains("in use by another operation", Assert.Throws<SluiceException>(() =>
        {
            connection.CreateFunction("inner", () => connection.Scalar("SELECT 1"));
            connection.Rows("SELECT inner()");
        }).Message);
        Assert.Equal(3L, connection.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Is_replaced_and_taken_away_and_stays_over_a_close()
    {
        using Files.TemporaryFolder folder = new();
        using SluiceConnection connection = new($"Data Source={folder.File("t.db")}");
        connection.CreateFunction("which", () => "first");
        connection.Open();
        Assert.Equal("first", connection.Scalar("SELECT which()"));
        connection.CreateFunction("WHICH", () => "second");
        Assert.Equal("second", connection.Scalar("SELECT which()"));
        connection.Close();
        connection.Open();
        Assert.Equal("second", connection.Scalar("SELECT which()"));
        connection.CreateFunction<string>("which", (Func<string>?)null);
        Assert.Contains("no such function: which", Assert.Throws<SluiceException>(() => connection.Scalar("SELECT which()")).Message);
        using SluiceConnection other = new($"Data Source={folder.File("t.db")}");
        other.Open();
        connection.CreateFunction("mine", () => 1);
        Assert.Throws<SluiceException>(() => other.Scalar("SELECT mine()"));
    }

    [Fact]
    public void Built_in_ones_stay_and_definitions_have_only_those()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        Assert.Contains("built in", Assert.Throws<InvalidOperationException>(() => connection.CreateFunction("upper", (string s) => s)).Message);
        Assert.Contains("built in", Assert.Throws<InvalidOperationException>(() => connection.CreateCollation("nocase", string.CompareOrdinal)).Message);
        connection.CreateFunction("twice", (long n) => n * 2, isDeterministic: true);
        connection.CreateCollation("mine", string.CompareOrdinal);
        Assert.Equal("mine", connection.Scalar("SELECT name FROM pragma_collation_list ORDER BY seq"));
        foreach (string sql in (string[])["CREATE INDEX i ON t(twice(id))", "CREATE TABLE n(a, b AS (twice(a)))", "CREATE TABLE n(a CHECK (twice(a) > 0))"])
        {
            Assert.Contains("no such function: twice", Assert.Throws<SluiceException>(() => connection.Run(sql)).Message);
        }

        foreach (string sql in (string[])["CREATE INDEX i ON t(name COLLATE mine)", "CREATE TABLE n(a COLLATE mine PRIMARY KEY)"])
        {
            Assert.Contains("no such collation sequence: mine", Assert.Throws<SluiceException>(() => connection.Run(sql)).Message);
        }
    }

    [Fact]
    public void Through_another_process_they_are_refused()
    {
        Providers.UseOwner();
        using SluiceConnection connection = Providers.Sluice();
        Assert.Contains($"process {Environment.ProcessId}", Assert.Throws<NotSupportedException>(() => connection.CreateFunction("f", () => 1)).Message);
        Assert.Throws<NotSupportedException>(() => connection.CreateCollation("c", string.CompareOrdinal));
        Assert.Equal(1L, connection.Scalar("SELECT 1"));
        SluiceConnection later = new(connection.ConnectionString);
        later.CreateFunction("f", () => 1);
        Assert.Throws<NotSupportedException>(later.Open);
        Assert.Equal(System.Data.ConnectionState.Closed, later.State);
    }

    /// <summary>The same functions for both providers.</summary>
    private static void Register(DbConnection connection)
    {
        if (connection is SqliteConnection theirs)
        {
            theirs.CreateFunction("nil", () => (string?)null);
            theirs.CreateFunction("half", (double d) => d / 2);
            theirs.CreateFunction("join3", (string a, int? b, double? c) => $"{a}{b}{c}");
            theirs.CreateFunction("count_of", (object?[] all) => all.Length);
            theirs.CreateFunction("regexp", (string pattern, string text) => Regex.IsMatch(text, pattern), isDeterministic: true);
            theirs.CreateFunction("day", (DateTime at) => at.Date);
            theirs.CreateAggregate("longest", (string?)null, (string? longest, string name) => longest?.Length > name.Length ? longest : name);
            theirs.CreateAggregate("product", 1.0, (double product, double n) => product * n);
            theirs.CreateAggregate("listing", "", (string list, long id, string name) => $"{list}{id}{name};", list => list.TrimEnd(';'));
            theirs.CreateCollation("backwards", (a, b) => string.CompareOrdinal(b, a));
            theirs.CreateCollation("anycase", (a, b) => string.Compare(a, b, StringComparison.OrdinalIgnoreCase));
            return;
        }

        SluiceConnection ours = (SluiceConnection)connection;
        ours.CreateFunction("nil", () => (string?)null);
        ours.CreateFunction("half", (double d) => d / 2);
        ours.CreateFunction("join3", (string a, int? b, double? c) => $"{a}{b}{c}");
        ours.CreateFunction("count_of", (object?[] all) => all.Length);
        ours.CreateFunction("regexp", (string pattern, string text) => Regex.IsMatch(text, pattern), isDeterministic: true);
        ours.CreateFunction("day", (DateTime at) => at.Date);
        ours.CreateAggregate("longest", (string?)null, (string? longest, string name) => longest?.Length > name.Length ? longest : name);
        ours.CreateAggregate("product", 1.0, (double product, double n) => product * n);
        ours.CreateAggregate("listing", "", (string list, long id, string name) => $"{list}{id}{name};", list => list.TrimEnd(';'));
        ours.CreateCollation("backwards", (a, b) => string.CompareOrdinal(b, a));
        ours.CreateCollation("anycase", (a, b) => string.Compare(a, b, StringComparison.OrdinalIgnoreCase));
    }
}
