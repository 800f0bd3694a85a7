using Sluice.Engine.Tests.Data;

namespace Sluice.Engine.Tests.Queries;

/// <summary>Which rows stay where those of one statement collide or break a foreign key, as SQLite has it.</summary>
public sealed class ConflictOrderTests
{
    private const string Shown = """
        SELECT * FROM t UNION ALL SELECT 'w', * FROM w UNION ALL SELECT 'n', * FROM n UNION ALL SELECT 'c', * FROM c UNION ALL SELECT 'd', * FROM d
        UNION ALL SELECT 'o', * FROM o UNION ALL SELECT 'k', a, 0 FROM k UNION ALL SELECT 'm', a, 0 FROM m UNION ALL SELECT 'p', a, 0 FROM p
        """;

    private const string Tables = """
        PRAGMA foreign_keys = OFF;
        CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b);
        INSERT INTO t VALUES(1, 30, 2), (2, 20, 3), (3, 10, 1);
        CREATE INDEX tb ON t(b);
        CREATE TABLE w(a PRIMARY KEY, b) WITHOUT ROWID;
        INSERT INTO w VALUES(1, 3), (2, 2), (3, 1);
        CREATE INDEX wb ON w(b);
        CREATE TABLE n(a NOT NULL ON CONFLICT REPLACE DEFAULT 7 UNIQUE, b CHECK(b > 0));
        INSERT INTO n VALUES(1, 1);
        CREATE TABLE q(a UNIQUE);
        INSERT INTO q VALUES(30), (20);
        CREATE TABLE c(a, b NOT NULL REFERENCES q(a));
        CREATE TABLE d(a UNIQUE, b REFERENCES q(a) DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE o(a REFERENCES missing, b);
        INSERT INTO o VALUES(NULL, 1);
        CREATE TABLE p(a, PRIMARY KEY(a COLLATE NOCASE)) WITHOUT ROWID;
        INSERT INTO p VALUES(1);
        CREATE TABLE k(a REFERENCES p(a));
        CREATE TABLE m(a REFERENCES p);
        PRAGMA foreign_keys = ON;
        """;

    [Theory]
    [InlineData("UPDATE OR REPLACE t SET a = 5 WHERE a > 0")]
    [InlineData("UPDATE OR IGNORE t SET a = 5 WHERE a > 0")]
    [InlineData("UPDATE OR REPLACE t SET a = 5 WHERE b > 0")]
    [InlineData("UPDATE OR IGNORE t SET a = 5 WHERE b > 0")]
    [InlineData("UPDATE OR IGNORE t SET a = 5 WHERE b > (SELECT 0)")]
    [InlineData("UPDATE OR IGNORE t SET id = 5 WHERE b > 0")]
    [InlineData("UPDATE OR IGNORE w SET a = 5 WHERE b BETWEEN 0 AND 5")]
    [InlineData("UPDATE OR REPLACE w SET a = 5 WHERE b BETWEEN 0 AND 5")]
    [InlineData("UPDATE OR FAIL t SET a = 5 WHERE a > 0")]
    [InlineData("INSERT OR FAIL INTO c VALUES(1, 30), (2, 77), (3, NULL)")]
    [InlineData("INSERT OR FAIL INTO c VALUES(1, 30), (2, 20), (3, NULL)")]
    [InlineData("BEGIN; INSERT OR FAIL INTO c VALUES(1, 30), (2, 77), (3, NULL)")]
    [InlineData("INSERT OR FAIL INTO d VALUES(1, 77), (1, 30)")]
    [InlineData("UPDATE o SET b = 2")]
    [InlineData("UPDATE OR REPLACE o SET b = 2")]
    [InlineData("UPDATE o SET a = 2")]
    [InlineData("INSERT INTO k VALUES(1)")]
    [InlineData("INSERT INTO m VALUES(1)")]
    [InlineData("INSERT INTO p VALUES(2)")]
    [InlineData("INSERT INTO p VALUES(2) RETURNING a")]
    [InlineData("INSERT INTO p VALUES(2), (3)")]
    [InlineData("INSERT INTO n VALUES(1, 2) ON CONFLICT DO UPDATE SET a = NULL")]
    [InlineData("INSERT OR IGNORE INTO n VALUES(1, 2) ON CONFLICT(a) DO UPDATE SET b = 0")]
    [InlineData("INSERT OR IGNORE INTO n VALUES(1, 2), (NULL, 3), (2, 0) ON CONFLICT(a) DO UPDATE SET b = 5")]
    public void The_same_rows_stay(string sql)
    {
        _ = Providers.Agree(
            connection =>
            {
                object? failed = Providers.OrError(() =>
                {
                    connection.Run(sql);
                    return null;
                });
                return $"{failed is not null}: {string.Join(", ", connection.Rows(Shown).Order(StringComparer.Ordinal))}";
            },
            Tables);
    }
}
