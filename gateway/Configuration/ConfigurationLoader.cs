using System.Globalization;
using System.Net;
using System.Reflection;
using Npgsql;
using Sluice.Gateway.Mqtt.Transport;
using Sluice.Gateway.Pipeline;

namespace Sluice.Gateway.Configuration;

/// <summary>
/// From a file (or the demonstration that the program carries) and overrides to validated options. The order of
/// precedence, the strongest last: file, environment variables, command line.
/// </summary>
public static class ConfigurationLoader
{
    /// <summary>What errors call the built-in configuration.</summary>
    public const string DemoSource = "built-in demo.yaml";

    /// <summary>Loads and validates.</summary>
    /// <param name="file">The path; null for the demonstration.</param>
    /// <param name="overrides">In the order in which they apply.</param>
    /// <param name="opensFiles">Whether the files that the configuration names (users, certificates, keys) are looked into: who starts a gateway needs them.</param>
    /// <exception cref="ConfigurationException">Everything that is wrong, one line each.</exception>
    public static GatewayOptions Load(string? file, IReadOnlyList<Override> overrides, bool opensFiles = false)
    {
        (string text, string source) = file is null ? (ReadDemo(), DemoSource) : (ReadFile(file), file);
        List<string> errors = [];
        ConfigNode node = YamlReader.Read(text, source);
        if (node is not SectionNode root)
        {
            throw new ConfigurationException(node.Origin, "the configuration must be a section of keys with values, such as gateway: { id: demo }");
        }

        foreach (Override item in overrides)
        {
            try
            {
                item.ApplyTo(root);
            }
            catch (ConfigurationException e)
            {
                errors.AddRange(e.Errors);
            }
        }

        GatewayOptions options = Read(SectionReader.Of(root, "", errors));
        if (opensFiles)
        {
            // Sections are gone through once more, and what is wrong with themselves is told already.
            errors.AddRange(ConfiguredFiles.Check(root, options).Except(errors));
        }

        return errors.Count == 0 ? options : throw new ConfigurationException(errors);
    }

    private static GatewayOptions Read(SectionReader root)
    {
        SectionReader gateway = root.Section("gateway");
        SectionReader mqtt = root.Section("mqtt");
        SectionReader http = root.Section("http");
        string id = gateway.Text("id") is { } given ? CheckName(gateway, "id", given) : "gateway";
        GatewayOptions options = new()
        {
            Id = id,
            DataFolder = Path.GetFullPath(gateway.Text("data") ?? "./data"),
            Http = ReadHttp(http),
            Sources = MqttClientSection.ReadSources(mqtt, id),
            Mqtt = MqttSection.Read(mqtt),
            Writers = ReadWriters(root.Section("writers")),
            Routes = ReadRoutes(root),
            Sensors = SensorReader.Read(root),
            Sync = ReadSync(root, id),
        };
        gateway.RefuseUnknownKeys();
        root.RefuseUnknownKeys();
        CheckListeners(http, options);
        return options;
    }

    private static void CheckListeners(SectionReader http, GatewayOptions options)
    {
        if (options.Http is not { } address)
        {
            return;
        }

        ListenAddress web = new(address.ToString(), TransportKind.Tcp, address.Host, address.Port, Path: "", IsProxied: false);
        if (options.Mqtt.Listen.Select(ListenAddress.Parse).FirstOrDefault(web.Overlaps) is { } other)
        {
            http.Fail("listen", $"{web.Text} is taken by \"{other.Text}\" of mqtt.listen; give one of them another port");
        }
    }

    private static HttpAddress? ReadHttp(SectionReader http)
    {
        string listen = http.Text("listen") ?? "127.0.0.1:8080";
        http.RefuseUnknownKeys();
        if (listen == "off")
        {
            return null;
        }

        int colon = listen.LastIndexOf(':');
        if (colon > 0 && TryPort(listen[(colon + 1)..], out int port) && IsHttpHost(listen[..colon], out string host))
        {
            return new HttpAddress(host, port);
        }

        http.Fail("listen", $"\"{listen}\" is not an address; write HOST:PORT such as 127.0.0.1:8080 or [::1]:8080, *:8080 for all addresses, or off");
        return null;
    }

    private static bool IsHttpHost(string text, out string host)
    {
        host = text.StartsWith('[') && text.EndsWith(']') ? text[1..^1] : text;
        return host is "*" or "localhost" || IPAddress.TryParse(host, out _);
    }

