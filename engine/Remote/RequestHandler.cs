using System.Diagnostics;
using System.Text.Json;
using Sluice.Engine.Format;

namespace Sluice.Engine.Remote;

/// <summary>
/// The owner's side of one connection, without the socket: a request's frame in, its answer's frame out. It has a session of the
/// engine, whose transaction is rolled back when it is disposed.
/// </summary>
internal sealed class RequestHandler : IDisposable
{
    /// <summary>A statement that the client has prepared, and what the client has been told about it.</summary>
    private sealed class Prepared(Statement statement)
    {
        public Statement Statement { get; } = statement;

        public object? Described { get; set; }
    }

    private readonly Dictionary<uint, Prepared> _statements = [];
    private readonly Dictionary<uint, RowAppender> _appenders = [];

    private RequestHandler(Session session)
    {
        Session = session;
    }

    public Session Session { get; }

    /// <summary>Answers Hello.</summary>
    /// <exception cref="SluiceException">The client is of another version.</exception>
    public static RequestHandler Begin(Database database, in Frame hello, FrameWriter answer)
    {
        if (hello.Type != FrameType.Hello)
        {
            throw new ProtocolException($"a frame of type {hello.Type} before Hello");
        }

        Hello settings = Hello.Read(new FrameReader(hello.Body));
        Session session = database.Connect(settings.ReadOnly, mayAttachFiles: false);
        session.BusyTimeout = TimeSpan.FromMilliseconds(settings.BusyTimeoutMs);
        answer.Begin(FrameType.Welcome, hello.Sequence);
        new Welcome(Environment.ProcessId).Write(answer);
        return new RequestHandler(session);
    }

    /// <summary>An answer that says what went wrong, for a client that has no session.</summary>
    public static void Refuse(SluiceException error, uint sequence, FrameWriter answer)
    {
        answer.Begin(FrameType.Error, sequence);
        default(SessionState).Write(answer);
        ErrorMessage.Write(answer, error);
    }

    /// <summary>Does what <paramref name="request"/> asks and leaves the whole answer in <paramref name="answer"/>; valid as long as that.</summary>
    /// <exception cref="ProtocolException">The request's bytes are wrong.</exception>
    public ReadOnlyMemory<byte> Handle(in Frame request, FrameWriter answer)
    {
        try
        {
            Dispatch(request, new FrameReader(request.Body), answer);
            return answer.End();
        }
        catch (Exception error) when (error is SluiceException or InvalidOperationException)
        {
            answer.Begin(FrameType.Error, request.Sequence);
            State().Write(answer);
            ErrorMessage.Write(answer, error);
            return answer.End();
        }
    }

    /// <summary>Ends what runs and rolls back an open transaction.</summary>
    public void Dispose()
    {
        foreach (RowAppender appender in _appenders.Values)
        {
            appender.Dispose();
        }

        Session.Dispose();
    }

    private void Dispatch(in Frame request, FrameReader body, FrameWriter answer)
    {
        switch (request.Type)
        {
            case FrameType.Describe:
                Prepared described = Find(StatementReference.Read(ref body));
                body.End();

                // The client does not run what it asks about; the rows of the last run may all have been fetched without a Reset.
                described.Statement.Reset();
                described.Statement.Describe();
                Begin(FrameType.Described, request, answer);
                Describe(described, answer);
                break;
            case FrameType.Run:
                Prepared run = Find(StatementReference.Read(ref body));
                SqlValue[] values = body.Values();
                body.End();
                if (values.Length != run.Statement.ParameterCount)
                {
                    throw new ProtocolException($"{values.Length} values for {run.Statement.ParameterCount} parameters");
                }

                run.Statement.Reset();
                for (int i = 0; i < values.Length; i++)
                {
                    run.Statement.Bind(i + 1, values[i]);
                }

                WriteBatch(run, request, answer);
                break;
            case FrameType.Fetch:
                WriteBatch(Known(ref body), request, answer);
                break;
            case FrameType.Reset:
                Known(ref body).Statement.Reset();
                Begin(FrameType.Done, request, answer);
                break;
            case FrameType.OpenAppender:
                OpenAppender(body, request, answer);
                break;
            case FrameType.Append:
                Append(body, request, answer);
                break;
            case FrameType.AskHorizon:
                string table = body.Text();
                body.End();
                long horizon = Session.Database.StableHorizon(table);
                Begin(FrameType.Horizon, request, answer);
                answer.Int64(horizon);
                break;
            case FrameType.AskFigures:
                body.End();
                Begin(FrameType.Figures, request, answer);
                answer.Utf8(JsonSerializer.SerializeToUtf8Bytes(Session.Database.Statistics, FiguresJson.Default.StoreStatistics));
                break;
            default:
                throw new ProtocolException($"a request of type {request.Type}");
        }
    }

    private void Begin(FrameType type, in Frame request, FrameWriter answer)
    {
        answer.Begin(type, request.Sequence);
        State().Write(answer);
    }

