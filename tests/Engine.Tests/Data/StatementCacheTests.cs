using System.Data;
using Sluice.Engine.Data;

namespace Sluice.Engine.Tests.Data;

/// <summary>Texts that commands leave prepared for those that come after them.</summary>
public class StatementCacheTests
{
    [Fact]
    public void A_text_is_given_out_to_one_command_at_a_time_and_comes_back()
    {
        using Database database = Database.Open(":memory:", new DatabaseOptions());
        using Session session = database.Connect();
        using StatementCache cache = new();
        PreparedText first = cache.Take(session, "SELECT 1");
        PreparedText second = cache.Take(session, "SELECT 1");
        Assert.NotSame(first, second);
        cache.GiveBack(first);
        cache.GiveBack(second);
        Assert.Same(first, cache.Take(session, "SELECT 1"));
        Assert.NotSame(second, cache.Take(session, "SELECT 1"));
    }

    [Fact]
    public void The_least_recently_used_goes_first_and_long_texts_are_not_kept()
    {
        using Database database = Database.Open(":memory:", new DatabaseOptions());
        using Session session = database.Connect();
        using StatementCache cache = new();
        PreparedText[] texts = [.. Enumerable.Range(0, 64).Select(i => new PreparedText(session, $"SELECT {i}"))];
        Array.ForEach(texts, cache.GiveBack);
        cache.GiveBack(cache.Take(session, "SELECT 0"));
        cache.GiveBack(new PreparedText(session, "SELECT 'one more'"));
        Assert.Same(texts[0], cache.Take(session, "SELECT 0"));
        Assert.NotSame(texts[1], cache.Take(session, "SELECT 1"));
        Assert.Same(texts[2], cache.Take(session, "SELECT 2"));
        PreparedText tooLong = new(session, "SELECT '" + new string('x', 5000) + "'");
        cache.GiveBack(tooLong);
        Assert.NotSame(tooLong, cache.Take(session, tooLong.Sql));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_text_used_again_sees_the_schema_of_now(bool throughOwner)
    {
        if (throughOwner)
        {
            Providers.UseOwner();
        }

        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1)");
        Assert.Equal(["integer 1"], connection.Rows("SELECT * FROM t"));
        connection.Run("ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'new'");
        Assert.Equal(["a", "b"], Columns(connection, "SELECT * FROM t"));
        Assert.Equal(["integer 1 | text 'new'"], connection.Rows("SELECT * FROM t"));
        connection.Run("DROP TABLE t");
        using SluiceCommand command = connection.CreateCommand("SELECT * FROM t");
        Assert.Contains("no such table", Assert.Throws<SluiceException>(command.Prepare).Message);
        connection.Run("CREATE TABLE t(z)");
        Assert.Equal(["z"], Columns(connection, "SELECT * FROM t"));
    }

    [Fact]
    public void A_text_used_again_has_no_values_of_before()
    {
        using SluiceConnection connection = Providers.Sluice();
        Assert.Equal(5L, connection.Scalar("SELECT @a", ("@a", 5)));
        Assert.Throws<InvalidOperationException>(() => connection.Scalar("SELECT @a"));
        using SluiceCommand command = connection.CreateCommand("SELECT @a");
        command.MissingIsNull = true;
        Assert.Equal(DBNull.Value, command.ExecuteScalar());
    }

    [Fact]
    public void A_reader_left_open_does_not_disturb_the_next_command()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2), (3)");
        SluiceCommand left = connection.CreateCommand("SELECT a FROM t");
        SluiceDataReader reader = left.ExecuteReader();
        Assert.True(reader.Read());
        left.Dispose();
        Assert.Equal(["integer 1", "integer 2", "integer 3"], connection.Rows("SELECT a FROM t"));
    }

    private static string[] Columns(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand(sql);
        using SluiceDataReader reader = command.ExecuteReader(CommandBehavior.SchemaOnly);
        return [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
    }
}
