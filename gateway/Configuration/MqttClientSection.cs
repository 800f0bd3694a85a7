using Sluice.Gateway.Mqtt.Client;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Configuration;

/// <summary>Reads how the gateway connects to other brokers, for <c>mqtt.subscribe</c> and for upstreams of that kind.</summary>
internal static class MqttClientSection
{
    /// <summary>Reads <c>mqtt.subscribe</c>.</summary>
    public static List<MqttSourceOptions> ReadSources(SectionReader mqtt, string gatewayId)
    {
        List<MqttSourceOptions> sources = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (SectionReader item in mqtt.Sections("subscribe"))
        {
            string name = ConfigurationLoader.CheckName(item, "name", item.RequiredText("name", "plant"));
            if (name.Length > 0 && !names.Add(name))
            {
                item.Fail("name", $"\"{name}\" stands above already; give each its own");
            }

            MqttSourceOptions source = new()
            {
                Name = name,
                Client = ReadClient(item, $"{gatewayId}-{name}"),
                Topics = ReadTopics(item),
                QualityOfService = (QualityOfService)item.Integer("qos", (int)QualityOfService.AtLeastOnce, 0, 2),
            };
            item.RefuseUnknownKeys();
            sources.Add(source);
        }

        return sources;
    }

    /// <summary>Reads the keys of a client; those of its use are the caller's.</summary>
    public static MqttClientOptions ReadClient(SectionReader item, string clientId)
    {
        MqttClientOptions defaults = new() { Servers = [], ClientId = clientId };
        MqttClientOptions options = defaults with
        {
            Servers = ReadServers(item),
            ClientId = item.Text("client_id") ?? clientId,
            User = item.Text("user"),
            Password = item.Text("password"),
            Authorities = ReadPath(item, "ca"),
            Certificate = ReadPath(item, "certificate"),
            Key = ReadPath(item, "key"),
            Version = item.Text("version") == "3.1.1" ? ProtocolVersion.Mqtt311 : ProtocolVersion.Mqtt50,
            KeepAliveSeconds = (ushort)item.Duration("keep_alive", TimeSpan.FromSeconds(defaults.KeepAliveSeconds), TimeSpan.FromSeconds(2), TimeSpan.FromHours(18)).TotalSeconds,
            StateTopic = item.Text("state"),
        };
        if (item.Text("version") is { } version and not ("5" or "5.0" or "3.1.1"))
        {
            item.Fail("version", $"\"{version}\" is neither 5 nor 3.1.1");
        }

        if ((options.Certificate is null) != (options.Key is null))
        {
            item.Fail("certificate", "goes with key: FILE, both or none");
        }

        if (options.StateTopic is { } topic && !IsTopic(topic))
        {
            item.Fail("state", $"\"{topic}\" is not a topic name");
        }

        return options;
    }

    /// <summary>True for a topic name.</summary>
    public static bool IsTopic(string text)
    {
        try
        {
            TopicRules.ValidateName(System.Text.Encoding.UTF8.GetBytes(text), "topic name");
            return true;
        }
        catch (MqttProtocolException)
        {
            return false;
        }
    }

    private static List<MqttServer> ReadServers(SectionReader item)
    {
        List<MqttServer> servers = [];
        foreach ((string text, Origin _) in item.Texts("servers") ?? [])
        {
            if (MqttServer.Parse(text) is { } server)
            {
                servers.Add(server);
            }
            else
            {
                item.Fail("servers", $"\"{text}\" is not a broker; write mqtt://HOST:1883, or mqtts://HOST:8883 for TLS");
            }
        }

        if (item.IsEmpty("servers"))
        {
            item.Fail("servers", "names no broker; add servers: [ \"mqtts://broker.example.com:8883\" ]");
        }

        return servers;
    }

    private static List<string> ReadTopics(SectionReader item)
    {
        List<string> topics = [];
        foreach ((string filter, Origin _) in item.Texts("topics") ?? [])
        {
            try
            {
                TopicRules.ValidateFilter(filter);
                topics.Add(filter);
            }
            catch (MqttProtocolException e)
            {
                item.Fail("topics", $"\"{filter}\" is not a topic filter: {e.Message}");
            }
        }

        if (item.IsEmpty("topics"))
        {
            item.Fail("topics", "names no topic filter; add topics: [ \"sensors/#\" ]");
        }

        return topics;
    }

    private static string? ReadPath(SectionReader item, string key) => item.Text(key) is { Length: > 0 } text ? Path.GetFullPath(text) : null;
}
