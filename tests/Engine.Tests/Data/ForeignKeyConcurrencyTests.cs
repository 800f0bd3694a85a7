using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Data;

/// <summary>
/// A child that comes while its parent goes: each transaction sees nothing wrong in its own snapshot, so one of them must be told of a conflict.
/// </summary>
public sealed class ForeignKeyConcurrencyTests : IDisposable
{
    private const string Schema = """
        CREATE TABLE p(id INTEGER PRIMARY KEY, code TEXT UNIQUE, v);
        CREATE TABLE c(id INTEGER PRIMARY KEY, p_id REFERENCES p(id), code REFERENCES p(code));
        INSERT INTO p VALUES(1, 'one', 0), (2, 'two', 0);
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("INSERT INTO c VALUES(1, 1, NULL)", "DELETE FROM p WHERE id = 1")]
    [InlineData("INSERT INTO c VALUES(1, 1, NULL)", "UPDATE p SET id = 9 WHERE id = 1")]
    [InlineData("INSERT INTO c VALUES(1, NULL, 'one')", "UPDATE p SET code = 'uno' WHERE id = 1")]
    [InlineData("INSERT INTO c VALUES(1, NULL, 'one')", "DELETE FROM p")]
    public void One_of_a_child_and_the_end_of_its_parent_conflicts(string child, string parent)
    {
        foreach ((string first, string second) in ((string, string)[])[(child, parent), (parent, child)])
        {
            foreach (bool firstCommitsEarly in (bool[])[false, true])
            {
                Run(first, second, firstCommitsEarly);
            }
        }
    }

    [Fact]
    public void Children_of_one_parent_do_not_conflict_with_each_other_nor_with_an_update_beside_the_key()
    {
        using SluiceConnection a = Open(Schema);
        using SluiceConnection b = Open();
        using SluiceConnection other = Open();
        using SluiceTransaction ta = a.BeginTransaction(SluiceTransactionMode.Concurrent);
        using SluiceTransaction tb = b.BeginTransaction(SluiceTransactionMode.Concurrent);
        using SluiceTransaction to = other.BeginTransaction(SluiceTransactionMode.Concurrent);
        a.Run("INSERT INTO c VALUES(1, 1, 'one')");
        b.Run("INSERT INTO c VALUES(2, 1, 'one')");
        other.Run("UPDATE p SET v = v + 1 WHERE id = 1");
        ta.Commit();
        tb.Commit();
        to.Commit();
        Assert.Equal(2L, a.Scalar("SELECT count(*) FROM c WHERE p_id = 1"));
    }

    [Fact]
    public void A_parent_may_go_once_the_child_was_rolled_back()
    {
        using SluiceConnection a = Open(Schema);
        using SluiceConnection b = Open();
        using SluiceTransaction tb = b.BeginTransaction(SluiceTransactionMode.Concurrent);
        Assert.Equal(2L, b.Scalar("SELECT count(*) FROM p"));
        using (SluiceTransaction ta = a.BeginTransaction(SluiceTransactionMode.Concurrent))
        {
            a.Run("INSERT INTO c VALUES(1, 1, NULL)");
            ta.Rollback();
        }

        b.Run("DELETE FROM p WHERE id = 1");
        tb.Commit();
        Assert.Equal(1L, a.Scalar("SELECT count(*) FROM p"));
    }

    private void Run(string first, string second, bool firstCommitsEarly)
    {
        using SluiceConnection a = Open("DROP TABLE IF EXISTS c; DROP TABLE IF EXISTS p; " + Schema);
        using SluiceConnection b = Open();
        using SluiceTransaction ta = a.BeginTransaction(SluiceTransactionMode.Concurrent);
        using SluiceTransaction tb = b.BeginTransaction(SluiceTransactionMode.Concurrent);

        // Both have their snapshots before either writes.
        Assert.Equal(2L, a.Scalar("SELECT count(*) FROM p"));
        Assert.Equal(2L, b.Scalar("SELECT count(*) FROM p"));
        a.Run(first);
        if (firstCommitsEarly)
        {
            ta.Commit();
        }

        SluiceException error = Assert.Throws<SluiceException>(() => b.Run(second));
        Assert.Equal(ResultCode.BusyConflict, error.Code);
        tb.Rollback();
        if (!firstCommitsEarly)
        {
            ta.Commit();
        }

        Assert.Equal(0L, a.Scalar("SELECT count(*) FROM pragma_foreign_key_check"));
    }

    private SluiceConnection Open(string? setUp = null)
    {
        SluiceConnection connection = new($"Data Source={_folder.File("t.db")}");
        connection.Open();
        if (setUp is not null)
        {
            connection.Run(setUp);
        }

        connection.Run("PRAGMA foreign_keys = ON");
        return connection;
    }
}
