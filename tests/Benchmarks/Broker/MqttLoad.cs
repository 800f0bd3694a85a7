using System.CommandLine;
using System.Diagnostics;
using System.Globalization;

namespace Sluice.Benchmarks.Broker;

/// <summary>What the load generator does.</summary>
/// <param name="Port">The broker's, on 127.0.0.1.</param>
/// <param name="Publishers">Publishing connections.</param>
/// <param name="Subscribers">Connections that subscribe to all that the publishers send.</param>
/// <param name="Qos">0 or 1.</param>
/// <param name="Window">QoS 1: messages without a PUBACK that a publisher has at most. With subscribers: messages that not all of them have.</param>
/// <param name="Rate">Messages a second of all publishers; 0 for as many as the broker takes.</param>
/// <param name="WarmUp">Before the measurement, in seconds.</param>
/// <param name="Seconds">Of the measurement.</param>
/// <param name="Size">Of a payload, in bytes.</param>
internal sealed record LoadPlan(int Port, int Publishers, int Subscribers, int Qos, int Window, double Rate, double WarmUp, double Seconds, int Size);

/// <summary>
/// The load generator: MQTT 3.1.1 clients over raw sockets, in a process of its own so that its processor time is not the broker's, on one thread that costs
/// little beside a broker. It prints <c>connected</c> when all clients are, <c>begin</c> and <c>end</c> around the measurement, each with
/// what was counted, and waits for a line of input before it publishes.
/// </summary>
internal sealed class MqttLoad : IDisposable
{
    /// <summary>How long a broker may be silent while something is awaited of it.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>How much of a QoS 0 publisher waits in this process at most; the rest is up to TCP.</summary>
    private const int MessagesAhead = 200;

    private readonly LoadPlan _plan;
    private readonly Epoll _epoll = new();
    private readonly List<double> _latenciesMs = [];
    private readonly LoadConnection[] _connections;
    private readonly LoadConnection[] _publishers;
    private readonly LoadConnection[] _subscribers;
    private int _next;

    private MqttLoad(LoadPlan plan)
    {
        _plan = plan;
        // Many clients say little each.
        (int bufferBytes, int mostUnderWay) = plan.Publishers + plan.Subscribers > 1000 ? (512, 64) : (64 * 1024, 64 * 1024);
        _connections = new LoadConnection[plan.Publishers + plan.Subscribers];
        for (int i = 0; i < _connections.Length; i++)
        {
            _connections[i] = new LoadConnection(plan.Port, i, plan.Size, bufferBytes, mostUnderWay, _latenciesMs, _epoll);
            // A few at a time, or they wait for the broker's backlog.
            if (i % 50 == 49)
            {
                Until(() => _connections[i].IsConnected, "CONNACK");
            }
        }

        _publishers = _connections[..plan.Publishers];
        _subscribers = _connections[plan.Publishers..];
    }

    public static Command CreateCommand()
    {
        Option<int> port = new("--port") { Description = "The broker's TCP port on 127.0.0.1.", Required = true };
        Option<int> publishers = new("--publishers") { Description = "Publishing connections.", DefaultValueFactory = _ => 50 };
        Option<int> subscribers = new("--subscribers") { Description = "Connections that subscribe to all of it.", DefaultValueFactory = _ => 0 };
        Option<int> qos = new("--qos") { Description = "0 or 1.", DefaultValueFactory = _ => 1 };
        Option<int> window = new("--window") { Description = "Messages under way of a publisher.", DefaultValueFactory = _ => 100 };
        Option<double> rate = new("--rate") { Description = "Messages a second in all; 0 for as many as the broker takes.", DefaultValueFactory = _ => 0 };
        Option<double> warmUp = new("--warm-up") { Description = "Seconds before the measurement.", DefaultValueFactory = _ => 3 };
        Option<double> seconds = new("--seconds") { Description = "Seconds of the measurement.", DefaultValueFactory = _ => 5 };
        Option<int> size = new("--size") { Description = "Payload, in bytes.", DefaultValueFactory = _ => 100 };
        Command command = new("load", "Only the load generator, against any broker.") { port, publishers, subscribers, qos, window, rate, warmUp, seconds, size };
        command.SetAction(parse =>
        {
            using MqttLoad load = new(new LoadPlan(
                parse.GetValue(port), parse.GetValue(publishers), parse.GetValue(subscribers), parse.GetValue(qos), parse.GetValue(window),
                parse.GetValue(rate), parse.GetValue(warmUp), parse.GetValue(seconds), parse.GetValue(size)));
            load.Run();
        });
        return command;
    }

    public void Dispose()
    {
        foreach (LoadConnection connection in _connections)
        {
            connection.Dispose();
        }

        _epoll.Dispose();
    }

