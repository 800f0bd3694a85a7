using Npgsql;

namespace Sluice.EndToEnd;

/// <summary>
/// A PostgreSQL server of our own in a temporary folder, by Debian's programs. It refuses to run as root, so root
/// runs it as the user postgres, which Debian's package made.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-pg-").FullName;
    private readonly int _port = Tool.FreePort();

    public string ConnectionString => $"Host=127.0.0.1;Port={_port};Database=postgres;Username=postgres;Timeout=5;Command Timeout=20";

    private string DataFolder => Path.Combine(_folder, "data");

    private static bool IsRoot => Environment.UserName == "root";

    public static async Task<PostgresServer> CreateAsync()
    {
        PostgresServer server = new();
        File.SetUnixFileMode(server._folder, (UnixFileMode)0x1FF);
        await server.RunAsync("initdb", "-D", server.DataFolder, "-U", "postgres", "--auth=trust", "--no-sync");
        await server.StartAsync();
        return server;
    }

    public Task StartAsync() =>
        RunAsync("pg_ctl", "-D", DataFolder, "-w", "-t", "60", "-l", Path.Combine(_folder, "log"), "-o", $"-p {_port} -c listen_addresses=127.0.0.1 -k {_folder}", "start");

    /// <summary>Stops without a farewell: connections break, the next start recovers.</summary>
    public Task StopAsync() => RunAsync("pg_ctl", "-D", DataFolder, "-w", "-m", "immediate", "stop");

    /// <summary>The rows of a query, columns joined by '|'.</summary>
    public async Task<List<string>> QueryAsync(string sql)
    {
        await using NpgsqlConnection connection = new(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        List<string> rows = [];
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => Convert.ToString(reader.GetValue(i), System.Globalization.CultureInfo.InvariantCulture))));
        }

        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private Task RunAsync(string program, params string[] arguments)
    {
        string path = Directory.EnumerateDirectories("/usr/lib/postgresql")
            .OrderDescending(StringComparer.Ordinal)
            .Select(version => Path.Combine(version, "bin", program))
            .First(File.Exists);
        return IsRoot
            ? Tool.OutputAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", path, .. arguments])
            : Tool.OutputAsync(path, arguments);
    }
}
