using System.Globalization;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.BTree;

/// <summary>An index that is larger than the page cache is read into one buffer; a text that somebody keeps must not change with it.</summary>
public sealed class LentKeysTests : IDisposable
{
    private const int Rows = 6_000;

    private readonly TemporaryFolder _folder = new();
    private readonly SluiceConnection _connection;

    public LentKeysTests()
    {
        _connection = new SluiceConnection($"Data Source={_folder.File("keys.db")};Cache Size=256");
        _connection.Open();
        Execute("CREATE TABLE t(id INTEGER PRIMARY KEY, k TEXT, n INTEGER); CREATE INDEX t_k ON t(k)");
        Execute($"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {Rows}) INSERT INTO t SELECT i, printf('%06d-%0100d', i * 7 % {Rows}, i), i FROM c");
        Execute("PRAGMA wal_checkpoint");
    }

    [Fact]
    public void Texts_kept_from_keys_stay_what_they_were()
    {
        string[] expected = [.. Enumerable.Range(1, Rows).Select(Key).Order(StringComparer.Ordinal)];
        long readBefore = _connection.Statistics.PagesRead;
        Assert.Equal(expected.Reverse(), All("SELECT k FROM t INDEXED BY t_k WHERE k >= '' ORDER BY +k DESC"));
        Assert.Equal(expected, All("SELECT DISTINCT k FROM t INDEXED BY t_k WHERE k >= ''"));
        Assert.Equal(expected[^1], Assert.Single(All("SELECT max(+k) FROM t INDEXED BY t_k WHERE k >= ''")));
        Assert.True(_connection.Statistics.PagesRead - readBefore > 300, "the index was in the cache: nothing was tried");
    }

    [Fact]
    public void Lookups_far_from_each_other_find_their_rows()
    {
        using SluiceCommand find = _connection.CreateCommand("SELECT n, k FROM t WHERE k = @k");
        SluiceParameter key = (SluiceParameter)find.CreateParameter();
        key.ParameterName = "@k";
        _ = find.Parameters.Add(key);
        for (int i = 1; i <= 1_000; i++)
        {
            int row = (int)(i * 2_654_435L % Rows) + 1;
            key.Value = Key(row);
            using SluiceDataReader reader = find.ExecuteReader();
            Assert.True(reader.Read());
            Assert.Equal((row, Key(row)), (reader.GetInt32(0), reader.GetString(1)));
            Assert.False(reader.Read());
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        _folder.Dispose();
    }

    private static string Key(int row) => string.Create(CultureInfo.InvariantCulture, $"{row * 7 % Rows:000000}-{row.ToString(CultureInfo.InvariantCulture).PadLeft(100, '0')}");

    private List<string> All(string sql)
    {
        using SluiceCommand command = _connection.CreateCommand(sql);
        using SluiceDataReader reader = command.ExecuteReader();
        List<string> found = [];
        while (reader.Read())
        {
            found.Add(reader.GetString(0));
        }

        return found;
    }

    private void Execute(string sql)
    {
        using SluiceCommand command = _connection.CreateCommand(sql);
        _ = command.ExecuteNonQuery();
    }
}
