using System.Net.Sockets;
using System.Text;
using Sluice.Gateway.Hosting;

namespace Sluice.Gateway.Tests.Status;

/// <summary>Against a real datagram socket, as systemd has one.</summary>
public sealed class SystemdNotifierTests
{
    [Fact]
    public void A_socket_in_the_file_system_gets_the_datagrams()
    {
        string folder = Directory.CreateTempSubdirectory("sluice-notify-").FullName;
        string path = Path.Combine(folder, "notify");
        AssertDatagrams(path, path);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void An_abstract_socket_gets_the_datagrams()
    {
        string name = $"sluice-{Guid.NewGuid():N}";
        AssertDatagrams("\0" + name, "@" + name);
    }

    [Fact]
    public void Without_systemd_nothing_happens()
    {
        using SystemdNotifier notifier = new(null, "1000000");
        notifier.Ready("x");
        Assert.Null(notifier.WatchdogInterval);
    }

    [Fact]
    public void A_socket_that_is_gone_is_no_error()
    {
        using SystemdNotifier notifier = new("/nowhere/notify", null);
        notifier.Stopping();
        Assert.Null(notifier.WatchdogInterval);
    }

    private static void AssertDatagrams(string address, string variable)
    {
        using Socket systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(address));
        systemd.ReceiveTimeout = 10_000;
        using SystemdNotifier notifier = new(variable, "30000000");
        Assert.Equal(TimeSpan.FromSeconds(15), notifier.WatchdogInterval);
        notifier.Ready("tcp://127.0.0.1:1883");
        Assert.Equal("READY=1\nSTATUS=tcp://127.0.0.1:1883", Receive(systemd));
        notifier.Watchdog();
        Assert.Equal("WATCHDOG=1", Receive(systemd));
        notifier.Status("two\nlines");
        Assert.Equal("STATUS=two lines", Receive(systemd));
        notifier.Stopping();
        Assert.StartsWith("STOPPING=1\n", Receive(systemd), StringComparison.Ordinal);
    }

    private static string Receive(Socket socket)
    {
        byte[] buffer = new byte[512];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }
}
