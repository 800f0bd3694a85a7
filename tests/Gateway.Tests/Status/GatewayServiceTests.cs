using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Hosting;
using Sluice.Gateway.Status;

namespace Sluice.Gateway.Tests.Status;

/// <summary>The whole gateway in this process, with simulated sensors, asked over HTTP.</summary>
public sealed class GatewayServiceTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-service-").FullName;
    private GatewayService _gateway = null!;
    private WebApplication _web = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        GatewayOptions options = ConfigurationLoader.Load(
            null,
            [Override.FromOption($"gateway.data={_folder}/data"), Override.FromOption("mqtt.listen=tcp://127.0.0.1:0"), Override.FromOption("sensors.0.every=20ms")]);
        _gateway = new GatewayService(options, NullLoggerFactory.Instance, TimeProvider.System);
        await _gateway.StartAsync(default);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _web = builder.Build();
        _web.Run(context => StatusEndpoints.AnswerAsync(context, _gateway.Status));
        await _web.StartAsync();
        string address = _web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        _http = new HttpClient { BaseAddress = new Uri(address) };
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _web.DisposeAsync();
        await _gateway.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_page_shows_simulated_readings_arriving()
    {
        JsonElement status = await UntilAsync(status => status.GetProperty("readings").GetProperty("stored").GetInt64() >= 20);
        Assert.Equal("demo", status.GetProperty("gateway").GetString());
        Assert.Equal("ok", status.GetProperty("health").GetProperty("status").GetString());
        JsonElement temperature = status.GetProperty("latest").EnumerateArray().Single(r => r.GetProperty("metric").GetString() == "temperature");
        Assert.Equal("°C", temperature.GetProperty("unit").GetString());
        Assert.InRange(double.Parse(temperature.GetProperty("value").GetString()!), 10, 35);
        Assert.Equal(4, status.GetProperty("writer_queues").GetArrayLength());
    }

    [Fact]
    public async Task Page_health_and_metrics_have_their_types_and_nothing_else_is_there()
    {
        Assert.Equal("text/html", await TypeAsync("/", 200));
        Assert.Equal("text/css", await TypeAsync("/page.css", 200));
        Assert.Equal("text/javascript", await TypeAsync("/page.js", 200));
        Assert.Equal("application/json", await TypeAsync("/health", 200));
        Assert.Equal("text/plain", await TypeAsync("/metrics", 200));
        Assert.Equal("text/plain", await TypeAsync("/../gateway.db", 404));
        using HttpResponseMessage post = await _http.PostAsync("/", null);
        Assert.Equal(405, (int)post.StatusCode);
    }

    [Fact]
    public async Task The_page_asks_nothing_of_other_machines()
    {
        foreach (string file in (string[])["/", "/page.css", "/page.js"])
        {
            string text = await _http.GetStringAsync(file);
            Assert.DoesNotContain("http:", text, StringComparison.Ordinal);
            Assert.DoesNotContain("https:", text, StringComparison.Ordinal);
            Assert.DoesNotContain("url(", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Health_is_503_with_the_reason_while_readings_cannot_be_stored()
    {
        _gateway.Health.Report("sync cloud", ProblemSeverity.Degraded, "away");
        using (HttpResponseMessage degraded = await _http.GetAsync("/health"))
        {
            Assert.Equal(200, (int)degraded.StatusCode);
            Assert.Contains("\"status\":\"degraded\"", await degraded.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        _gateway.Health.Report("disk", ProblemSeverity.Failed, "no space left");
        using HttpResponseMessage failed = await _http.GetAsync("/health");
        Assert.Equal(503, (int)failed.StatusCode);
        string body = await failed.Content.ReadAsStringAsync();
        Assert.Contains("\"status\":\"failed\"", body, StringComparison.Ordinal);
        Assert.Contains("no space left", body, StringComparison.Ordinal);
        Assert.Contains("\nsluice_up 0\n", await _http.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_metric_has_help_and_type_and_well_formed_samples()
    {
        string text = await _http.GetStringAsync("/metrics");
        HashSet<string> typed = [];
        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                Assert.True(typed.Add(line.Split(' ')[2]), $"twice: {line}");
            }
            else if (!line.StartsWith('#'))
            {
                Assert.Matches(@"^[a-z0-9_]+(\{[a-z]+=""[^""]*""(,[a-z]+=""[^""]*"")*\})? [0-9+.eE-]+$", line);
                string name = line.Split('{', ' ')[0];
                Assert.Contains(name.Replace("_bucket", "").Replace("_sum", "").Replace("_count", ""), typed);
            }
        }

        Assert.Contains("sluice_readings_stored_total", typed);
        Assert.Contains("sluice_writer_commit_seconds", typed);
    }

    private async Task<string?> TypeAsync(string path, int code)
    {
        using HttpResponseMessage answer = await _http.GetAsync(path);
        Assert.Equal(code, (int)answer.StatusCode);
        return answer.Content.Headers.ContentType?.MediaType;
    }

    private async Task<JsonElement> UntilAsync(Func<JsonElement, bool> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (true)
        {
            using JsonDocument document = JsonDocument.Parse(await _http.GetStringAsync("/status.json"));
            if (condition(document.RootElement))
            {
                return document.RootElement.Clone();
            }

            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), document.RootElement.ToString());
            await Task.Delay(20);
        }
    }
}