    private SessionState State() =>
        new(Session.InTransaction, Session.BegunTransaction is { HasWrites: true }, Session.LastInsertRowid);

    /// <summary>The statement that is meant, prepared now if the client gave its text for the first time.</summary>
    private Prepared Find(in StatementReference reference)
    {
        foreach (uint released in reference.Released)
        {
            if (_statements.Remove(released, out Prepared? done))
            {
                done.Statement.Dispose();
            }
            else if (_appenders.Remove(released, out RowAppender? appender))
            {
                appender.Dispose();
            }
        }

        if (_statements.TryGetValue(reference.Handle, out Prepared? known))
        {
            return known;
        }

        if (reference.Sql is null)
        {
            throw new ProtocolException($"no statement {reference.Handle}");
        }

        RequireRoom();
        Statement statement = Session.Prepare(reference.Sql, 0, out _) ?? throw new ProtocolException("a statement without text");
        var prepared = new Prepared(statement);
        _statements.Add(reference.Handle, prepared);
        return prepared;
    }

    private Prepared Known(ref FrameReader body)
    {
        uint handle = body.UInt32();
        body.End();
        return _statements.TryGetValue(handle, out Prepared? known) ? known : throw new ProtocolException($"no statement {handle}");
    }

    private void RequireRoom()
    {
        if (_statements.Count + _appenders.Count >= Protocol.MaxHandles)
        {
            throw new SluiceException(
                ResultCode.NoMemory, $"out of memory: a connection to the process that owns the file has at most {Protocol.MaxHandles} prepared statements; dispose commands that are not used any more");
        }
    }

    private static void Describe(Prepared prepared, FrameWriter answer)
    {
        prepared.Described = prepared.Statement.Columns;
        new StatementDescription(prepared.Statement.Columns, prepared.Statement.IsReadOnly).Write(answer);
    }

    /// <summary>Steps the statement and writes the rows, until it is done, fails, or enough is in the batch. See <see cref="BatchHead"/>.</summary>
    private void WriteBatch(Prepared prepared, in Frame request, FrameWriter answer)
    {
        Statement statement = prepared.Statement;
        long began = Stopwatch.GetTimestamp();

        // The first step before anything is written: it may fail, compile the statement anew, and end the transaction.
        bool more = statement.Step();
        Begin(FrameType.Rows, request, answer);
        int morePlace = answer.Length;
        answer.Byte(0);
        answer.Int64(statement.Changes);
        bool isNews = !ReferenceEquals(prepared.Described, statement.Columns);
        answer.Byte(isNews ? (byte)1 : (byte)0);
        if (isNews)
        {
            Describe(prepared, answer);
        }

        int countPlace = answer.Reserve();
        uint count = 0;
        SluiceException? failure = null;
        while (more)
        {
            for (int i = 0; i < statement.Columns.Count; i++)
            {
                answer.Value(statement.Column(i));
            }

            count++;
            if (answer.Length >= Protocol.BatchBytes || Stopwatch.GetElapsedTime(began).TotalMilliseconds >= Protocol.BatchMs)
            {
                break;
            }

            try
            {
                more = statement.Step();
            }
            catch (SluiceException error)
            {
                // The rows before it are given out first.
                failure = error;
                more = false;
            }
        }

        // An error may have ended the transaction since the batch began.
        answer.PatchByte(Protocol.HeaderBytes, State().Bits);
        answer.Patch(countPlace, count);
        answer.PatchByte(morePlace, more ? (byte)1 : (byte)0);
        answer.Byte(failure is null ? (byte)0 : (byte)1);
        if (failure is not null)
        {
            ErrorMessage.Write(answer, failure);
        }
    }

    private void OpenAppender(FrameReader body, in Frame request, FrameWriter answer)
    {
        uint handle = body.UInt32();
        string table = body.Text();
        var columns = new string[body.Count(sizeof(uint))];
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = body.Text();
        }

        body.End();
        if (_statements.ContainsKey(handle) || _appenders.ContainsKey(handle))
        {
            throw new ProtocolException($"the handle {handle} is in use");
        }

        RequireRoom();
        var appender = new RowAppender(Session, table, columns);
        _appenders.Add(handle, appender);
        Begin(FrameType.AppenderReady, request, answer);
        answer.UInt32((uint)appender.ColumnCount);
    }

    private void Append(FrameReader body, in Frame request, FrameWriter answer)
    {
        uint handle = body.UInt32();
        SqlValue[] row = body.Values();
        body.End();
        if (!_appenders.TryGetValue(handle, out RowAppender? appender) || row.Length != appender.ColumnCount)
        {
            throw new ProtocolException($"a row of {row.Length} values for appender {handle}");
        }

        long rowid = appender.Append(row);
        Begin(FrameType.Appended, request, answer);
        answer.Int64(rowid);
    }
}
