using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;
using Xunit.Abstractions;

namespace Sluice.Engine.Tests.Acceptance;

/// <summary>Many connections commit at once: no conflicts, few syncs, nothing lost.</summary>
public sealed class ConcurrentInsertTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Sixty_four_connections_insert_without_conflict_and_share_syncs()
    {
        const int connections = 64;
        TimeSpan length = TimeSpan.FromSeconds(3);
        using TemporaryFolder folder = new();
        string source = $"Data Source={folder.Path}/many.db";
        long inserted = 0;
        long commits;
        long syncs;
        using (SluiceConnection first = new(source))
        {
            first.Open();
            Execute(first, "CREATE TABLE readings(id INTEGER PRIMARY KEY, series_id INTEGER, ts INTEGER, value); CREATE INDEX readings_series_ts ON readings(series_id, ts)");
            long commitsBefore = first.Statistics.Commits;
            long syncsBefore = first.Statistics.Syncs;
            using CancellationTokenSource time = new(length);
            Task<long>[] writers = [.. Enumerable.Range(0, connections).Select(series => Task.Run(() => InsertUntilAsync(source, series, time.Token)))];
            inserted = (await Task.WhenAll(writers)).Sum();
            commits = first.Statistics.Commits - commitsBefore;
            syncs = first.Statistics.Syncs - syncsBefore;
        }

        output.WriteLine($"{inserted} rows in {commits} commits and {syncs} syncs: {(double)commits / syncs:F1} commits a sync");
        Assert.Equal(inserted, commits);
        Assert.True(syncs * 4 < commits, $"{commits} commits needed {syncs} syncs");
        Assert.Equal($"{inserted}|{connections}", Sqlite3.Run($"{folder.Path}/many.db", "SELECT count(*), count(DISTINCT series_id) FROM readings"));
        Assert.Equal("ok", Sqlite3.Run($"{folder.Path}/many.db", "PRAGMA integrity_check"));
    }

    private static async Task<long> InsertUntilAsync(string source, int series, CancellationToken end)
    {
        await using SluiceConnection connection = new(source);
        await connection.OpenAsync(CancellationToken.None);
        await using SluiceCommand insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO readings(series_id, ts, value) VALUES(@series, @ts, 0.5)";
        insert.Parameters.AddWithValue("@series", (long)series);
        SluiceParameter ts = insert.Parameters.AddWithValue("@ts", 0L);
        long count = 0;
        while (!end.IsCancellationRequested)
        {
            // A conflict would be an exception here: BEGIN CONCURRENT does not try again by itself.
            await using SluiceTransaction transaction = connection.BeginTransaction(SluiceTransactionMode.Concurrent);
            insert.Transaction = transaction;
            ts.Value = count;
            Assert.Equal(1, await insert.ExecuteNonQueryAsync(CancellationToken.None));
            await transaction.CommitAsync(CancellationToken.None);
            count++;
        }

        return count;
    }

    private static void Execute(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
