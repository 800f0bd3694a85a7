using System.Text;

namespace Sluice.Engine.Tests.Queries;

/// <summary>Statements that SQLite refuses are refused with its words and its extended result code, for programs look at them.</summary>
public class ErrorMessageTests
{
    private const string Setup = """
        CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c REAL);
        CREATE TABLE u(x INTEGER UNIQUE, y TEXT DEFAULT 'none');
        INSERT INTO t VALUES(1, 10, 'one', 1.5), (2, 20, 'two', 2.5), (3, 30, 'three', NULL);
        INSERT INTO u VALUES(1, 'uno'), (2, 'due'), (4, NULL);
        CREATE INDEX t_a ON t(a);
        CREATE VIEW v AS SELECT id, b FROM t WHERE a > 10;
        """;

    [Fact]
    public void Errors_are_those_of_SQLite()
    {
        string[] statements = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Queries", "errors.sql")).Where(line => line.Length > 0 && !line.StartsWith("--", StringComparison.Ordinal))];
        StringBuilder differences = new();
        foreach (string statement in statements)
        {
            Compare(statement, differences);
        }

        Assert.True(statements.Length > 300, $"{statements.Length} statements");
        Assert.True(differences.Length == 0, differences.ToString());
    }

    [Fact]
    public void Limits_are_those_of_SQLite()
    {
        string columns = string.Join(", ", Enumerable.Range(0, 2001).Select(i => $"c{i}"));
        StringBuilder differences = new();
        foreach (string statement in (string[])[
            $"CREATE TABLE n({columns})",
            $"SELECT {string.Join(", ", Enumerable.Repeat("1", 2001))}",
            $"SELECT 1{string.Concat(Enumerable.Repeat(" UNION ALL SELECT 1", 500))}",
            $"SELECT {string.Concat(Enumerable.Repeat("1 + ", 1001))} 1",
            $"SELECT count(*) FROM t AS t0{string.Concat(Enumerable.Range(1, 64).Select(i => $", t AS t{i}"))}",
            $"INSERT INTO t({columns}) VALUES(1)",
            $"UPDATE t SET {string.Join(", ", Enumerable.Repeat("a = 1", 2001))}",
            $"SELECT a FROM t GROUP BY {string.Join(", ", Enumerable.Repeat("a", 2001))}",
            $"SELECT a FROM t ORDER BY {string.Join(", ", Enumerable.Repeat("a", 2001))}",
            $"CREATE INDEX i ON t({string.Join(", ", Enumerable.Repeat("a", 2001))})",
            $"SELECT max({string.Join(", ", Enumerable.Repeat("1", 1001))})",
            "SELECT 'a' LIKE printf('%.*c', 50001, 'a')",
            "SELECT zeroblob(2000000000)",
            "SELECT ?32767"])
        {
            Compare(statement, differences);
        }

        Assert.True(differences.Length == 0, differences.ToString());
    }

    private static void Compare(string statement, StringBuilder differences)
    {
        using Twin twin = new();
        _ = twin.Run(Setup);
        (Outcome sqlite, Outcome ours) = twin.Run(statement);
        Assert.True(sqlite.Error is not null, $"SQLite takes {statement}");
        if (sqlite.Error != ours.Error)
        {
            _ = differences.AppendLine($"{(statement.Length > 200 ? statement[..200] + "..." : statement)}\n  SQLite {sqlite.Error}\n  Sluice {ours}");
        }
    }
}