    private static WriterOptions ReadWriters(SectionReader writers)
    {
        WriterOptions defaults = new();
        WriterOptions options = new()
        {
            Count = writers.Integer("count", defaults.Count, 1, 256),
            Batch = writers.Integer("batch", defaults.Batch, 1, 100_000),
            Queue = writers.Integer("queue", defaults.Queue, 1, 10_000_000),
            QueueBytes = writers.Size("queue_bytes", defaults.QueueBytes, 64 * 1024, 16L * 1024 * 1024 * 1024),
        };
        writers.RefuseUnknownKeys();
        return options;
    }

    private static List<TopicRoute> ReadRoutes(SectionReader root)
    {
        List<TopicRoute> routes = [];
        foreach (SectionReader item in root.Sections("routes"))
        {
            TopicRoute route = new()
            {
                Topic = item.RequiredText("topic", "\"sensors/{device}/{metric}\""),
                Device = item.Text("device"),
                Metric = item.Text("metric"),
                Unit = item.Text("unit"),
                Use = item.Choice("use", TopicUse.Both),
                Origin = item.Origin,
            };
            item.RefuseUnknownKeys();
            if (route.Topic.Length > 0 && TopicTemplate.Validate(route) is { } wrong)
            {
                item.Fail("topic", wrong);
            }

            routes.Add(route);
        }

        return routes;
    }

    private static List<SyncOptions> ReadSync(SectionReader root, string gatewayId)
    {
        SyncOptions defaults = new() { Name = "" };
        List<SyncOptions> sinks = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (SectionReader item in root.Sections("sync"))
        {
            SyncOptions sync = defaults with
            {
                Name = CheckName(item, "name", item.RequiredText("name", "cloud")),
                Batch = item.Integer("batch", defaults.Batch, 1, 100_000),
            };
            sync = item.Has("mqtt") ? ReadMqttSync(item, sync, gatewayId) : sync with
            {
                Postgres = item.RequiredText("postgres", "\"Host=db.example.com;Database=telemetry;Username=sluice\""),
            };
            item.RefuseUnknownKeys();
            if (sync.Name.Length > 0 && !names.Add(sync.Name))
            {
                item.Fail("name", $"\"{sync.Name}\" stands above already; the name tells the cursors apart, give each its own");
            }

            if (sync.Postgres is { } connection)
            {
                CheckConnectionString(item, connection);
            }

            sinks.Add(sync);
        }

        return sinks;
    }

    private static SyncOptions ReadMqttSync(SectionReader item, SyncOptions sync, string gatewayId)
    {
        SectionReader mqtt = item.Section("mqtt");
        string topic = mqtt.Text("topic") ?? $"telemetry/{gatewayId}";
        if (!MqttClientSection.IsTopic(topic) || topic.EndsWith('/'))
        {
            mqtt.Fail("topic", $"\"{topic}\" is not a topic name to which /DEVICE/METRIC can be added");
        }

        sync = sync with { Mqtt = MqttClientSection.ReadClient(mqtt, $"{gatewayId}-{sync.Name}"), Topic = topic };
        mqtt.RefuseUnknownKeys();
        return sync;
    }

    private static void CheckConnectionString(SectionReader item, string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        try
        {
            if (string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(text).Host))
            {
                item.Fail("postgres", "has no Host=; write for example \"Host=db.example.com;Database=telemetry;Username=sluice\"");
            }
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            item.Fail("postgres", $"not a connection string: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>A name that becomes part of keys and metrics: letters, digits, '-', '_' and '.', at most 64.</summary>
    internal static string CheckName(SectionReader section, string key, string name)
    {
        if (name.Length > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            section.Fail(key, $"\"{name}\" may hold letters, digits, '-', '_' and '.' only, 64 of them at most");
        }

        return name;
    }

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= 65535;

    private static string ReadFile(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason = e is FileNotFoundException or DirectoryNotFoundException
                ? "there is no such file; give an existing one with --config, or none for the demonstration"
                : Directory.Exists(file) ? "is a directory; name the file in it with --config"
                : $"cannot be read: {e.Message}";
            throw new ConfigurationException(new Origin(file, 0), reason);
        }
    }

    private static string ReadDemo()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("demo.yaml")
            ?? throw new InvalidOperationException("The program carries no demo.yaml.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
