using Sluice.Engine.Tests.Ddl;

namespace Sluice.Engine.Tests.Queries;

/// <summary>NOCASE of texts with a NUL, behind which SQLite looks at lengths only.</summary>
public sealed class NoCaseTests : IDisposable
{
    private const string Tables =
        "CREATE TABLE t(id INTEGER PRIMARY KEY, n TEXT COLLATE NOCASE); CREATE INDEX t_n ON t(n, id);"
        + "INSERT INTO t(n) VALUES('A' || char(0) || 'z'), ('a' || char(0) || 'Y'), ('a' || char(0)), ('a' || char(0) || 'yy'), ('a'), ('ab'), ('a' || char(0) || 'x'), (char(0) || 'b'), (char(0) || 'a'), ('')";

    private readonly TwinDatabases _twins = new();

    public void Dispose() => _twins.Dispose();

    [Theory]
    [InlineData("SELECT id FROM t ORDER BY n, id")]
    [InlineData("SELECT id FROM t NOT INDEXED ORDER BY n, id")]
    [InlineData("SELECT count(*) FROM t GROUP BY n ORDER BY n")]
    [InlineData("SELECT count(DISTINCT n) FROM t")]
    [InlineData("SELECT id FROM t WHERE n = 'A' || char(0) || 'q' ORDER BY id")]
    [InlineData("SELECT id FROM t NOT INDEXED WHERE n IN ('A' || char(0) || 'q', 'x', 'y', 'z') ORDER BY id")]
    [InlineData("SELECT a.id, b.id FROM t AS a NOT INDEXED JOIN t AS b NOT INDEXED ON a.n = b.n ORDER BY 1, 2")]
    [InlineData("SELECT id FROM t WHERE n LIKE 'a' || char(0) || '%' ORDER BY id")]
    public void Answers_are_sqlites(string sql)
    {
        _twins.Prepare(Tables);

        Assert.Equal(TwinDatabases.Sqlite(_twins.SqlitePath, sql), TwinDatabases.Ours(_twins.OurPath, sql));
    }

    [Fact]
    public void An_index_is_in_the_order_that_SQLite_checks()
    {
        TwinDatabases.Ours(_twins.OurPath, Tables);

        Assert.Equal(["ok", "10"], TwinDatabases.Sqlite(_twins.OurPath, "PRAGMA integrity_check; SELECT count(*) FROM t INDEXED BY t_n WHERE n >= ''"));
    }
}
