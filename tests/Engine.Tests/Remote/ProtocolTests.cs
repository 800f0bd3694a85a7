using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Remote;

namespace Sluice.Engine.Tests.Remote;

/// <summary>The frames, without a socket.</summary>
public sealed class ProtocolTests
{
    [Fact]
    public void Values_of_all_types_come_back_as_they_went()
    {
        SqlValue[] values =
        [
            SqlValue.Null, SqlValue.FromInteger(long.MinValue), SqlValue.FromInteger(-1), SqlValue.FromReal(-0.0), SqlValue.FromReal(double.PositiveInfinity),
            SqlValue.FromText(""), SqlValue.FromText("Größe 𝛑"), SqlValue.FromText([0xff, 0, 0xfe]), SqlValue.FromBlob([]), SqlValue.FromBlob([0, 1, 2]),
        ];
        FrameReader reader = new(Body(frame => frame.Values(values)));
        SqlValue[] back = reader.Values();
        reader.End();
        Assert.Equal(values.Select(value => $"{value.Type} {value} {Convert.ToHexString(value.Bytes)}"), back.Select(value => $"{value.Type} {value} {Convert.ToHexString(value.Bytes)}"));
    }

    [Fact]
    public void Messages_come_back_as_they_went()
    {
        Hello hello = new(ReadOnly: true, BusyTimeoutMs: 2500);
        Assert.Equal(hello, Hello.Read(new FrameReader(Body(hello.Write))));

        SessionState state = new(InTransaction: true, HasWrites: true, LastInsertRowid: -5);
        FrameReader reader = new(Body(state.Write));
        Assert.Equal(state, SessionState.Read(ref reader));

        StatementReference reference = new(7, "SELECT 1"u8.ToArray(), [3, 4]);
        reader = new(Body(reference.Write));
        StatementReference back = StatementReference.Read(ref reader);
        Assert.Equal((7u, "SELECT 1"), (back.Handle, System.Text.Encoding.UTF8.GetString(back.Sql!)));
        Assert.Equal([3u, 4u], back.Released);

        StatementDescription description = new([new ResultColumnDescription("a", "INTEGER", "t", "a"), new ResultColumnDescription("1+1", null, null, null)], IsReadOnly: true);
        reader = new(Body(description.Write));
        StatementDescription described = StatementDescription.Read(ref reader);
        Assert.Equal(description.Columns, described.Columns);
        Assert.True(described.IsReadOnly);
    }

    [Fact]
    public void Errors_keep_their_kind_code_and_words()
    {
        SluiceException conflict = Assert.IsType<SluiceException>(Through(new SluiceException(ResultCode.BusyConflict, "database is locked: row 5")));
        Assert.Equal((ResultCode.BusyConflict, "database is locked: row 5"), (conflict.Code, conflict.Message));
        CorruptFileException corrupt = Assert.IsType<CorruptFileException>(Through(new CorruptFileException("/x.db", "page 3", "no cell")));
        Assert.Equal(("/x.db", "page 3", "/x.db: page 3: no cell"), (corrupt.Path, corrupt.Place, corrupt.Message));
        Assert.Equal("begin first", Assert.IsType<InvalidOperationException>(Through(new InvalidOperationException("begin first"))).Message);
    }

    [Fact]
    public void Another_version_is_told_both_numbers()
    {
        byte[] body = Body(new Hello(false, 0).Write);
        body[5]++;
        SluiceException error = Assert.Throws<SluiceException>(() => Hello.Read(new FrameReader(body)));
        Assert.Equal(ResultCode.CannotOpen, error.Code);
        Assert.Contains($"version {Protocol.Version} of the protocol, not {Protocol.Version + 1}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_frame_that_is_too_long_is_not_sent()
    {
        FrameWriter frame = new();
        frame.Begin(FrameType.Run, 1);
        SqlValue half = SqlValue.FromBlob(new byte[Protocol.MaxFrameBytes / 2]);
        SluiceException error = Assert.Throws<SluiceException>(() =>
        {
            frame.Values([half, half, half, half]);
            _ = frame.End();
        });
        Assert.Equal(ResultCode.TooBig, error.Code);
        frame.Begin(FrameType.Run, 2);
        Assert.Equal(Protocol.HeaderBytes, frame.End().Length);
    }

    [Fact]
    public void Requests_with_bytes_changed_or_missing_are_answered_or_refused_and_leave_the_session_well()
    {
        const int seed = 20261126;
        Random random = new(seed);
        using Database database = Database.Open(DatabaseOptions.MemoryPath, new DatabaseOptions());
        FrameWriter answer = new();
        using RequestHandler handler = RequestHandler.Begin(database, new Frame(FrameType.Hello, 1, Body(new Hello(false, 0).Write)), answer);
        Run(handler, answer, 1, "CREATE TABLE t(a, b)");
        byte[] whole = RunBody(2, "INSERT INTO t VALUES(?, ?)", SqlValue.FromText("some text"), SqlValue.FromInteger(77));
        FrameType[] types = [FrameType.Describe, FrameType.Run, FrameType.Fetch, FrameType.Reset, FrameType.OpenAppender, FrameType.Append, FrameType.AskHorizon, (FrameType)99];
        int refused = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] body = whole[..(random.Next(3) == 0 ? random.Next(whole.Length) : whole.Length)];
            for (int change = random.Next(4); change > 0 && body.Length > 0; change--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            try
            {
                _ = handler.Handle(new Frame(types[random.Next(types.Length)], 2, body), answer);
            }
            catch (ProtocolException)
            {
                refused++;
            }
        }

        Assert.True(refused > 1000, $"seed {seed}: {refused} refused");
        Run(handler, answer, uint.MaxValue, "SELECT count(*) FROM t");
    }

    private static void Run(RequestHandler handler, FrameWriter answer, uint handle, string sql)
    {
        ReadOnlyMemory<byte> frame = handler.Handle(new Frame(FrameType.Run, 1, RunBody(handle, sql)), answer);
        Assert.Equal((byte)FrameType.Rows, frame.Span[sizeof(uint)]);
    }

    private static byte[] RunBody(uint handle, string sql, params SqlValue[] values) => Body(frame =>
    {
        new StatementReference(handle, System.Text.Encoding.UTF8.GetBytes(sql), []).Write(frame);
        frame.Values(values);
    });

    private static Exception Through(Exception error)
    {
        FrameReader reader = new(Body(frame => ErrorMessage.Write(frame, error)));
        Exception back = ErrorMessage.Read(ref reader);
        reader.End();
        return back;
    }

    private static byte[] Body(Action<FrameWriter> write)
    {
        FrameWriter frame = new();
        frame.Begin(FrameType.Run, 1);
        write(frame);
        return frame.End()[Protocol.HeaderBytes..].ToArray();
    }
}
