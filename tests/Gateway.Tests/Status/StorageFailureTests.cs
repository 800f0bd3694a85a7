using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Engine.Data;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Hosting;
using Sluice.Gateway.Status;

namespace Sluice.Gateway.Tests.Status;

/// <summary>The gateway while the engine cannot write: a directory in the place of the redo log's first file stands for a full disk.</summary>
public sealed class StorageFailureTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-failure-").FullName;

    private string Data => Path.Combine(_folder, "data");

    private string Obstacle => Path.Combine(Data, "gateway.db-log.1");

    /// <summary>Makes the database with its tables, and the obstacle beside it.</summary>
    public async Task InitializeAsync()
    {
        await using (GatewayService gateway = Gateway("sensors=[]", "actuators=[]"))
        {
            await gateway.StartAsync(default);
        }

        Directory.CreateDirectory(Obstacle);
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task The_database_is_opened_anew_when_it_can_be_written_again()
    {
        await using GatewayService gateway = Gateway("sensors.0.every=20ms", "sync.0.name=away", "sync.0.postgres=Host=127.0.0.1;Port=1");
        await gateway.StartAsync(default);
        await Programs.UntilAsync(() => gateway.Status.Snapshot().Readings.Failed > 0 && gateway.StorageFailure is not null, "a failed write");
        Assert.Equal("failed", gateway.Status.Health().Status);
        Assert.False(gateway.StorageGivenUp.IsCompleted);

        Directory.Delete(Obstacle);
        await Programs.UntilAsync(() => gateway.Status.Snapshot().Readings.Stored >= 10, "ten readings stored");
        Assert.Null(gateway.StorageFailure);
        Assert.Equal("degraded", gateway.Status.Health().Status);
        await gateway.StopAsync(default);

        Assert.Null(gateway.StorageFailure);
        await using SluiceConnection connection = new($"Data Source={Data}/gateway.db");
        await connection.OpenAsync();
        await using SluiceCommand count = connection.CreateCommand("SELECT count(*) FROM readings");
        Assert.Equal(gateway.Status.Snapshot().Readings.Stored, await count.ExecuteScalarAsync());
        count.CommandText = "SELECT count(*) FROM settings WHERE name = 'reopened'";
        Assert.Equal(1L, await count.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Who_is_stopped_while_storing_fails_ends_with_an_error()
    {
        using CancellationTokenSource stop = new();
        using StringWriter output = new();
        GatewayOptions options = Options("http.listen=127.0.0.1:0", "sensors.0.every=20ms");
        Task<int> run = GatewayHost.RunAsync(options, "a test", verbose: false, output, stop.Token);
        await Programs.UntilAsync(() => run.IsCompleted || output.ToString().Contains("Ctrl+C", StringComparison.Ordinal), "the start");
        string page = output.ToString().Split('\n').Single(line => line.Contains("page", StringComparison.Ordinal)).Split("page")[1].Trim();
        using HttpClient http = new() { BaseAddress = new Uri(page) };
        await Programs.UntilAsync(() => IsFailed(http), "a failed write");
        await stop.CancelAsync();
        GatewayException e = await Assert.ThrowsAsync<GatewayException>(() => run);
        Assert.StartsWith("stopped while readings could not be stored: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("gateway.db-log.1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trying_again_ends_when_the_file_is_gone()
    {
        await using GatewayService gateway = Gateway("sensors.0.every=20ms");
        await gateway.StartAsync(default);
        await Programs.UntilAsync(() => gateway.StorageFailure is not null, "a failed write");
        File.Delete(Path.Combine(Data, "gateway.db"));
        await gateway.StorageGivenUp.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.EndsWith("gateway.db: the database file is gone", gateway.StorageFailure, StringComparison.Ordinal);
    }

    private static bool IsFailed(HttpClient http)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/health");
        using HttpResponseMessage answer = http.Send(request);
        return (int)answer.StatusCode == 503;
    }

    private GatewayService Gateway(params string[] settings) => new(Options(settings), NullLoggerFactory.Instance, TimeProvider.System);

    private GatewayOptions Options(params string[] settings) => ConfigurationLoader.Load(
        null,
        [Override.FromOption($"gateway.data={Data}"), Override.FromOption("mqtt.listen=tcp://127.0.0.1:0"), .. settings.Select(Override.FromOption)]);
}
