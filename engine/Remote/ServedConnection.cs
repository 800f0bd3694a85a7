using System.Net.Sockets;

namespace Sluice.Engine.Remote;

/// <summary>
/// One connection of another process at the owner. One thread does what is asked, for a statement may wait long for a lock; another reads, and so
/// hears of interrupts, and of the end of the client, while the first is at work. Neither is of the thread pool: when that is full of others who
/// wait for a lock, the one who has the lock must still be heard.
/// <para>Invariants: 1. at most one request is there, waiting or at work. 2. It counts as done before its answer is sent, so a client's
/// next request is never early. 3. The session is interrupted only while a request is at work.</para>
/// </summary>
internal sealed class ServedConnection
{
    /// <summary>The reader's stack: it only takes frames apart.</summary>
    private const int ReaderStackBytes = 256 << 10;

    /// <summary>How long a new connection may take to say hello.</summary>
    private static readonly TimeSpan s_helloPatience = TimeSpan.FromSeconds(10);

    /// <summary>How often a statement of a client that has gone is interrupted again, until it ends.</summary>
    private static readonly TimeSpan s_interruptInterval = TimeSpan.FromMilliseconds(100);

    private readonly RemoteServer _server;
    private readonly FrameChannel _channel;
    private readonly Thread _worker;
    private readonly Thread _reader;
    private readonly object _gate = new();

    // Guarded by _gate.
    private Frame? _request;
    private uint _begun;
    private bool _atWork;
    private bool _ending;
    private Session? _session;

    public ServedConnection(RemoteServer server, Socket socket)
    {
        _server = server;
        _channel = new FrameChannel(socket);
        _worker = new Thread(Work) { IsBackground = true, Name = "Sluice remote work" };
        _reader = new Thread(Read, ReaderStackBytes) { IsBackground = true, Name = "Sluice remote read" };
    }

    public void Start()
    {
        _worker.Start();
        _reader.Start();
    }

    /// <summary>Lets the request at work come to its answer, interrupted if it is one that can be, then says goodbye.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ending = true;
            Monitor.PulseAll(_gate);
            InterruptAtWork();
        }
    }

    /// <summary>After <see cref="End"/>: waits for the thread; false if it has not ended in time, its connection is cut then.</summary>
    public bool Join(TimeSpan patience)
    {
        if (_worker.Join(patience))
        {
            return true;
        }

        _channel.Shutdown();
        return false;
    }

    private void Read()
    {
        try
        {
            while (Data.Completed.Result(_channel.ReceiveAsync(async: false)) is { } frame)
            {
                Take(frame);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or ProtocolException or OutOfMemoryException)
        {
            // The end of this connection, whatever the reason.
        }

        // An interrupt that comes before the statement has begun is without effect, so until the end.
        do
        {
            End();
        }
        while (!_worker.Join(s_interruptInterval));
    }

    private void Take(in Frame frame)
    {
        lock (_gate)
        {
            if (frame.Type == FrameType.Interrupt)
            {
                if (frame.Sequence == _begun)
                {
                    InterruptAtWork();
                }

                return;
            }

            if (_request is not null || _atWork)
            {
                throw new ProtocolException("a request before the one before it was answered");
            }

            _request = frame;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Under the gate.</summary>
    private void InterruptAtWork()
    {
        if (_atWork)
        {
            _session?.Interrupt();
        }
    }

    private void Work()
    {
        FrameWriter answer = new();
        try
        {
            using RequestHandler? handler = Greet(answer);
            if (handler is not null)
            {
                Serve(handler, answer);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or ProtocolException)
        {
            // The end of this connection, whatever the reason.
        }
        finally
        {
            _channel.Shutdown();
            _channel.Dispose();
            _server.Ended(this);
        }
    }

    /// <summary>The session of a client that says hello; null for one that does not, or that is not welcome.</summary>
    private RequestHandler? Greet(FrameWriter answer)
    {
        if (Next(s_helloPatience) is not { } hello)
        {
            return null;
        }

        RequestHandler? handler = null;
        try
        {
            handler = RequestHandler.Begin(_server.Database, hello, answer);
            _channel.MaxBytes = Protocol.MaxFrameBytes;
        }
        catch (SluiceException error)
        {
            RequestHandler.Refuse(error, hello.Sequence, answer);
        }

        lock (_gate)
        {
            _session = handler?.Session;
        }

        Done();
        _channel.Send(answer.End().Span);
        return handler;
    }

    private void Serve(RequestHandler handler, FrameWriter answer)
    {
        try
        {
            while (Next(Timeout.InfiniteTimeSpan) is { } request)
            {
                ReadOnlyMemory<byte> frame = Handle(handler, request, answer);
                Done();
                _channel.Send(frame.Span);
            }

            answer.Begin(FrameType.Goodbye, _begun);
            _channel.Send(answer.End().Span);
        }
        finally
        {
            lock (_gate)
            {
                _session = null;
            }
        }
    }

    /// <summary>A mistake of the engine, met by a request from outside, is that client's error and not the end of this process.</summary>
    private static ReadOnlyMemory<byte> Handle(RequestHandler handler, in Frame request, FrameWriter answer)
    {
        try
        {
            return handler.Handle(request, answer);
        }
        catch (Exception error) when (error is not ProtocolException)
        {
            RequestHandler.Refuse(new SluiceException(ResultCode.Internal, $"internal error: {error}", error), request.Sequence, answer);
            return answer.End();
        }
    }

    /// <summary>The next request, which is then at work; null when the connection ends or the time is over.</summary>
    private Frame? Next(TimeSpan patience)
    {
        lock (_gate)
        {
            while (_request is null && !_ending)
            {
                if (!Monitor.Wait(_gate, patience))
                {
                    return null;
                }
            }

            // Not begun once the end has come, so that it can be told to have had no effect.
            if (_ending || _request is not { } request)
            {
                return null;
            }

            _request = null;
            _begun = request.Sequence;
            _atWork = true;
            return request;
        }
    }

    private void Done()
    {
        lock (_gate)
        {
            _atWork = false;
        }
    }
}
