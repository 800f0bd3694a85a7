using System.Net.Sockets;
using System.Text.Json;
using Sluice.Engine.Files;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Remote;

/// <summary>What is lost when a request goes unanswered.</summary>
internal enum Stake
{
    /// <summary>Nothing that cannot be done again: it reads, or writes within a transaction that is not committed.</summary>
    Nothing,

    /// <summary>It commits: without an answer nobody knows whether it did.</summary>
    Commit,
}

/// <summary>
/// A session at the process that owns the file. When that process ends, so does the session (<see cref="HasEnded"/>): its transaction is gone,
/// and whoever uses it opens the file anew, where the first to come takes it over.
/// </summary>
internal sealed class RemoteSession : ISession
{
    /// <summary>How long the owner may take to answer Hello. It may be recovering the file.</summary>
    private const int WelcomePatienceMs = 120_000;

    /// <summary>After an interrupt has been without effect for so long, the owner is taken for dead or stopped.</summary>
    private const long InterruptPatienceMs = 30_000;

    /// <summary>PRAGMAs that set how one connection works; the others belong to the file or only ask.</summary>
    private static readonly HashSet<string> s_settings = new(StringComparer.OrdinalIgnoreCase)
    {
        "busy_timeout", "case_sensitive_like", "foreign_keys", "isolation", "recursive_triggers", "synchronous",
    };

    private readonly string _path;
    private readonly Dictionary<string, byte[]> _settings = new(StringComparer.OrdinalIgnoreCase);
    private readonly FrameChannel _channel;
    private readonly FrameWriter _request = new();
    private readonly List<uint> _released = [];
    private SessionState _state;
    private uint _sequence;
    private uint _handles;
    private bool _ended;

    // Written by the session's thread, read by those who interrupt.
    private uint _onItsWay;
    private bool _silent;

    // The interrupters'.
    private readonly Lock _interrupting = new();
    private readonly FrameWriter _interrupt = new();
    private uint _interrupted;
    private long _interruptedAtMs;

    private RemoteSession(string path, FrameChannel channel)
    {
        _path = path;
        _channel = channel;
    }

    public bool IsLive => true;

    public int? OwnerProcessId { get; private set; }

    /// <summary>Whether the owner has ended, or the connection to it; looks at the connection.</summary>
    public bool HasEnded
    {
        get
        {
            if (!_ended && _channel.HasInput)
            {
                // Between requests the owner has nothing to say but goodbye.
                End();
            }

            return _ended;
        }
    }

    public bool InTransaction => _state.InTransaction;

    /// <summary>Whether the open transaction has written, so that its commit matters.</summary>
    public bool HasWrites => _state.HasWrites;

    public long LastInsertRowid => _state.LastInsertRowid;

    public StoreStatistics Statistics
    {
        get
        {
            FrameReader body = Completed(AskAsync(Begin(FrameType.AskFigures), FrameType.Figures, Stake.Nothing, async: false));
            return Decode(ref body, static (ref FrameReader body) => JsonSerializer.Deserialize(body.Utf8(), FiguresJson.Default.StoreStatistics));
        }
    }

