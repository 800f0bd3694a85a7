using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>
/// <c>Statements/5.0.tsv</c> and <c>3.1.1.tsv</c> have a line for each numbered statement of the specifications (their appendices B): its number, what it asks, the tests that
/// show it, and where there are none, why. <c>exchanges.txt</c> has those that bytes show.
/// </summary>
public class StatementTests
{
    private static readonly string s_folder = Path.Combine(RepositoryRoot.Path, "tests", "Gateway.Tests", "Mqtt", "Statements");

    [Theory]
    [InlineData("5.0", 251)]
    [InlineData("3.1.1", 141)]
    public void Each_statement_has_a_test_that_exists_or_a_reason(string version, int statements)
    {
        string tests = Path.Combine(RepositoryRoot.Path, "tests");
        HashSet<string> names = [];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(tests, "Gateway.Tests", "Mqtt"), "*.cs").Concat(Directory.EnumerateFiles(Path.Combine(tests, "EndToEnd"), "*.cs")))
            names.UnionWith(Regex.Matches(File.ReadAllText(file), @"public (?:async Task|void) (\w+)\(").Select(match => match.Groups[1].Value));
        string level = version == "5.0" ? "5" : "4";
        HashSet<string> shown =
            [.. Lines().Select(line => line.Split('|')).Where(parts => parts[0].Trim() == level).SelectMany(parts => parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        string[][] lines = [.. File.ReadLines(Path.Combine(s_folder, $"{version}.tsv")).Select(line => line.Split('\t'))];
        Assert.Equal(statements, lines.Select(line => line[0]).Distinct().Count());
        Assert.Equal(statements, lines.Length);
        foreach (string[] line in lines)
        {
            Assert.Matches(@"^MQTT-\d+\.\d+\.\d+-\d+$", line[0]);
            Assert.True(line.Length == 4 && line[1].Length > 0 && (line[2].Length > 0 || line[3].Length > 0), $"{line[0]} does not say what it asks, or has neither a test nor a reason");
            Assert.All(line[2].Split(' ', StringSplitOptions.RemoveEmptyEntries), name => Assert.Contains(name, names));
            Assert.True(line[2].Split(' ').Contains(nameof(The_exchanges_are_as_their_statements_say)) == shown.Remove(line[0]), $"{line[0]}: the table and exchanges.txt do not agree");
        }
        Assert.Empty(shown);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("4")]
    public async Task The_exchanges_are_as_their_statements_say(string level)
    {
        var failures = new ConcurrentQueue<string>();
        string[] exchanges = [.. Lines().Where(line => line.StartsWith($"{level} |", StringComparison.Ordinal))];
        Assert.True(exchanges.Length > 50, $"{exchanges.Length} exchanges");
        await Parallel.ForEachAsync(exchanges, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (exchange, _) =>
        {
            try
            {
                await ExchangeAsync(exchange);
            }
            catch (Exception e)
            {
                failures.Enqueue($"{exchange}\n{e.Message}");
            }
        });
        Assert.True(failures.IsEmpty, string.Join("\n\n", failures));
    }

    private static async Task ExchangeAsync(string exchange)
    {
        string[] parts = [.. exchange.Split('|').Select(part => part.Trim())];
        ProtocolVersion version = (ProtocolVersion)int.Parse(parts[0], CultureInfo.InvariantCulture);
        bool isConnected = !parts[2].StartsWith("10 ", StringComparison.Ordinal) && parts[2][0] != '^';
        byte[][] sent = [.. parts[2].TrimStart('^').Split(" , ").Select(Packet)];
        await using BrokerHost host = await BrokerHost.StartAsync();
        using RawClient client = isConnected ? await host.ConnectAsync("c", version) : await host.OpenAsync(version);
        await client.SendAsync([.. sent.SelectMany(bytes => bytes)]);
        foreach (string answer in parts[3].Split(" , ", StringSplitOptions.RemoveEmptyEntries))
        {
            (PacketHeader header, byte[] body) = await client.ReadAsync() ?? throw new EndOfStreamException($"hung up, expected {answer}");
            string bytes = Convert.ToHexString([(byte)(((int)header.Type << 4) | header.Flags), .. body]);
            string expected = Convert.ToHexString(Bytes(answer.Replace("..", "", StringComparison.Ordinal)));
            Assert.Equal(expected, answer.EndsWith("..", StringComparison.Ordinal) ? bytes[..Math.Min(bytes.Length, expected.Length)] : bytes);
        }
        if (parts[4] == "open")
            await client.PingAsync();
        else
            Assert.Null(await client.ReadAsync());
        // What comes after a refused CONNECT, or without one, is nothing.
        if (!isConnected)
            Assert.Empty(host.Ingress.Taken);
    }

    private static IEnumerable<string> Lines() => File.ReadLines(Path.Combine(s_folder, "exchanges.txt")).Where(line => line.Contains('|') && line[0] != '#');

    private static byte[] Packet(string text)
    {
        if (text.Contains('!'))
            return Bytes(text.Replace("!", "", StringComparison.Ordinal));
        byte[] bytes = Bytes(text);
        return [bytes[0], .. Length(bytes.Length - 1), .. bytes[1..]];
    }

    private static byte[] Bytes(string text)
    {
        List<byte> bytes = [];
        int block = 0;
        foreach (string token in text.Replace("()", "( )", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (token == "(")
            {
                block = bytes.Count;
            }
            else if (token == ")")
            {
                bytes.InsertRange(block, Length(bytes.Count - block));
            }
            else if (token[0] == '"')
            {
                byte[] utf8 = Encoding.UTF8.GetBytes(token.Trim('"'));
                bytes.AddRange([(byte)(utf8.Length >> 8), (byte)utf8.Length, .. utf8]);
            }
            else
            {
                bytes.AddRange(Convert.FromHexString(token));
            }
        }
        return [.. bytes];
    }

    private static byte[] Length(int length) => length < 128 ? [(byte)length] : [(byte)(length | 0x80), (byte)(length >> 7)];
}
