using Sluice.Engine;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Protocol;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Gateway.Mqtt.Transport;

namespace Sluice.Gateway.Configuration;

/// <summary>Reads <c>mqtt</c>: where the broker listens, whom it lets in, what it bounds.</summary>
internal static class MqttSection
{
    public static MqttOptions Read(SectionReader mqtt)
    {
        MqttOptions defaults = new();
        TlsOptions? tls = ReadTls(mqtt);
        MqttOptions options = defaults with
        {
            Listen = ReadListen(mqtt, defaults.Listen[0], tls),
            Tls = tls,
            Security = new SecurityOptions
            {
                Anonymous = ReadAnonymous(mqtt),
                UsersFile = mqtt.Text("users") is { } users ? Path.GetFullPath(users) : null,
                Tokens = ReadTokens(mqtt),
                Access = [.. mqtt.Sections("access").Select(ReadRule)],
                Ban = ReadBan(mqtt.Section("ban")),
            },
            Origins = ReadOrigins(mqtt),
            MaximumConnections = mqtt.Integer("max_connections", defaults.MaximumConnections, 1, 1_000_000),
            MaximumConnectionsPerAddress = mqtt.Integer("max_connections_per_address", defaults.MaximumConnectionsPerAddress, 0, 1_000_000),
            MaximumMessagesPerSecond = mqtt.Integer("max_client_messages", defaults.MaximumMessagesPerSecond, 0, 10_000_000),
            MaximumBytesPerSecond = mqtt.Size("max_client_bytes", defaults.MaximumBytesPerSecond, 0, 16L * 1024 * 1024 * 1024),
            MaximumMessagesPerSecondInAll = mqtt.Integer("max_messages", defaults.MaximumMessagesPerSecondInAll, 0, 100_000_000),
            MaximumPacketSizeBytes = (int)mqtt.Size("max_packet", defaults.MaximumPacketSizeBytes, 1024, 256 * 1024 * 1024),
            MaximumUnfinishedBytes = mqtt.Size("max_unfinished_bytes", defaults.MaximumUnfinishedBytes, 1024, 1024L * 1024 * 1024 * 1024),
            PacketTimeout = mqtt.Duration("packet_timeout", defaults.PacketTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            ReceiveMaximum = mqtt.Integer("receive_maximum", defaults.ReceiveMaximum, 1, 65535),
            MaximumQueuedMessages = mqtt.Integer("max_queued", defaults.MaximumQueuedMessages, 1, 10_000_000),
            MaximumQueuedBytes = mqtt.Size("max_queued_bytes", defaults.MaximumQueuedBytes, 1024, 1024L * 1024 * 1024 * 1024),
            MaximumQueuedBytesInAll = mqtt.Size("max_queued_bytes_in_all", defaults.MaximumQueuedBytesInAll, 1024, 1024L * 1024 * 1024 * 1024),
            SystemInterval = mqtt.Duration("sys_interval", defaults.SystemInterval, TimeSpan.Zero, TimeSpan.FromDays(1)),
            MaximumRetainedMessages = mqtt.Integer("max_retained", defaults.MaximumRetainedMessages, 0, 10_000_000),
            MaximumRetainedBytes = mqtt.Size("max_retained_bytes", defaults.MaximumRetainedBytes, 0, 1024L * 1024 * 1024 * 1024),
            MaximumSessions = mqtt.Integer("max_sessions", defaults.MaximumSessions, 1, 10_000_000),
            MaximumSessionExpiry = mqtt.Duration("max_session_expiry", defaults.MaximumSessionExpiry, TimeSpan.Zero, TimeSpan.FromDays(36500)),
        };
        mqtt.RefuseUnknownKeys();
        return options;
    }

    private static List<string> ReadListen(SectionReader mqtt, string otherwise, TlsOptions? tls)
    {
        IReadOnlyList<(string Text, Origin Origin)> texts = mqtt.Texts("listen") ?? [(otherwise, mqtt.Origin)];
        if (texts.Count == 0)
        {
            mqtt.Fail("listen", "names no endpoint; write one such as tcp://127.0.0.1:1883, or remove the key");
        }

        List<ListenAddress> listen = [];
        foreach ((string text, Origin origin) in texts)
        {
            try
            {
                ListenAddress address = ListenAddress.Parse(text);
                if (address.IsEncrypted && tls is null)
                {
                    mqtt.Fail("listen", origin, $"\"{text}\" needs a certificate; add mqtt.tls: {{ certificate: server.pem, key: server.key }}");
                }

                if (listen.Find(address.Overlaps) is { } other)
                {
                    mqtt.Fail("listen", origin, other.Text == text
                        ? $"\"{text}\" stands here twice; remove one"
                        : $"\"{text}\" is taken by \"{other.Text}\" before it; remove one of them or give it another port");
                }

                listen.Add(address);
            }
            catch (SluiceException e)
            {
                mqtt.Fail("listen", origin, $"\"{text}\" is not an endpoint{e.Message[e.Message.LastIndexOf(": ", StringComparison.Ordinal)..]}; "
                    + "write tcp://HOST:PORT such as tcp://127.0.0.1:1883, or tcp://*:1883 for all addresses");
            }
        }

        return [.. listen.Select(address => address.Text)];
    }

    private static List<string> ReadOrigins(SectionReader mqtt)
    {
        List<string> origins = [];
        foreach ((string text, Origin origin) in mqtt.Texts("origins") ?? [])
        {
            if (!WebSocketHandshake.IsOrigin(text))
            {
                mqtt.Fail("origins", origin, $"\"{text}\" is not an origin as browsers send it; write https://dash.example.com or http://HOST:PORT, without a path and without a default port, or \"*\" for all");
            }

            origins.Add(text);
        }

        return origins;
    }

    private static TlsOptions? ReadTls(SectionReader mqtt)
    {
        SectionReader tls = mqtt.Section("tls");
        if (!mqtt.Has("tls"))
        {
            return null;
        }

        string? authorities = tls.Text("client_ca");
        ClientCertificates asked = tls.Choice("client_certificate", authorities is null ? ClientCertificates.Off : ClientCertificates.Required);
        if (asked != ClientCertificates.Off && authorities is null)
        {
            tls.Fail("client_certificate", "needs client_ca: FILE, the authorities whose certificates are believed");
        }

        TlsOptions options = new()
        {
            Certificate = ReadPath(tls.RequiredText("certificate", "/etc/sluice/server.pem")),
            Key = ReadPath(tls.RequiredText("key", "/etc/sluice/server.key")),
            ClientCertificates = asked,
            ClientAuthorities = authorities is null ? null : ReadPath(authorities),
        };
        tls.RefuseUnknownKeys();
        return options;
    }

    private static string ReadPath(string text) => text.Length == 0 ? "" : Path.GetFullPath(text);

    private static AnonymousAccess ReadAnonymous(SectionReader mqtt) => mqtt.Choice("anonymous", AnonymousAccess.Local);

    private static TokenOptions? ReadTokens(SectionReader mqtt)
    {
        SectionReader jwt = mqtt.Section("jwt");
        if (!mqtt.Has("jwt"))
        {
            return null;
        }

        TokenOptions defaults = new();
        TokenOptions options = new()
        {
            Keys = [.. (jwt.Texts("keys") ?? []).Select(path => ReadPath(path.Text))],
            Secret = jwt.Text("secret") is { } secret ? ReadPath(secret) : null,
            Issuers = [.. (jwt.Texts("issuer") ?? []).Select(issuer => issuer.Text)],
            Audiences = [.. (jwt.Texts("audience") ?? []).Select(audience => audience.Text)],
            UserClaim = jwt.Text("user") ?? defaults.UserClaim,
            AccessClaim = jwt.Text("access"),
            ClockSkew = jwt.Duration("clock_skew", defaults.ClockSkew, TimeSpan.Zero, TimeSpan.FromHours(1)),
        };
        if (options.Keys.Count == 0 && options.Secret is null)
        {
            jwt.Fail("keys", "names no key; add keys: [ issuer.pem ] (public keys in PEM, or a JSON Web Key Set), or secret: FILE");
        }

        jwt.RefuseUnknownKeys();
        return options;
    }

    private static AccessRule ReadRule(SectionReader item)
    {
        AccessRule rule = new()
        {
            User = item.Text("user"),
            Client = item.Text("client"),
            Publish = ReadFilters(item, "publish"),
            Subscribe = ReadFilters(item, "subscribe"),
        };
        // A key that is misspelt may be the one that allows something.
        if (item.RefuseUnknownKeys() && item.IsEmpty("publish") && item.IsEmpty("subscribe"))
        {
            item.Fail("publish", "allows nothing; add publish: [ \"sensors/#\" ] or subscribe: [ \"#\" ], or remove the rule");
        }

        return rule;
    }

    private static List<string> ReadFilters(SectionReader item, string key)
    {
        List<string> filters = [];
        foreach ((string filter, Origin origin) in item.Texts(key) ?? [])
        {
            if (ClientAccess.FindUnknownMark(filter) is { } mark)
            {
                item.Fail(key, origin, $"\"{filter}\": {mark} stands for nothing; %u is the user's name and %c the client identifier");
            }

            try
            {
                TopicRules.ValidateFilter(filter);
                filters.Add(filter);
            }
            catch (MqttProtocolException e)
            {
                item.Fail(key, origin, $"\"{filter}\" is not a topic filter: {e.Message}");
            }
        }

        return filters;
    }

    private static BanOptions ReadBan(SectionReader ban)
    {
        BanOptions defaults = new();
        BanOptions options = new()
        {
            After = ban.Integer("after", defaults.After, 0, 1_000_000),
            Within = ban.Duration("within", defaults.Within, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            For = ban.Duration("for", defaults.For, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)),
        };
        ban.RefuseUnknownKeys();
        return options;
    }
}
