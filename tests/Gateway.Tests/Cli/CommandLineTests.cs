using System.Net;
using System.Net.Sockets;
using Sluice.Gateway.Cli;

namespace Sluice.Gateway.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-cli-").FullName;

    [Fact]
    public async Task Help_teaches_by_examples()
    {
        (int code, string output, _) = await RunAsync("--help");
        Assert.Equal(0, code);
        Assert.Contains("sluice run --config /etc/sluice/sluice.yaml", output, StringComparison.Ordinal);
        Assert.Contains("check", output, StringComparison.Ordinal);
        Assert.Contains("Exit codes: 0 done, 1 failed, 2 wrong command line", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_about_a_command_needs_no_arguments()
    {
        (int code, string output, string error) = await RunAsync("sql", "--help");
        Assert.Equal((0, ""), (code, error));
        Assert.All(["--create", "--header", "--readonly", "--json", "--csv", "FILE"], option => Assert.Contains(option, output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("rnu")]
    [InlineData("--cofnig", "x")]
    [InlineData("check", "--config")]
    public async Task A_wrong_command_line_is_a_usage_error(params string[] args)
    {
        (int code, _, string error) = await RunAsync(args);
        Assert.Equal(2, code);
        Assert.StartsWith("sluice: ", error, StringComparison.Ordinal);
        Assert.EndsWith("Try 'sluice --help'.\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_says_what_a_configuration_means()
    {
        string file = Write("gateway: { id: plant-7, data: /var/lib/sluice }\nroutes: [ { topic: \"s/{device}/{metric}\" } ]\n");
        (int code, string output, string error) = await RunAsync("check", "--config", file, "--http", "[::1]:9000", "--mqtt", "tcp://[::1]:1884", "--set", "writers.count=2");
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith($"{file}: ok\n", output, StringComparison.Ordinal);
        Assert.Contains("plant-7", output, StringComparison.Ordinal);
        Assert.Contains("/var/lib/sluice/gateway.db", output, StringComparison.Ordinal);
        Assert.Contains("[::1]:9000", output, StringComparison.Ordinal);
        Assert.Contains("tcp://[::1]:1884", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_names_what_is_wrong()
    {
        string file = Write("mqtt:\n  lissten: x\n");
        (int code, _, string error) = await RunAsync("check", "--config", file);
        Assert.Equal(2, code);
        Assert.Equal($"sluice: {file}:2: mqtt.lissten: unknown key; did you mean \"listen\"?\n", error);
    }

    [Theory]
    [InlineData("writers.count", "sluice: option --set: \"writers.count\" must be KEY=VALUE")]
    [InlineData("writers.count=x", "sluice: option --set writers.count: writers.count: \"x\" is not a whole number")]
    [InlineData("wirters.count=1", "sluice: option --set wirters.count: wirters: unknown key; did you mean \"writers\"?")]
    public async Task A_wrong_option_is_named(string set, string expected)
    {
        (int code, _, string error) = await RunAsync("check", "--set", set);
        Assert.Equal(2, code);
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_made_is_one_line()
    {
        (int code, _, string error) = await RunGatewayAsync("--data", "/proc/nowhere");
        Assert.Equal(1, code);
        Assert.StartsWith("sluice: the data folder /proc/nowhere cannot be made: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task A_file_in_the_place_of_the_data_folder_is_said_so()
    {
        string file = Write("");
        (int code, _, string error) = await RunGatewayAsync("--data", file);
        Assert.Equal(1, code);
        Assert.Equal($"sluice: the data folder {file} is a file; name the folder that holds gateway.db with gateway.data or --data\n", error);
    }

    [Theory]
    [InlineData("--http", "127.0.0.1:", "http: cannot listen on 127.0.0.1:")]
    [InlineData("--mqtt", "tcp://127.0.0.1:", "mqtt: cannot listen on tcp://127.0.0.1:")]
    public async Task A_port_in_use_is_one_line(string option, string address, string expected)
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        (int code, _, string error) = await RunGatewayAsync(option, $"{address}{port}");
        Assert.Equal(1, code);
        Assert.StartsWith($"sluice: {expected}{port}: address already in use", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_one_line()
    {
        string data = Path.Combine(_folder, "data");
        Directory.CreateDirectory(data);
        await File.WriteAllTextAsync(Path.Combine(data, "gateway.db"), new string('x', 8192));
        (int code, _, string error) = await RunGatewayAsync();
        Assert.Equal(1, code);
        Assert.Contains("gateway.db", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string yaml)
    {
        string file = Path.Combine(_folder, "sluice.yaml");
        File.WriteAllText(file, yaml);
        return file;
    }

    /// <summary>Runs the gateway with free ports and a folder of its own, but for what the arguments say.</summary>
    private Task<(int Code, string Output, string Error)> RunGatewayAsync(params string[] args)
    {
        string file = Write($$"""
            gateway: { id: t, data: {{_folder}}/data }
            http: { listen: 127.0.0.1:0 }
            mqtt: { listen: "tcp://127.0.0.1:0" }
            """);
        return RunAsync(["run", "--config", file, .. args]);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        StringWriter output = new() { NewLine = "\n" };
        StringWriter error = new() { NewLine = "\n" };
        int code = await CommandLine.InvokeAsync(args, output, error).WaitAsync(TimeSpan.FromSeconds(60));
        return (code, output.ToString(), error.ToString());
    }
}
