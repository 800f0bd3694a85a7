using Sluice.Gateway.Configuration;
using Xunit.Abstractions;

namespace Sluice.Gateway.Tests.Configuration;

public sealed class YamlReaderTests(ITestOutputHelper output)
{
    /// <summary>Something of all that a configuration has: sections and lists of both styles, quotes, blocks, comments.</summary>
    private const string Sample = """
        # A plant's gateway.
        gateway: { id: plant-7, data: "/var/lib/sluice" }
        mqtt:
          listen: [ "tcp://127.0.0.1:1883", 'tcp://*:1884' ]
          anonymous: no
          access:
            - user: "*"
              publish: [ "sensors/%u/#" ]
            - { user: dashboard, subscribe: [ "#" ] }
        routes:
        - topic: sensors/{device}/{metric}
        sensors:
          - kind: bme280
            bus: /dev/i2c-1
            calibration: { temperature: { table: [[0.5, 0], [4.5, 250]] } }
        sync:
          - name: cloud
            postgres: >-
              Host=db;Database=t;
              Username=u
        http:
          listen: |
            off

        """;

    private const string Special = "[]{}:,-#&*!|>'\"%@`?~\\\t\n \0x\u0085\ud800\ufeff";

    [Theory]
    [InlineData("mqtt:\n  listen: [ \"tcp://127.0.0.1:1883\"\n  anonymous: no\n")]
    [InlineData("mqtt: { listen: [ a\n")]
    [InlineData("a: \"b\n")]
    [InlineData("a: b\n c: d\n: :")]
    public void Bad_text_is_told_with_its_line(string text)
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => YamlReader.Read(text, "m1.yaml"));
        output.WriteLine(e.Message);
        Assert.Matches("^m1[.]yaml:[1-9]: not valid YAML: .*check .*(quotes|indentation)", e.Message);
    }

    [Fact]
    public void Text_that_was_cut_anywhere_is_read_or_refused()
    {
        Assert.IsType<SectionNode>(YamlReader.Read(Sample, "sample"));
        int refused = 0;
        for (int length = 0; length < Sample.Length; length++)
        {
            refused += IsRefused(Sample[..length]) ? 1 : 0;
            refused += IsRefused(Sample[length..]) ? 1 : 0;
        }

        Assert.True(refused > 100, $"{refused} were refused");
    }

    [Fact]
    public void Text_that_was_changed_anywhere_is_read_or_refused()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        int refused = 0;
        for (int at = 0; at < Sample.Length; at++)
        {
            char other = Special[random.Next(Special.Length)];
            string[] changed =
            [
                Sample.Remove(at, 1),
                Sample.Insert(at, $"{other}"),
                Sample.Remove(at, 1).Insert(at, $"{other}"),
                Sample.Remove(at, Math.Min(random.Next(1, 40), Sample.Length - at)),
                Sample.Insert(at, Sample.Substring(random.Next(Sample.Length - 20), 20)),
            ];
            refused += changed.Count(IsRefused);
        }

        Assert.True(refused > 100, $"{refused} were refused");
    }

    /// <summary>Fails with the text when something else than a refusal comes out.</summary>
    private static bool IsRefused(string text)
    {
        Exception? e = Record.Exception(() => YamlReader.Read(text, "sample"));
        Assert.True(e is null or ConfigurationException, $"{e}\nof:\n{text}");
        Assert.True(e is null || e.Message.StartsWith("sample:", StringComparison.Ordinal), $"{e?.Message}\nof:\n{text}");
        return e is not null;
    }
}
