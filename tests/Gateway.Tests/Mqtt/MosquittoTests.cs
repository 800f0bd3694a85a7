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
    [InlineData("mqttv311")]
    [InlineData("mqttv5")]
    public async Task A_retained_message_is_there_for_a_later_mosquitto_sub(string version)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        await RunAsync(host, "mosquitto_pub", "-V", version, "-q", "1", "-r", "-t", "a/b", "-m", "kept");
        using Process subscriber = Start(host, "mosquitto_sub", "-V", version, "-t", "a/#", "-C", "1", "-F", "%t %p %r");
        Assert.Equal("a/b kept 1\n", await EndAsync(subscriber));
    }

    [MosquittoTheory]
    [InlineData("mqttv311")]
    [InlineData("mqttv5")]
    public async Task The_will_of_a_killed_mosquitto_sub_is_published(string version)
    {
        await using BrokerHost host = await BrokerHost.StartAsync();
        using Process watcher = Start(host, "mosquitto_sub", "-V", version, "-q", "1", "-t", "will/#", "-C", "1", "-v");
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Subscriptions == 1, "the watcher has subscribed");
        using Process doomed = Start(
            host, "mosquitto_sub", "-V", version, "-t", "x", "--will-topic", "will/doomed", "--will-payload", "gone", "--will-qos", "1");
        await BrokerHost.UntilAsync(() => host.Broker.Statistics.Subscriptions == 2, "the other has subscribed");
        doomed.Kill();
        Assert.Equal("will/doomed gone\n", await EndAsync(watcher));
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
