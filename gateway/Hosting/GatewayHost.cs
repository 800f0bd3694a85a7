using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Console;
using Sluice.Gateway.Cli;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Mqtt.Transport;
using Sluice.Gateway.Status;
using Sluice.Sensors.Drivers;

namespace Sluice.Gateway.Hosting;

/// <summary>Runs the gateway in a generic host: logging, the web listener, signals, systemd.</summary>
public static class GatewayHost
{
    /// <summary>People and monitoring; not a service for the public.</summary>
    private const int MaximumHttpConnections = 256;

    /// <summary>Storing what has been taken may wait for a slow disk; systemd has its own limit.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromMinutes(5);

    /// <summary>Runs until a signal or the token stops it; returns the exit code.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="source">What it came from, for people.</param>
    /// <param name="verbose">Log more.</param>
    /// <param name="output">Where it says where it listens.</param>
    /// <param name="cancellation">Stops it.</param>
    public static async Task<int> RunAsync(
        GatewayOptions options, string source, bool verbose, TextWriter output, CancellationToken cancellation)
    {
        using SystemdNotifier systemd = SystemdNotifier.FromEnvironment();
        bool started = false;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        AddLogging(builder.Logging, verbose, () => started);
        AddWebListener(builder, options.Http);
        builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddSingleton(services => new GatewayService(options, services.GetRequiredService<ILoggerFactory>(), TimeProvider.System));
        builder.Services.AddHostedService(services => services.GetRequiredService<GatewayService>());

        await using WebApplication app = builder.Build();
        GatewayService gateway = app.Services.GetRequiredService<GatewayService>();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = WebSocketHandshake.KeepAliveInterval });
        app.Map(ListenAddress.DefaultPath, mqtt => mqtt.Run(context => MqttEndpoint.ServeAsync(context, gateway, options.Mqtt.Origins)));
        app.Run(context => StatusEndpoints.AnswerAsync(context, gateway.Status));
        app.Lifetime.ApplicationStopping.Register(systemd.Stopping);
        await StartAsync(app, gateway, options.Http, cancellation);
        started = true;
        await output.WriteAsync(Describe(options, source, gateway, app));
        await output.FlushAsync(CancellationToken.None);
        systemd.Ready($"{string.Join(", ", gateway.MqttEndpoints)}, data in {options.DataFolder}");
        await using ITimer? watchdog = systemd.WatchdogInterval is { } interval
            ? TimeProvider.System.CreateTimer(_ => systemd.Watchdog(), null, interval, interval)
            : null;
        return await WaitAsync(app, gateway, cancellation);
    }

    /// <summary>Until a signal, or until the database cannot be opened anew after a failure; who stops while readings cannot be stored has failed.</summary>
    private static async Task<int> WaitAsync(WebApplication app, GatewayService gateway, CancellationToken cancellation)
    {
        Task shutdown = app.WaitForShutdownAsync(cancellation);
        if (await Task.WhenAny(shutdown, gateway.StorageGivenUp) != shutdown)
        {
            app.Lifetime.StopApplication();
        }

        await shutdown;
        return gateway.StorageFailure is { } failure
            ? throw new GatewayException($"stopped while readings could not be stored: {failure}")
            : ExitCode.Success;
    }

    private static async Task StartAsync(WebApplication app, GatewayService gateway, HttpAddress? http, CancellationToken cancellation)
    {
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The rooms name their own troubles; what is left is the web listener's address.
            await gateway.StopAsync(CancellationToken.None);
            string reason = e.InnerException is AddressInUseException || e is AddressInUseException
                ? "address already in use (perhaps another sluice runs: stop it, or choose another port with http.listen or --http)"
                : $"{e.Message.TrimEnd('.')}; choose another address with http.listen or --http";
            throw new GatewayException($"http: cannot listen on {http}: {reason}", e);
        }
    }

    private static void AddLogging(ILoggingBuilder logging, bool verbose, Func<bool> isStarted)
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
            console.ColorBehavior = LoggerColorBehavior.Default;
        });
        logging.SetMinimumLevel(LogLevel.Trace);

        // Before the start is done the framework's own messages only repeat, with a stack trace, what the program says.
        LogLevel ours = verbose ? LogLevel.Debug : LogLevel.Information;
        logging.AddFilter((category, level) =>
            category?.StartsWith("Sluice", StringComparison.Ordinal) == true ? level >= ours : isStarted() && level >= LogLevel.Warning);
    }

    private static void AddWebListener(WebApplicationBuilder builder, HttpAddress? address)
    {
        if (address is null)
        {
            builder.Services.AddSingleton<IServer, NoServer>();
            return;
        }

        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaximumHttpConnections;
            kestrel.Limits.MaxRequestBodySize = 0;
            switch (address.Host)
            {
                case "*":
                    kestrel.ListenAnyIP(address.Port);
                    break;
                case "localhost":
                    kestrel.ListenLocalhost(address.Port);
                    break;
                default:
                    kestrel.Listen(IPAddress.Parse(address.Host), address.Port);
                    break;
            }
        });
    }

    private static string Describe(GatewayOptions options, string source, GatewayService gateway, WebApplication app)
    {
        IEnumerable<string> page = options.Http is null ? ["off"] : app.Urls.Select(url => $"{url}/");
        string[] upstreams = [.. options.Sync.Select(sync => sync.Name)];
        string sync = upstreams.Length == 0 ? "" : $"  sync     {string.Join(", ", upstreams)}\n";
        int simulated = options.Sensors.Sensors.Count(sensor => sensor.IsSimulated || sensor.Kind.Bus == BusKind.None);
        string sensors = options.Sensors.Sensors.Count == 0 ? "" : $"  sensors  {options.Sensors.Sensors.Count}{(simulated > 0 ? $", {simulated} of them simulated" : "")}\n";
        return $"""
            Sluice {GatewayStatus.Version}, gateway "{options.Id}" ({source})
              page     {string.Join(", ", page)}
              mqtt     {string.Join(", ", gateway.MqttEndpoints)}
              data     {options.DatabasePath}
            {sensors}{sync}Ctrl+C stops it.

            """;
    }
}