    /// <summary>Connects to the owner of the file at the canonical <paramref name="path"/>; null when nobody listens there.</summary>
    /// <exception cref="SluiceException">The owner refuses, or this process may not connect.</exception>
    public static RemoteSession? TryOpen(string path, bool readOnly, TimeSpan busyTimeout)
    {
        if (SocketFile.TryConnect(path) is not { } socket)
        {
            return null;
        }

        FrameChannel channel = new(socket) { MaxBytes = Protocol.MaxFrameBytes };
        RemoteSession session = new(path, channel);
        try
        {
            socket.ReceiveTimeout = WelcomePatienceMs;
            FrameWriter hello = session.Begin(FrameType.Hello);
            new Hello(readOnly, (int)Math.Clamp(busyTimeout.TotalMilliseconds, 0, int.MaxValue)).Write(hello);
            session.OwnerProcessId = session.Greet(hello);
            socket.ReceiveTimeout = 0;
            return session;
        }
        catch (SluiceException error) when (error.Code == ResultCode.BusyOwnerEnded)
        {
            // Gone between our coming and its answer: as if nobody had listened.
            session.Dispose();
            return null;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public IStatement? Prepare(byte[] sql, int offset, out int next)
    {
        StatementNode? node = Parser.Parse(sql, offset, out next);
        return node is null ? null : new RemoteStatement(this, node, sql[offset..next]);
    }

    public IRowAppender CreateAppender(string table, string[] columns) => new RemoteAppender(this, table, columns);

    public long StableHorizon(string table)
    {
        FrameWriter request = Begin(FrameType.AskHorizon);
        request.Text(table);
        FrameReader body = Completed(AskAsync(request, FrameType.Horizon, Stake.Nothing, async: false));
        return Decode(ref body, static (ref FrameReader body) => body.Int64());
    }

    public void Interrupt()
    {
        uint meant = Volatile.Read(ref _onItsWay);
        if (meant == 0)
        {
            return;
        }

        lock (_interrupting)
        {
            long nowMs = Environment.TickCount64;
            if (_interrupted != meant)
            {
                _interrupted = meant;
                _interruptedAtMs = nowMs;
            }
            else if (nowMs - _interruptedAtMs > InterruptPatienceMs)
            {
                Volatile.Write(ref _silent, true);
                _channel.Shutdown();
                return;
            }

            _interrupt.Begin(FrameType.Interrupt, meant);
            try
            {
                _channel.Send(_interrupt.End().Span);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Whoever waits for the answer hears of it.
            }
        }
    }

    public void Dispose()
    {
        _ended = true;
        _state = default;
        _channel.Shutdown();
        _channel.Dispose();
    }

    /// <summary>The error of the first use after the owner has ended within a transaction; the next use is of a new session.</summary>
    internal SluiceException TransactionIsGone() =>
        new(ResultCode.BusyOwnerEnded, $"database is locked: {Loss()}; the transaction was rolled back, begin it anew");

    /// <summary>The PRAGMAs by which the connection was set up, for the session that comes after this one.</summary>
    internal IReadOnlyCollection<byte[]> Settings => _settings.Values;

    /// <summary>A PRAGMA with a value has run; kept if it is a setting of the connection.</summary>
    internal void Remember(string pragma, byte[] sql)
    {
        if (s_settings.Contains(pragma))
        {
            _settings[pragma] = sql;
        }
    }

    /// <summary>A number for a new statement or appender.</summary>
    internal uint NewHandle() => ++_handles;

    /// <summary>Tells the owner with the next statement that it may forget one.</summary>
    internal void Release(uint handle)
    {
        if (!_ended)
        {
            _released.Add(handle);
        }
    }

    /// <summary>Begins a request; it is sent by <see cref="AskAsync"/>, before anything else is begun.</summary>
    internal FrameWriter Begin(FrameType type)
    {
        // 0 means none.
        _sequence = _sequence == uint.MaxValue ? 1 : _sequence + 1;
        _request.Begin(type, _sequence);
        return _request;
    }

    /// <summary>Writes which statement a request is for; its text while the owner may not know it.</summary>
    internal void Refer(FrameWriter request, uint handle, byte[]? sql)
    {
        new StatementReference(handle, sql, _released).Write(request);
        _released.Clear();
    }

    /// <summary>Sends a request and receives its answer, up to behind the session's state.</summary>
    /// <exception cref="SluiceException">The engine's error; or the owner is gone, which says what has become of the request.</exception>
    internal async ValueTask<FrameReader> AskAsync(FrameWriter request, FrameType expected, Stake stake, bool async)
    {
        Frame answer = await ExchangeAsync(request, stake, async).ConfigureAwait(false);
        FrameReader body = new(answer.Body);
        try
        {
            if (answer.Type != expected && answer.Type != FrameType.Error)
            {
                throw new ProtocolException($"an answer of type {answer.Type}");
            }

            // Rows say their state with the rest.
            if (expected != FrameType.Rows || answer.Type == FrameType.Error)
            {
                _state = SessionState.Read(ref body);
            }

            return answer.Type == FrameType.Error ? throw ErrorMessage.Read(ref body) : body;
        }
        catch (ProtocolException error)
        {
            throw Nonsense(error);
        }
    }

    internal void Take(in SessionState state) => _state = state;

    /// <summary>Reads what is left of an answer, all of it.</summary>
    internal T Decode<T>(ref FrameReader body, Decoder<T> decode)
    {
        try
        {
            T result = decode(ref body);
            body.End();
            return result;
        }
        catch (Exception error) when (error is ProtocolException or JsonException)
        {
            throw Nonsense(error);
        }
    }

    internal delegate T Decoder<out T>(ref FrameReader body);

    /// <summary>An answer that is none ends the session.</summary>
    internal SluiceException Nonsense(Exception error)
    {
        End();
        return new SluiceException(ResultCode.Internal, $"the process that owns {_path} answered what cannot be read: {error.Message}", error);
    }

    private static FrameReader Completed(ValueTask<FrameReader> answer) => Data.Completed.Result(answer);

    private int Greet(FrameWriter hello)
    {
        Frame answer = Data.Completed.Result(ExchangeAsync(hello, Stake.Nothing, async: false));
        FrameReader body = new(answer.Body);
        try
        {
            if (answer.Type == FrameType.Error)
            {
                _ = SessionState.Read(ref body);
                throw ErrorMessage.Read(ref body);
            }

            return answer.Type == FrameType.Welcome ? Welcome.Read(body).ProcessId : throw new ProtocolException($"an answer of type {answer.Type}");
        }
        catch (ProtocolException error)
        {
            throw Nonsense(error);
        }
    }

    private async ValueTask<Frame> ExchangeAsync(FrameWriter request, Stake stake, bool async)
    {
        ReadOnlyMemory<byte> frame = request.End();
        bool wasInTransaction = InTransaction;
        bool sent = false;
        Volatile.Write(ref _onItsWay, _sequence);
        try
        {
            _channel.Send(frame.Span);
            sent = true;
            Frame? answer = await _channel.ReceiveAsync(async).ConfigureAwait(false);
            if (answer is { } received && received.Type != FrameType.Goodbye)
            {
                return received.Sequence == _sequence || received.Type == FrameType.Error
                    ? received
                    : throw new ProtocolException($"the answer to request {received.Sequence} instead of {_sequence}");
            }

            bool notBegun = answer is { } goodbye && goodbye.Sequence != _sequence;
            throw Lost(notBegun ? Stake.Nothing : stake, wasInTransaction, null);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or ProtocolException)
        {
            // What was not sent whole was not done.
            throw Lost(sent ? stake : Stake.Nothing, wasInTransaction, error);
        }
        finally
        {
            Volatile.Write(ref _onItsWay, 0);
        }
    }

    private SluiceException Lost(Stake stake, bool wasInTransaction, Exception? cause)
    {
        End();
        _state = default;
        if (stake == Stake.Commit)
        {
            return new SluiceException(
                ResultCode.IoErrorOutcomeUnknown,
                $"outcome unknown: {Loss()} after it was asked to commit and before it answered: the commit is there whole or not at all; find out which before doing it again",
                cause);
        }

        return wasInTransaction
            ? TransactionIsGone()
            : new SluiceException(ResultCode.BusyOwnerEnded, $"database is locked: {Loss()} before it answered; nothing was changed, try again", cause);
    }

    private string Loss() => Volatile.Read(ref _silent)
        ? $"process {OwnerProcessId}, which owns {_path}, has not answered for {InterruptPatienceMs / 1000} s"
        : $"the process that owned {_path} ended";

    private void End()
    {
        _ended = true;
        _channel.Dispose();
    }
}
