using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sluice.EndToEnd;

/// <summary>Many clients that say nothing cost little and disturb nobody.</summary>
public sealed class IdleClientTests
{
    /// <summary>SLUICE_IDLE_CLIENTS; tests/run --long asks for 10,000.</summary>
    private static readonly int s_clients =
        int.TryParse(Environment.GetEnvironmentVariable("SLUICE_IDLE_CLIENTS"), NumberStyles.None, CultureInfo.InvariantCulture, out int clients) ? clients : 1000;

    /// <summary>Of the gateway's memory, at first all that the first clients bring with them.</summary>
    private const int MostBytesEach = 40 * 1024;

    [Fact]
    public async Task Idle_clients_cost_little_memory_and_a_reading_goes_through_beside_them()
    {
        await using GatewayProcess gateway = new("sensors: []\n", ", max_connections: 20000");
        await gateway.StartAsync();
        long before = gateway.ResidentBytes;
        List<Socket> sockets = [];
        try
        {
            for (int i = 0; i < s_clients; i++)
            {
                // From several addresses of this machine, whose ports do not run out.
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(2 + (i % 50))]), 0));
                await socket.ConnectAsync(IPAddress.Loopback, gateway.MqttPort);
                byte[] client = [.. "idle-"u8, .. System.Text.Encoding.ASCII.GetBytes(i.ToString("D5", CultureInfo.InvariantCulture))];
                await socket.SendAsync((byte[])[0x10, 22, 0, 4, .. "MQTT"u8, 4, 2, 0, 0, 0, (byte)client.Length, .. client]);
                byte[] answer = new byte[4];
                int read = await socket.ReceiveAsync(answer);
                Assert.Equal((4, 0), (read, answer[3]));
            }

            await Tool.OutputAsync("mosquitto_pub", "-h", "127.0.0.1", "-p", $"{gateway.MqttPort}", "-q", "1", "-t", "sensors/d/n", "-m", "1");
            long each = (gateway.ResidentBytes - before) / s_clients;
            Console.WriteLine($"{s_clients} idle clients: {each} bytes of memory each");
            Assert.True(each <= MostBytesEach, $"{each} bytes each");
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        await gateway.StopAsync();
        Assert.Equal("1", await Tool.Sqlite3Async(gateway.Database, "select count(*) from readings"));
    }
}
