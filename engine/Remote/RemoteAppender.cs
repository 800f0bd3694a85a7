using Sluice.Engine.Format;

namespace Sluice.Engine.Remote;

/// <summary>An appender at the owner of the file: a round trip for each row, without parsing or planning.</summary>
internal sealed class RemoteAppender : IRowAppender
{
    private readonly RemoteSession _session;
    private readonly uint _handle;

    public RemoteAppender(RemoteSession session, string table, string[] columns)
    {
        _session = session;
        _handle = session.NewHandle();
        FrameWriter request = session.Begin(FrameType.OpenAppender);
        request.UInt32(_handle);
        request.Text(table);
        request.UInt32((uint)columns.Length);
        foreach (string column in columns)
        {
            request.Text(column);
        }

        FrameReader body = Ask(request, FrameType.AppenderReady);
        ColumnCount = session.Decode(ref body, static (ref FrameReader body) => body.Int32());
    }

    public int ColumnCount { get; }

    public long Append(SqlValue[] row)
    {
        FrameWriter request = _session.Begin(FrameType.Append);
        request.UInt32(_handle);
        request.Values(row);
        FrameReader body = Ask(request, FrameType.Appended);
        return _session.Decode(ref body, static (ref FrameReader body) => body.Int64());
    }

    public void Dispose() => _session.Release(_handle);

    private FrameReader Ask(FrameWriter request, FrameType expected) =>
        Data.Completed.Result(_session.AskAsync(request, expected, Stake.Nothing, async: false));
}
