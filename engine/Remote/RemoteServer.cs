using System.Net.Sockets;
using Sluice.Engine.Files;

namespace Sluice.Engine.Remote;

/// <summary>
/// Lets other processes work on the database that this process owns, over the socket beside the file. Made as soon as the file's lock is
/// held, before recovery: who finds the file locked then waits at the socket instead of guessing.
/// </summary>
internal sealed class RemoteServer : IDisposable
{
    /// <summary>Each has a thread and a session; more are refused with Busy.</summary>
    internal const int MaxConnections = 256;

    /// <summary>Connections that wait while the database is being recovered.</summary>
    private const int Backlog = 256;

    /// <summary>How long closing waits for the requests at work, all together.</summary>
    private static readonly TimeSpan s_closePatience = TimeSpan.FromSeconds(10);

    private readonly SocketFile _socket;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly HashSet<ServedConnection> _connections = [];
    private bool _stopped;

    private Database? _database;

    private RemoteServer(SocketFile socket)
    {
        _socket = socket;
    }

    public Database Database => _database!;

    /// <summary>Connections of other processes that are open.</summary>
    public int Connections
    {
        get
        {
            lock (_gate)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>Takes the socket's name. The caller holds the lock of the database file at the canonical <paramref name="path"/>.</summary>
    /// <exception cref="SluiceException">There can be no socket there; the message says why.</exception>
    public static RemoteServer Listen(string path) => new(SocketFile.Listen(path, Backlog));

    /// <summary>Begins to answer.</summary>
    public void Start(Database database)
    {
        _database = database;
        _ = AcceptAsync();
    }

    /// <summary>
    /// Ends all connections, each after the answer to what it is doing, and removes the socket. Before the file's lock is given up.
    /// </summary>
    public void Dispose()
    {
        ServedConnection[] open;
        lock (_gate)
        {
            _stopped = true;
            open = [.. _connections];
        }

        _stopping.Cancel();
        _socket.Dispose();
        foreach (ServedConnection connection in open)
        {
            connection.End();
        }

        var deadline = new Deadlines(s_closePatience);
        foreach (ServedConnection connection in open)
        {
            _ = connection.Join(deadline.Left);
        }

        _stopping.Dispose();
    }

    internal void Ended(ServedConnection connection)
    {
        lock (_gate)
        {
            _ = _connections.Remove(connection);
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket accepted;
            try
            {
                accepted = await _socket.Socket.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException) when (!_stopping.IsCancellationRequested)
            {
                // Out of descriptors or memory for the moment; the one who waits is still there.
                await Task.Delay(TimeSpan.FromMilliseconds(50)).ConfigureAwait(false);
                continue;
            }
            catch (SocketException)
            {
                return;
            }

            Take(accepted);
        }
    }

    private void Take(Socket accepted)
    {
        lock (_gate)
        {
            if (!_stopped && _connections.Count < MaxConnections)
            {
                ServedConnection connection = new(this, accepted);
                _ = _connections.Add(connection);
                connection.Start();
                return;
            }
        }

        Refuse(accepted);
    }

    private static void Refuse(Socket accepted)
    {
        using FrameChannel channel = new(accepted);
        FrameWriter answer = new();
        RequestHandler.Refuse(
            new SluiceException(ResultCode.Busy, $"database is locked: the process that owns it has its {MaxConnections} connections"), 0, answer);
        try
        {
            channel.Send(answer.End().Span);
        }
        catch (SocketException)
        {
            // Gone already.
        }
    }

    /// <summary>One time for several waits.</summary>
    private readonly struct Deadlines(TimeSpan patience)
    {
        private readonly long _end = Environment.TickCount64 + (long)patience.TotalMilliseconds;

        public TimeSpan Left => TimeSpan.FromMilliseconds(Math.Max(0, _end - Environment.TickCount64));
    }
}
