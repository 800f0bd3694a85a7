using System.Diagnostics;
using System.Globalization;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>A test that runs the clients of Mosquitto; skipped, by name, where they are not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MosquittoTheoryAttribute : TheoryAttribute
{
    public MosquittoTheoryAttribute()
    {
        if (!File.Exists("/usr/bin/mosquitto_pub"))
            Skip = "mosquitto_pub and mosquitto_sub are not installed (apt-get install mosquitto-clients)";
    }
}

public class MosquittoTests
{
    public static TheoryData<string, string> VersionsAndQualities { get; } = new()
    {
        { "mqttv311", "0" }, { "mqttv311", "1" }, { "mqttv311", "2" },
        { "mqttv5", "0" }, { "mqttv5", "1" }, { "mqttv5", "2" },
    };

    [MosquittoTheory]
    [InlineData("mqttv311", 0)]
    [InlineData("mqttv311", 1)]
    [InlineData("mqttv311", 2)]
    [InlineData("mqttv31", 1)]
    [InlineData("mqttv5", 0)]
    [InlineData("mqttv5", 1)]
    [InlineData("mqttv5", 2)]
    public async Task A_message_goes_from_mosquitto_pub_to_mosquitto_sub(string version, int qos)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        string level = qos.ToString(CultureInfo.InvariantCulture);
        using Process subscriber = Start(host, "mosquitto_sub", "-V", version, "-q", level, "-t", "sensors/+/temp", "-t", "other/#", "-C", "3", "-v");
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Subscriptions == 2, "it has subscribed");
        foreach (string topic in (string[])["sensors/pump-1/temp", "sensors/pump-1/rpm", "other/x/y", "sensors/pump-2/temp"])
            await RunAsync(host, "mosquitto_pub", "-V", version, "-q", level, "-t", topic, "-m", "21.5");
        Assert.Equal("sensors/pump-1/temp 21.5\nother/x/y 21.5\nsensors/pump-2/temp 21.5\n", await EndAsync(subscriber));
        Assert.Equal(4, host.Ingress.Taken.Count);
    }

    [MosquittoTheory]
    [MemberData(nameof(VersionsAndQualities))]
    public async Task A_retained_message_is_there_for_a_later_mosquitto_sub(string version, string qos)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        await RunAsync(host, "mosquitto_pub", "-V", version, "-q", qos, "-r", "-t", "a/b", "-m", "kept");
        using Process subscriber = Start(host, "mosquitto_sub", "-V", version, "-q", "2", "-t", "a/#", "-C", "1", "-F", "%t %p %q %r");
        Assert.Equal($"a/b kept {qos} 1\n", await EndAsync(subscriber));
    }

    [MosquittoTheory]
    [MemberData(nameof(VersionsAndQualities))]
    public async Task A_session_of_mosquitto_sub_has_what_came_while_it_was_away(string version, string qos)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        string[] session = ["-V", version, "-i", "sub", "-c", "-q", qos, "-t", "a"];
        // -E ends as soon as it has subscribed.
        await RunAsync(host, "mosquitto_sub", [.. session, "-E"]);
        for (int i = 1; i <= 3; i++)
            await RunAsync(host, "mosquitto_pub", "-V", version, "-q", qos, "-t", "a", "-m", $"{i}");
        using Process subscriber = Start(host, "mosquitto_sub", [.. session, "-F", "%p %q", "-C", qos == "0" ? "1" : "4"]);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.ClientsConnected == 1, "it is back");
        await RunAsync(host, "mosquitto_pub", "-V", version, "-q", qos, "-t", "a", "-m", "live");
        // In QoS 0 nothing is kept for who is away.
        Assert.Equal(qos == "0" ? "live 0\n" : $"1 {qos}\n2 {qos}\n3 {qos}\nlive {qos}\n", await EndAsync(subscriber));
    }

    [MosquittoTheory]
    [MemberData(nameof(VersionsAndQualities))]
    public async Task Two_of_mosquitto_sub_share_what_is_published(string version, string qos)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        string[] member = ["-V", version, "-q", qos, "-t", "$share/g/a", "-C", "2", "-F", "%p %q"];
        using Process one = Start(host, "mosquitto_sub", member);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Subscriptions == 1, "one has subscribed");
        using Process other = Start(host, "mosquitto_sub", member);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Subscriptions == 2, "the other has subscribed");
        for (int i = 1; i <= 4; i++)
            await RunAsync(host, "mosquitto_pub", "-V", version, "-q", qos, "-t", "a", "-m", $"{i}");
        string[] got = (await EndAsync(one) + await EndAsync(other)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(1, 4).Select(i => $"{i} {qos}"), got.Order());
    }

    [MosquittoTheory]
    [MemberData(nameof(VersionsAndQualities))]
    public async Task The_will_of_a_killed_mosquitto_sub_is_published(string version, string qos)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using Process watcher = Start(host, "mosquitto_sub", "-V", version, "-q", "2", "-t", "will/#", "-C", "1", "-F", "%t %p %q");
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Subscriptions == 1, "the watcher has subscribed");
        using Process doomed = Start(
            host, "mosquitto_sub", "-V", version, "-t", "x", "--will-topic", "will/doomed", "--will-payload", "gone", "--will-qos", qos);
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Subscriptions == 2, "the other has subscribed");
        doomed.Kill();
        Assert.Equal($"will/doomed gone {qos}\n", await EndAsync(watcher));
        Assert.Contains("will/doomed=gone", host.Ingress.Taken);
    }

    [MosquittoTheory]
    [InlineData("mqttv311")]
    [InlineData("mqttv5")]
    public async Task Many_messages_of_one_mosquitto_pub_come_in_order(string version)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using Process publisher = Start(host, "mosquitto_pub", "-V", version, "-q", "1", "-t", "a", "-l");
        for (int i = 0; i < 5000; i++)
            await publisher.StandardInput.WriteLineAsync(i.ToString(CultureInfo.InvariantCulture));
        publisher.StandardInput.Close();
        await EndAsync(publisher);
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => $"a={i}"), host.Ingress.Taken);
    }

    private static Process Start(BrokerHost host, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string argument in (string[])["-h", "127.0.0.1", "-p", host.Port.ToString(CultureInfo.InvariantCulture), .. arguments])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static async Task RunAsync(BrokerHost host, string program, params string[] arguments)
    {
        using Process process = Start(host, program, arguments);
        await EndAsync(process);
    }

    private static async Task<string> EndAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            string output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
            string errors = await process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            Assert.True(process.ExitCode == 0, $"{process.StartInfo.FileName} ended with {process.ExitCode}: {errors}");
            return output;
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"{process.StartInfo.FileName} did not end");
        }
    }
}
