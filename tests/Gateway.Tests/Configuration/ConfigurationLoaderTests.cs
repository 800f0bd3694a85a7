using System.Collections;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Sensors.Configuration;

namespace Sluice.Gateway.Tests.Configuration;

public sealed class ConfigurationLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-configuration-").FullName;

    [Fact]
    public void The_demonstration_is_valid_and_listens_on_this_machine_only()
    {
        GatewayOptions options = ConfigurationLoader.Load(null, []);
        Assert.Equal("demo", options.Id);
        Assert.Equal("127.0.0.1:8080", options.Http!.ToString());
        Assert.Equal(["tcp://127.0.0.1:1883"], options.Mqtt.Listen);
        Assert.Equal(4, options.Writers.Count);
        Assert.Equal(5, options.Sensors.Sensors.Count);
        Assert.All(options.Sensors.Sensors, sensor => Assert.True(sensor.IsSimulated || sensor.Kind.Name == "simulate"));
        Assert.Equal(Path.GetFullPath("data/gateway.db"), options.DatabasePath);
    }

    [Fact]
    public void The_contract_of_keys_is_understood()
    {
        GatewayOptions options = Load("""
            gateway: { id: plant-7, data: /var/lib/sluice }
            http:    { listen: "[::1]:9090" }
            mqtt:    { listen: [ "tcp://127.0.0.1:1883", "tcp://*:1884" ], max_packet: 64KiB }
            writers: { count: 8, queue_bytes: 1MiB }
            routes:  [ { topic: "sensors/{device}/{metric}" }, { topic: "weather/#", device: roof } ]
            sensors: [ { simulate: temperature, device: demo-1, every: 250ms } ]
            sync:    [ { name: cloud, postgres: "Host=db;Database=t;Username=u" } ]
            """);
        Assert.Equal("plant-7", options.Id);
        Assert.Equal("/var/lib/sluice/gateway.db", options.DatabasePath);
        Assert.Equal(("::1", 9090), (options.Http!.Host, options.Http.Port));
        Assert.Equal(["tcp://127.0.0.1:1883", "tcp://*:1884"], options.Mqtt.Listen);
        Assert.Equal(65536, options.Mqtt.MaximumPacketSizeBytes);
        Assert.Equal((8, 1L << 20), (options.Writers.Count, options.Writers.QueueBytes));
        Assert.Equal(["sensors/{device}/{metric}", "weather/#"], options.Routes.Select(route => route.Topic));
        Assert.Equal(TimeSpan.FromMilliseconds(250), options.Sensors.Sensors[0].Plan.Schedule.Period);
        Assert.Equal("cloud", options.Sync[0].Name);
    }

    [Fact]
    public void A_sensor_with_all_that_can_be_said_of_it()
    {
        SensorDefinition sensor = Load("""
            sensors:
              - kind: ads1115
                bus: /dev/i2c-1
                address: 0x49
                input: 0-1
                name: tank
                device: boiler-room
                metric: level
                cron: "*/5 * * * *"
                oversample: 4
                filter: median 5
                calibration: { voltage: { table: [[0.5, 0], [4.5, 250]], offset: -1.5, unit: cm } }
                deadband: 0.5
                heartbeat: 1h
                retries: 4
                stale: 20m
                burst: { metric: level, above: 200, before: 10s, after: 1m }
            """).Sensors.Sensors[0];
        Assert.Equal(("tank", "boiler-room", "/dev/i2c-1", 0x49), (sensor.Name, sensor.Device, sensor.Bus, sensor.Address));
        Assert.Equal("level", sensor.Plan.Names["voltage"]);
        Assert.Equal(123.5, sensor.Plan.Calibrations["voltage"].Apply(2.5));
        Assert.Equal("cm", sensor.Plan.Calibrations["voltage"].Unit);
        Assert.Equal((4, 0.5, TimeSpan.FromHours(1), 4), (sensor.Plan.Oversample, sensor.Plan.Deadband, sensor.Plan.Heartbeat, sensor.Plan.Retries));
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(20)), (sensor.Plan.Schedule.Period, sensor.Plan.Stale));
        Assert.Equal(("level", 200.0, TimeSpan.FromMinutes(1)), (sensor.Plan.Burst!.Metric, sensor.Plan.Burst.Above, sensor.Plan.Burst.After));
        Assert.Equal("tank.quality", sensor.QualityMetric);
    }

    [Theory]
    [InlineData("mqtt:\n  lissten: [ \"tcp://127.0.0.1:1\" ]", "2: mqtt.lissten: unknown key; did you mean \"listen\"?")]
    [InlineData("gatway: { id: a }", "1: gatway: unknown key; did you mean \"gateway\"?")]
    [InlineData("writers:\n  frobnicate: 3", "2: writers.frobnicate: unknown key; the keys here are count, batch, queue, queue_bytes")]
    [InlineData("writers: { count: many }", "1: writers.count: \"many\" is not a whole number from 1 to 256")]
    [InlineData("writers:\n  count: 0", "2: writers.count: \"0\" is not a whole number from 1 to 256")]
    [InlineData("writers: { queue_bytes: 12 parsecs }", "1: writers.queue_bytes: \"12 parsecs\" is not a size like")]
    [InlineData("writers: 4", "1: writers: must be a section of keys with values, not the text \"4\"")]
    [InlineData("http: { listen: nowhere }", "1: http.listen: \"nowhere\" is not an address; write HOST:PORT")]
    [InlineData("http: { listen: }", "1: http.listen: has no value; give it one or remove the key")]
    [InlineData("mqtt: { listen: [ \"127.0.0.1:1883\" ] }", "1: mqtt.listen: \"127.0.0.1:1883\" is not an endpoint: it does not begin with tcp://, tls://, ws://, wss:// or unix://; write tcp://HOST:PORT")]
    [InlineData("mqtt: { listen: [ \"tls://*:8883\" ] }", "1: mqtt.listen: \"tls://*:8883\" needs a certificate; add mqtt.tls")]
    [InlineData("mqtt: { tls: { certificate: a.pem } }", "1: mqtt.tls.key: is missing; add key: /etc/sluice/server.key")]
    [InlineData("mqtt: { tls: { certificate: a, key: b, client_certificate: required } }", "needs client_ca: FILE")]
    [InlineData("mqtt: { anonymous: maybe }", "1: mqtt.anonymous: \"maybe\" is not one of local, yes, no")]
    [InlineData("mqtt: { jwt: { issuer: x } }", "1: mqtt.jwt.keys: names no key; add keys: [ issuer.pem ]")]
    [InlineData("mqtt: { jwt: { secret: s, key: issuer.pem } }", "1: mqtt.jwt.key: unknown key; did you mean \"keys\"?")]
    [InlineData("mqtt: { jwt: { secret: s, clock_skew: 2h } }", "1: mqtt.jwt.clock_skew: 2h is outside of 0ms to 3600s")]
    [InlineData("mqtt: { access: [ { user: a } ] }", "mqtt.access[0].publish: allows nothing")]
    [InlineData("mqtt: { access: [ { publish: [ \"a/#/b\" ] } ] }", "\"a/#/b\" is not a topic filter")]
    [InlineData("mqtt:\n  access:\n    - { user: a, publsh: [ \"a/#\" ] }", "3: mqtt.access[0].publsh: unknown key; did you mean \"publish\"?")]
    [InlineData("mqtt: { access: [ { usr: a } ] }", "1: mqtt.access[0].usr: unknown key; did you mean \"user\"?")]
    [InlineData("mqtt: { access: [ { publish: [ { a: b } ] } ] }", "1: mqtt.access[0].publish: must be a list of texts, but holds a section")]
    [InlineData("mqtt:\n  access:\n  - publish:\n    - a/%u\n    - a/%x/#", "5: mqtt.access[0].publish: \"a/%x/#\": %x stands for nothing; %u is the user's name and %c the client identifier")]
    [InlineData("mqtt: { origins: [ foo ] }", "1: mqtt.origins: \"foo\" is not an origin as browsers send it; write https://dash.example.com")]
    [InlineData("mqtt: { origins: [ \"localhost:3000\" ] }", "1: mqtt.origins: \"localhost:3000\" is not an origin")]
    [InlineData("mqtt: { origins: [ \"https://a.example/dash\" ] }", "1: mqtt.origins: \"https://a.example/dash\" is not an origin")]
    [InlineData("mqtt: { origins: [ \"https://a.example:443\" ] }", "1: mqtt.origins: \"https://a.example:443\" is not an origin")]
    [InlineData("mqtt:\n  listen:\n  - tcp://127.0.0.1:1883\n  - tcp://127.0.0.1:1883", "4: mqtt.listen: \"tcp://127.0.0.1:1883\" stands here twice; remove one")]
    [InlineData("mqtt: { listen: [ \"tcp://*:1883\", \"ws://127.0.0.1:1883\" ] }", "1: mqtt.listen: \"ws://127.0.0.1:1883\" is taken by \"tcp://*:1883\" before it")]
    [InlineData("mqtt: { listen: [ \"tcp://0.0.0.0:1883\", \"tcp://localhost:1883\" ] }", "1: mqtt.listen: \"tcp://localhost:1883\" is taken by")]
    [InlineData("mqtt: { listen: [ \"unix:///a/b\", \"unix:///a/b?proxy\" ] }", "1: mqtt.listen: \"unix:///a/b?proxy\" is taken by")]
    [InlineData("mqtt: { listen: [ \"tcp://127.0.0.1:1883\", \"ws://*:8080\" ] }", "http.listen: 127.0.0.1:8080 is taken by \"ws://*:8080\" of mqtt.listen; give one of them another port")]
    [InlineData("gateway: { id: x }\nhttp: { listen: \"*:1883\" }", "2: http.listen: *:1883 is taken by \"tcp://127.0.0.1:1883\" of mqtt.listen")]
    [InlineData("mqtt: { ban: { after: -1 } }", "mqtt.ban.after: \"-1\" is not a whole number from 0")]
    [InlineData("mqtt: { listen: [ \"tcp://127.0.0.1:99999\" ] }", "1: mqtt.listen: \"tcp://127.0.0.1:99999\" is not an endpoint")]
    [InlineData("routes:\n  - { topic: \"a/{device}/{metric}\" }\n  - { topic: \"b/{metric}\" }", "3: routes[1].topic: names no device")]
    [InlineData("routes: [ { device: x } ]", "1: routes[0].topic: is missing; add topic: \"sensors/{device}/{metric}\"")]
    [InlineData("routes: [ { topic: \"a/dev-{device}\" } ]", "1: routes[0].topic: \"dev-{device}\": a placeholder or wildcard must fill the whole level")]
    [InlineData("routes: [ { topic: \"#/{device}\" } ]", "1: routes[0].topic: \"#\" takes the rest of a topic")]
    [InlineData("sensors: [ { simulate: temprature, device: d } ]", "1: sensors[0].simulate: \"temprature\" cannot be simulated; did you mean \"temperature\"? It is one of temperature, humidity, pressure, vibration, counter")]
    [InlineData("sensors: [ { simulate: counter, device: d, every: soon } ]", "1: sensors[0].every: \"soon\" is not a duration like")]
    [InlineData("sensors: [ { simulate: counter, device: d, every: 0s } ]", "1: sensors[0].every: 0s is outside of 1ms to 1d")]
    [InlineData("sensors: [ { simulate: counter, device: a/b } ]", "1: sensors[0].device: \"a/b\" may not hold '/'")]
    [InlineData("sensors: [ { device: d } ]", "1: sensors[0].kind: is missing; add kind: bme280 (or simulate: temperature)")]
    [InlineData("sensors: [ { kind: bme208, bus: /dev/i2c-1, device: d } ]", "1: sensors[0].kind: \"bme208\" is no kind of sensor; did you mean \"bme280\"?")]
    [InlineData("sensors: [ { kind: bme280, device: d } ]", "1: sensors[0].bus: is missing; add bus: /dev/i2c-1")]
    [InlineData("sensors: [ { kind: bme280, bus: i2c-1, device: d } ]", "1: sensors[0].bus: \"i2c-1\" is no device such as /dev/i2c-1")]
    [InlineData("sensors: [ { kind: bme280, bus: /dev/i2c-1, address: 0x40, device: d } ]", "1: sensors[0].address: 0x40 is no address of a bme280; it has one of 0x76, 0x77")]
    [InlineData("sensors: [ { kind: bme280, bus: /dev/i2c-1, oversamplng: 4, device: d } ]", "1: sensors[0].oversamplng: unknown key; did you mean \"oversampling\"?")]
    [InlineData("sensors: [ { kind: scd4x, bus: /dev/i2c-1, every: 1s, device: d } ]", "1: sensors[0].every: 1s is outside of 5s to 1d")]
    [InlineData("sensors: [ { kind: ads1115, bus: /dev/i2c-1, range: 5, device: d } ]", "1: sensors[0].range: \"5\" is none of")]
    [InlineData("sensors: [ { kind: bme280, bus: /dev/i2c-1, cron: \"61 * * * *\", device: d } ]", "1: sensors[0].cron: \"61\" is no minute")]
    [InlineData("sensors: [ { kind: bme280, bus: /dev/i2c-1, filter: average, device: d } ]", "1: sensors[0].filter: \"average\" is no filter")]
    [InlineData("sensors: [ { kind: bme280, bus: /dev/i2c-1, metric: m, device: d } ]", "1: sensors[0].metric: a bme280 has several metrics; rename them with metrics: { temperature: m }")]
    [InlineData("sensors: [ { kind: bme280, bus: /dev/i2c-1, device: d, calibration: { temprature: { offset: 1 } } } ]", "1: sensors[0].calibration.temprature: a bme280 does not measure \"temprature\"; did you mean \"temperature\"? It measures temperature, humidity, pressure")]
    [InlineData("sensors: [ { kind: bmp280, bus: /dev/i2c-1, device: d, metrics: { humidity: rh } } ]", "1: sensors[0].metrics.humidity: a bmp280 does not measure \"humidity\"")]
    [InlineData("sensors: [ { kind: pcf8574, bus: /dev/i2c-1, pins: 0-3, device: d, metrics: { pin4: x } } ]", "1: sensors[0].metrics.pin4: a pcf8574 does not measure \"pin4\"")]
    [InlineData("sensors: [ { simulate: vibration, device: d, metric: v, burst: { metric: vibration, above: 1 } } ]", "1: sensors[0].burst.metric: a simulate does not measure \"vibration\"; it measures v")]
    [InlineData("sensors: [ { kind: bme280, bus: /dev/i2c-1, device: d, name: a }, { kind: bme280, bus: /dev/i2c-1, address: 0x77, device: d, name: b } ]", "1: sensors[1].device: a gives temperature, humidity, pressure of d already; give this one another device, or its metrics other names")]
    [InlineData("sensors: [ { kind: bme280, bus: /dev/i2c-1, device: d }, { simulate: counter, device: d, metric: pressure } ]", "1: sensors[1].metric: d/bme280 gives pressure of d already")]
    [InlineData("sensors: [ { kind: bme280, bus: /dev/i2c-1, device: d, metrics: { temperature: x, humidity: x } } ]", "1: sensors[0].metrics: d/bme280 gives x of d already")]
    [InlineData("sensors: [ { kind: gpio-input, bus: c, line: 1, device: a }, { kind: gpio-input, bus: c, line: 1, device: b } ]", "1: sensors[1].line: a/gpio-input has line 1 of c already")]
    [InlineData("sensors: [ { kind: hx711, bus: simulated, clock: 3, data: 4, device: a }, { kind: gpio-input, bus: simulated, line: GPIO4, device: b } ]", "1: sensors[1].line: a/hx711 has line GPIO4 of simulated already")]
    [InlineData("{ sensors: [ { kind: gpio-input, bus: c, line: 1, device: a } ], actuators: [ { name: p, bus: c, line: 1 } ] }", "1: actuators[0].line: a/gpio-input has line 1 of c already")]
    [InlineData("actuators: [ { name: up, bus: c, line: 1, interlock: down }, { name: down, bus: c, line: 2, safe: on } ]", "1: actuators[1].safe: \"down\" is interlocked with \"up\": two of which only one may be on are safe when they are off")]
    [InlineData("actuators: [ { name: v, kind: modbus-tcp, bus: \"h:1\" } ]", "1: actuators[0].coil: is missing, and register is, too; add coil: 0 or register: 0")]
    [InlineData("actuators: [ { name: v, kind: modbus-rtu, bus: t, register: 3, on: 0 } ]", "1: actuators[0].on: is 0, as off is")]
    [InlineData("actuators: [ { name: v, kind: modbus-tcp, bus: \"h:x\", coil: 3 } ]", "1: actuators[0].bus: \"h:x\" is no HOST:PORT")]
    [InlineData("actuators: [ { name: v, kind: modbus-tcp, bus: h, coil: 3 }, { name: w, kind: modbus-tcp, bus: h, coil: 3 } ]", "1: actuators[1].coil: v has coil 3 of unit 255 of h already")]
    [InlineData("sensors: [ { kind: gpio-input, bus: simulated, line: 1, device: d, faults: { nack: 0.1 } } ]", "1: sensors[0].faults.nack: unknown key; the keys here are glitch")]
    [InlineData("sensors: [ { kind: ds18b20, device: d } ]", "1: sensors[0].id: is missing; add id: 28-0316a2794d1f")]
    [InlineData("actuators: [ { name: a, bus: g, line: 1, interlock: [ b ] } ]", "1: actuators[0].interlock: there is no actuator \"b\"")]
    [InlineData("gateway: { id: x }\nmqtt: { listen: [] }", "2: mqtt.listen: names no endpoint")]
    [InlineData("mqtt:\n  listen:", "2: mqtt.listen: names no endpoint")]
    [InlineData("sync: [ { name: a, postgres: \"Hots=x\" } ]", "1: sync[0].postgres: not a connection string")]
    [InlineData("sync: [ { name: a, postgres: \"Database=x\" } ]", "1: sync[0].postgres: has no Host=")]
    [InlineData("sync: [ { name: \"a b\", postgres: \"Host=x\" } ]", "1: sync[0].name: \"a b\" may hold letters, digits")]
    [InlineData("http: { listen: 127.0.0.1:1 }\nhttp: { listen: 127.0.0.1:2 }", "2: http: stands here a second time, first in line 1; keep one")]
    [InlineData("gateway: { id: &x demo }", "1: anchors and aliases")]
    [InlineData("gateway: { id: demo", "not valid YAML")]
    [InlineData("gateway:\n\tid: demo", "2: not valid YAML")]
    [InlineData("--- {}\n---\n{}", "2: a second YAML document begins here")]
    [InlineData("- a", "1: the configuration must be a section")]
    public void What_is_wrong_is_named_with_file_line_and_key(string yaml, string expected)
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => Load(yaml));
        string error = Assert.Single(e.Errors);
        Assert.StartsWith(Path.Combine(_folder, "sluice.yaml:"), error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("listen: [ \"tcp://127.0.0.1:0\", \"tcp://127.0.0.1:0\" ]")]
    [InlineData("listen: [ \"tcp://127.0.0.1:1883\", \"tcp://127.0.0.2:1883\", \"tcp://[::1]:1883\", \"tcp://127.0.0.1:1884\" ]")]
    [InlineData("listen: [ \"tcp://0.0.0.0:1883\", \"tcp://[::1]:1883\", \"unix:///a/b\", \"unix:///a/c\" ]")]
    [InlineData("origins: [ \"*\", \"null\", \"https://a.example\", \"http://A.example:8000/\", \"capacitor://localhost\" ]")]
    [InlineData("access: [ { publish: [ \"a/%u/%c\", \"rh/%\", \"100%/x\" ] } ]")]
    public void What_is_unusual_and_right_is_taken(string keys) => Load($"mqtt: {{ {keys} }}");

    [Fact]
    public void All_errors_are_reported_at_once()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => Load("writers: { count: x }\nhttp: { lisen: y }\nsync: [ {} ]"));
        Assert.Equal(4, e.Errors.Count);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => ConfigurationLoader.Load("/nowhere/sluice.yaml", []));
        Assert.StartsWith("/nowhere/sluice.yaml: there is no such file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_in_the_place_of_the_file_is_named()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => ConfigurationLoader.Load(_folder, []));
        Assert.Equal($"{_folder}: is a directory; name the file in it with --config", e.Message);
    }

    [Fact]
    public void Environment_variables_win_over_the_file_and_options_over_both()
    {
        IReadOnlyList<Override> environment = Override.FromEnvironment(new Hashtable
        {
            ["SLUICE_GATEWAY__ID"] = "from-variable",
            ["SLUICE_WRITERS__COUNT"] = "2",
            ["SLUICE_MQTT__LISTEN"] = "[ \"tcp://127.0.0.1:1\", \"tcp://127.0.0.1:2\" ]",
            ["SLUICE_SYNC__0__POSTGRES"] = "Host=x;Password=a # b: [c",
            ["SLUICE_CONFIG"] = "/etc/sluice/sluice.yaml",
            ["PATH"] = "/bin",
        });
        GatewayOptions options = Load(
            "gateway: { id: from-file }\nwriters: { count: 1, batch: 5 }\nsync: [ { name: a, postgres: \"Host=file\" } ]",
            [.. environment, Override.FromOption("writers.count=3"), Override.FromOption("sync.1.name=b"), Override.FromOption("sync.1.postgres=Host=y")]);
        Assert.Equal("from-variable", options.Id);
        Assert.Equal((3, 5), (options.Writers.Count, options.Writers.Batch));
        Assert.Equal(["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"], options.Mqtt.Listen);
        Assert.Equal(["Host=x;Password=a # b: [c", "Host=y"], options.Sync.Select(sync => sync.Postgres));
    }

    [Theory]
    [InlineData("SLUICE_WRITERS__COUNT", "none", "environment variable SLUICE_WRITERS__COUNT: writers.count: \"none\" is not a whole number from 1 to 256")]
    [InlineData("SLUICE_WRITERS__CUONT", "4", "environment variable SLUICE_WRITERS__CUONT: writers.cuont: unknown key; did you mean \"count\"?")]
    [InlineData("SLUICE_GATWAY__ID", "4", "environment variable SLUICE_GATWAY__ID: gatway: unknown key; did you mean \"gateway\"?")]
    [InlineData("SLUICE_SYNC__3__NAME", "x", "environment variable SLUICE_SYNC__3__NAME: sync has 0 items; the next is number 0")]
    [InlineData("SLUICE_MQTT__LISTEN", "[ a", "environment variable SLUICE_MQTT__LISTEN: not valid YAML")]
    public void A_wrong_variable_is_named(string name, string value, string expected)
    {
        IReadOnlyList<Override> environment = Override.FromEnvironment(new Hashtable { [name] = value });
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => Load("", environment));
        Assert.StartsWith(expected, Assert.Single(e.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1s", 1_000)]
    [InlineData("250ms", 250)]
    [InlineData("1.5m", 90_000)]
    [InlineData("2 h", 7_200_000)]
    [InlineData("1d", 86_400_000)]
    public void Durations_have_units(string text, double milliseconds)
    {
        Assert.True(Units.TryDuration(text, out TimeSpan duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("1 fortnight")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1S")]
    public void Durations_without_a_known_unit_are_refused(string text) => Assert.False(Units.TryDuration(text, out _));

    [Theory]
    [InlineData("65536", 65536)]
    [InlineData("64KiB", 65536)]
    [InlineData("64 MiB", 67108864)]
    [InlineData("1kb", 1000)]
    [InlineData("1.5GiB", 1610612736)]
    public void Sizes_have_units(string text, long bytes)
    {
        Assert.True(Units.TrySize(text, out long size));
        Assert.Equal(bytes, size);
    }

    [Fact]
    public void The_reference_is_valid_and_shows_the_defaults()
    {
        string reference = Path.Combine(RepositoryRoot.Path, "configs", "reference.yaml");
        GatewayOptions shown = ConfigurationLoader.Load(reference, []);
        GatewayOptions defaults = Load("");
        Assert.Equal(defaults.Writers, shown.Writers);
        Assert.Equal(defaults.Http, shown.Http);
        // What has no default is shown by example.
        SecurityOptions security = shown.Mqtt.Security;
        MqttOptions expected = defaults.Mqtt with
        {
            Listen = shown.Mqtt.Listen,
            Tls = shown.Mqtt.Tls,
            Origins = shown.Mqtt.Origins,
            Security = defaults.Mqtt.Security with { UsersFile = security.UsersFile, Tokens = security.Tokens, Access = security.Access },
        };
        Assert.Equal(expected, shown.Mqtt);
        Assert.Equal(defaults.Mqtt.Listen, shown.Mqtt.Listen);
        Assert.Equal(3, security.Access.Count);
        TokenOptions tokens = security.Tokens!;
        Assert.Equal(("sub", TimeSpan.FromMinutes(1)), (tokens.UserClaim, tokens.ClockSkew));
        Assert.Equal(["https://login.example.com", "sluice"], tokens.Issuers.Concat(tokens.Audiences));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private GatewayOptions Load(string yaml, IReadOnlyList<Override>? overrides = null)
    {
        string file = Path.Combine(_folder, "sluice.yaml");
        File.WriteAllText(file, yaml);
        return ConfigurationLoader.Load(file, overrides ?? []);
    }
}
