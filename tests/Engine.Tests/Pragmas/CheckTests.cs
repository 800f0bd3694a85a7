using Sluice.Engine.Tests.Ddl;

namespace Sluice.Engine.Tests.Pragmas;

/// <summary>integrity_check finds what SQLite's finds.</summary>
public sealed class CheckTests : IDisposable
{
    private const string Rows = "CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'x'), (2, NULL), (3, 'z'); CREATE INDEX i ON t(a); CREATE INDEX j ON t(b);";

    private readonly TwinDatabases _twins = new();

    public void Dispose() => _twins.Dispose();

    [Fact]
    public void A_null_where_none_may_be_is_found()
    {
        _twins.Prepare(Rows + "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a, b NOT NULL)' WHERE name = 't'");

        Assert.Equal(TwinDatabases.Sqlite(_twins.SqlitePath, "PRAGMA quick_check"), TwinDatabases.Ours(_twins.OurPath, "PRAGMA quick_check"));
    }

    [Fact]
    public void An_index_without_its_rows_is_found()
    {
        _twins.Prepare(Rows + "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t(b)' WHERE name = 'i'");

        List<string> found = TwinDatabases.Ours(_twins.OurPath, "PRAGMA integrity_check");

        Assert.Contains("row 1 missing from index i", found);
        Assert.Contains("row 3 missing from index i", found);
    }

    [Fact]
    public void An_index_that_is_not_unique_is_found()
    {
        _twins.Prepare(
            "CREATE TABLE t(a); INSERT INTO t VALUES (7), (8), (7); CREATE INDEX i ON t(a);"
            + "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX i ON t(a)' WHERE name = 'i'");

        Assert.Equal(["non-unique entry in index i"], TwinDatabases.Ours(_twins.OurPath, "PRAGMA integrity_check"));
    }

    [Fact]
    public void A_page_that_nobody_uses_is_found()
    {
        _twins.Prepare(Rows + "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'j'");

        Assert.Equal(TwinDatabases.Sqlite(_twins.SqlitePath, "PRAGMA integrity_check"), TwinDatabases.Ours(_twins.OurPath, "PRAGMA integrity_check"));
    }

    [Fact]
    public void The_number_of_errors_is_bounded()
    {
        _twins.Prepare(Rows + "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t(b)' WHERE name = 'i'");

        Assert.Single(TwinDatabases.Ours(_twins.OurPath, "PRAGMA integrity_check(1)"));
    }
}
