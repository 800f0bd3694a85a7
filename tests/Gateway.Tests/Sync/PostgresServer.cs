using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Sluice.Gateway.Tests.Sync;

/// <summary>
/// A PostgreSQL server of the tests' own in a temporary folder. It refuses to run as root, so root runs it as the user
/// postgres, whom Debian's package made.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-pg-").FullName;
    private readonly int _port = FreePort();

    public string ConnectionString => $"Host=127.0.0.1;Port={_port};Database=postgres;Username=postgres;Timeout=5;Command Timeout=20";

    private string DataFolder => Path.Combine(_folder, "data");

    public async Task InitializeAsync()
    {
        const UnixFileMode everybody = (UnixFileMode)0x1FF;
        File.SetUnixFileMode(_folder, everybody);
        await RunAsync("initdb", "-D", DataFolder, "-U", "postgres", "--auth=trust", "--no-sync");
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public Task StartAsync() => RunAsync(
        "pg_ctl", "-D", DataFolder, "-w", "-t", "60", "-l", Path.Combine(_folder, "log"),
        "-o", $"-p {_port} -c listen_addresses=127.0.0.1 -c fsync=off -k {_folder}", "start");

    /// <summary>Without a farewell: connections break.</summary>
    public Task StopAsync() => RunAsync("pg_ctl", "-D", DataFolder, "-w", "-m", "immediate", "stop");

    /// <summary>The rows of a query, columns joined by '|'.</summary>
    public async Task<string[]> QueryAsync(string sql)
    {
        await using NpgsqlConnection connection = new(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        List<string> rows = [];
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(
                i => Convert.ToString(reader.GetValue(i), System.Globalization.CultureInfo.InvariantCulture))));
        }

        return [.. rows];
    }

    private static Task RunAsync(string program, params string[] arguments)
    {
        string path = Directory.EnumerateDirectories("/usr/lib/postgresql")
            .OrderDescending(StringComparer.Ordinal)
            .Select(version => Path.Combine(version, "bin", program))
            .First(File.Exists);

        // pg_ctl hands its streams on to the server, which would keep a pipe of ours open.
        string line = string.Join(' ', arguments.Prepend(path).Select(word => $"'{word}'"));
        string[] shell = ["-c", $"{line} >/dev/null 2>&1 </dev/null"];
        return Environment.UserName == "root"
            ? Programs.OutputAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", "/bin/sh", .. shell])
            : Programs.OutputAsync("/bin/sh", shell);
    }

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