    private void Run()
    {
        Until(() => _connections.All(connection => connection.IsConnected), "CONNACK");
        foreach (LoadConnection subscriber in _subscribers)
        {
            subscriber.Subscribe("sensors/#");
        }

        Until(() => _subscribers.All(subscriber => subscriber.IsSubscribed), "SUBACK");
        Console.WriteLine("connected");
        if (_plan.Seconds > 0 && Console.ReadLine() is not null)
        {
            Publish(_plan.WarmUp);
            Measure();
        }
    }

    private void Measure()
    {
        _latenciesMs.Clear();
        using Process self = Process.GetCurrentProcess();
        TimeSpan cpuBefore = self.TotalProcessorTime;
        (long published, long acknowledged, long delivered) = Counts();
        Console.WriteLine("begin");
        Stopwatch watch = Stopwatch.StartNew();
        Publish(_plan.Seconds);
        double elapsed = watch.Elapsed.TotalSeconds;
        Console.WriteLine("end");
        self.Refresh();
        double cpu = (self.TotalProcessorTime - cpuBefore).TotalSeconds / elapsed;
        (long p, long a, long d) = Counts();
        double[] sorted = [.. _latenciesMs.Order()];
        double At(double quantile) => sorted.Length == 0 ? 0 : sorted[(int)(quantile * (sorted.Length - 1))];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seconds {elapsed:F3} published {p - published} acknowledged {a - acknowledged} delivered {d - delivered} p50 {At(0.5):F3} p99 {At(0.99):F3} max {At(1):F3} cpu {cpu:F3}"));
    }

    private (long Published, long Acknowledged, long Delivered) Counts() =>
        (_publishers.Sum(each => each.Published), _publishers.Sum(each => each.Acknowledged), _subscribers.Sum(each => each.Delivered));

    /// <summary>Publishes for a while, and until the broker is done with all of it.</summary>
    private void Publish(double seconds)
    {
        Stopwatch watch = Stopwatch.StartNew();
        if (_plan.Rate > 0)
        {
            PublishAtRate(watch, seconds);
        }
        else if (_subscribers.Length > 0)
        {
            PublishToSubscribers(watch, seconds);
        }
        else
        {
            do
            {
                bool hasMore = false;
                foreach (LoadConnection publisher in _publishers)
                {
                    Refill(publisher);
                    // In QoS 0 nothing comes back that would end the wait.
                    hasMore |= _plan.Qos == 0 && publisher.IsIdle;
                }

                Poll(hasMore ? 0 : 100);
            }
            while (watch.Elapsed.TotalSeconds < seconds);
        }

        if (_plan.Qos == 0 && _subscribers.Length == 0)
        {
            // The acknowledgement of a last message in QoS 1 says that those before it are where they were to go.
            foreach (LoadConnection publisher in _publishers)
            {
                publisher.Publish(1, qos: 1);
            }
        }

        Until(() => _publishers.All(publisher => publisher.Outstanding == 0), "PUBACK");
        Until(() => _subscribers.All(subscriber => subscriber.Delivered == _publishers[0].Published), "PUBLISH");
    }

    private void Refill(LoadConnection publisher)
    {
        if (_plan.Qos == 1)
        {
            int room = _plan.Window - publisher.Outstanding;
            if (room > 0 && publisher.IsIdle)
            {
                publisher.Publish(room, qos: 1);
            }
        }
        else if (publisher.IsIdle)
        {
            publisher.Publish(MessagesAhead, qos: 0);
        }
    }

    /// <summary>No faster than the slowest subscriber, so that a broker need not drop anything.</summary>
    private void PublishToSubscribers(Stopwatch watch, double seconds)
    {
        LoadConnection publisher = _publishers[0];
        do
        {
            long slowest = long.MaxValue;
            foreach (LoadConnection subscriber in _subscribers)
            {
                slowest = Math.Min(slowest, subscriber.Delivered);
            }

            int room = (int)(_plan.Window - (publisher.Published - slowest));
            if (room > 0 && publisher.IsIdle)
            {
                publisher.Publish(room, _plan.Qos);
            }

            Poll(100);
        }
        while (watch.Elapsed.TotalSeconds < seconds);
    }

    private void PublishAtRate(Stopwatch watch, double seconds)
    {
        long done = 0;
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            for (long due = (long)(watch.Elapsed.TotalSeconds * _plan.Rate); done < due; done++)
            {
                _publishers[_next].Publish(1, _plan.Qos);
                _next = (_next + 1) % _publishers.Length;
            }

            Poll(1);
        }
    }

    private void Poll(int timeoutMs)
    {
        int events = _epoll.Wait(timeoutMs);
        for (int i = 0; i < events; i++)
        {
            LoadConnection connection = _connections[_epoll.IndexOf(i)];
            connection.Receive();
            connection.Flush();
        }
    }

    private void Until(Func<bool> condition, string awaited)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > s_patience)
            {
                throw new InvalidOperationException($"no {awaited} from the broker for {s_patience.TotalSeconds} s");
            }

            Poll(100);
        }
    }
}
