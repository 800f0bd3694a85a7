using System.Text;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Acceptance;

/// <summary>Files go back and forth between stock sqlite3 and the engine.</summary>
public sealed class ForeignFileTests
{
    private const string Everything = "SELECT id, name, length(body), hex(substr(body, -4)), score FROM item ORDER BY id";

    [Theory]
    [InlineData(512)]
    [InlineData(1024)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void A_file_of_sqlite3_is_read_in_full_and_changed(int pageSize)
    {
        using TemporaryFolder folder = new();
        string path = $"{folder.Path}/theirs.db";
        _ = Sqlite3.Run(path, $"""
            PRAGMA page_size={pageSize};
            CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT UNIQUE, body BLOB, score REAL);
            CREATE INDEX item_score ON item(score, name);
            CREATE TABLE gone(x);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
            INSERT INTO item SELECT i, printf('item-%05d', i), zeroblob(CASE i % 50 WHEN 0 THEN 20000 ELSE i % 90 END), i * 0.25 FROM n;
            INSERT INTO gone SELECT zeroblob(3000) FROM item LIMIT 300;
            DROP TABLE gone;
            DELETE FROM item WHERE id % 7 = 0;
            """);
        string before = Sqlite3.Run(path, Everything);
        using (SluiceConnection connection = Open(path))
        {
            Assert.Equal(before, Read(connection, Everything));
            Assert.Equal("ok", Read(connection, "PRAGMA integrity_check"));
            Execute(connection, "INSERT INTO item(name, body, score) VALUES('new', x'00112233', 7), ('long', zeroblob(100000), 8)");
            Execute(connection, "UPDATE item SET score = score + 1000, body = zeroblob(5000) WHERE id % 11 = 0");
            Execute(connection, "DELETE FROM item WHERE id BETWEEN 500 AND 1500");
            before = Read(connection, Everything);
        }

        Assert.Equal("ok", Sqlite3.Run(path, "PRAGMA integrity_check"));
        Assert.Equal(before, Sqlite3.Run(path, Everything));
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void A_file_of_the_engine_is_read_and_changed_by_sqlite3_and_opens_again(int pageSize)
    {
        using TemporaryFolder folder = new();
        string path = $"{folder.Path}/ours.db";
        _ = Sqlite3.Run(path, $"PRAGMA page_size={pageSize}; VACUUM;");
        string ours;
        using (SluiceConnection connection = Open(path))
        {
            Execute(connection, "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT UNIQUE, body BLOB, score REAL); CREATE INDEX item_score ON item(score, name)");
            for (int i = 1; i <= 1000; i++)
            {
                Execute(connection, $"INSERT INTO item VALUES({i}, 'item-{i}', zeroblob({(i % 40 == 0 ? 9000 : i % 90)}), {i} * 0.25)");
            }

            Execute(connection, "DELETE FROM item WHERE id % 9 = 0");
            ours = Read(connection, Everything);
        }

        Assert.Equal(ours, Sqlite3.Run(path, Everything));
        Assert.Equal("ok", Sqlite3.Run(path, "PRAGMA integrity_check"));
        _ = Sqlite3.Run(path, "UPDATE item SET body = zeroblob(7000) WHERE id % 13 = 0; DELETE FROM item WHERE id > 800; INSERT INTO item(name, body, score) VALUES('back', x'01', 1)");
        using (SluiceConnection connection = Open(path))
        {
            Assert.Equal(Sqlite3.Run(path, Everything), Read(connection, Everything));
            Assert.Equal("ok", Read(connection, "PRAGMA integrity_check"));
        }
    }

    private static SluiceConnection Open(string path)
    {
        SluiceConnection connection = new($"Data Source={path}");
        connection.Open();
        return connection;
    }

    private static void Execute(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }

    /// <summary>Rows as sqlite3's list mode prints them; the values here are integers, text and short decimals.</summary>
    private static string Read(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SluiceDataReader reader = (SluiceDataReader)command.ExecuteReader();
        StringBuilder text = new();
        while (reader.Read())
        {
            for (int i = 0; i < reader.FieldCount; i++)
            {
                object value = reader.GetValue(i);
                _ = text.Append(i == 0 ? "" : "|").Append(value is double real && real == Math.Floor(real) ? $"{real}.0" : value);
            }

            _ = text.Append('\n');
        }

        return text.ToString().TrimEnd('\n');
    }
}
