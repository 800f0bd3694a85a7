using System.Text.Json.Serialization;
using Sluice.Engine.Plan;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Remote;

/// <summary>The client's first frame. Magic and version are read before the rest, whose layout another version may have changed.</summary>
internal readonly record struct Hello(bool ReadOnly, int BusyTimeoutMs)
{
    public void Write(FrameWriter frame)
    {
        frame.UInt32(Protocol.Magic);
        frame.UInt16(Protocol.Version);
        frame.Byte(ReadOnly ? (byte)1 : (byte)0);
        frame.UInt32((uint)BusyTimeoutMs);
    }

    /// <exception cref="SluiceException">Another version.</exception>
    public static Hello Read(FrameReader body)
    {
        if (body.UInt32() != Protocol.Magic)
        {
            throw new ProtocolException("not a client of a database");
        }

        ushort version = body.UInt16();
        if (version != Protocol.Version)
        {
            throw new SluiceException(
                ResultCode.CannotOpen,
                $"unable to open database file: the process that owns it speaks version {Protocol.Version} of the protocol, not {version}; use the same release of Sluice on both sides");
        }

        Hello hello = new(body.Flag(), body.Int32());
        body.End();
        return hello.BusyTimeoutMs >= 0 ? hello : throw new ProtocolException($"a busy timeout of {hello.BusyTimeoutMs} ms");
    }
}

/// <summary>The owner's answer to <see cref="Hello"/>.</summary>
internal readonly record struct Welcome(int ProcessId)
{
    public void Write(FrameWriter frame) => frame.UInt32((uint)ProcessId);

    public static Welcome Read(FrameReader body)
    {
        Welcome welcome = new(body.Int32());
        body.End();
        return welcome;
    }
}

/// <summary>What every answer says of the client's session.</summary>
internal readonly record struct SessionState(bool InTransaction, bool HasWrites, long LastInsertRowid)
{
    private const byte InTransactionBit = 1;
    private const byte HasWritesBit = 2;

    public byte Bits => (byte)((InTransaction ? InTransactionBit : 0) | (HasWrites ? HasWritesBit : 0));

    public void Write(FrameWriter frame)
    {
        frame.Byte(Bits);
        frame.Int64(LastInsertRowid);
    }

    public static SessionState Read(ref FrameReader body)
    {
        byte bits = body.Byte();
        return bits <= (InTransactionBit | HasWritesBit)
            ? new SessionState((bits & InTransactionBit) != 0, (bits & HasWritesBit) != 0, body.Int64())
            : throw new ProtocolException($"session bits of {bits}");
    }
}

/// <summary>Which prepared statement a request is for. Its text goes along until an answer has shown that the owner knows it.</summary>
/// <param name="Handle">Chosen by the client, unique on its connection.</param>
/// <param name="Sql">UTF-8, or null.</param>
/// <param name="Released">Statements and appenders that the client has done with.</param>
internal readonly record struct StatementReference(uint Handle, byte[]? Sql, IReadOnlyList<uint> Released)
{
    public void Write(FrameWriter frame)
    {
        frame.UInt32((uint)Released.Count);
        foreach (uint handle in Released)
        {
            frame.UInt32(handle);
        }

        frame.UInt32(Handle);
        frame.Byte(Sql is null ? (byte)0 : (byte)1);
        if (Sql is not null)
        {
            frame.Utf8(Sql);
        }
    }

    public static StatementReference Read(ref FrameReader body)
    {
        var released = new uint[body.Count(sizeof(uint))];
        for (int i = 0; i < released.Length; i++)
        {
            released[i] = body.UInt32();
        }

        return new StatementReference(body.UInt32(), body.Flag() ? body.Utf8() : null, released);
    }
}

/// <summary>What a statement is: its columns, and whether it writes.</summary>
internal sealed record StatementDescription(IReadOnlyList<ResultColumnDescription> Columns, bool IsReadOnly)
{
    /// <summary>Four texts, each at least its length.</summary>
    private const int LeastColumnBytes = 4 * sizeof(uint);

    public void Write(FrameWriter frame)
    {
        frame.Byte(IsReadOnly ? (byte)1 : (byte)0);
        frame.UInt32((uint)Columns.Count);
        foreach (ResultColumnDescription column in Columns)
        {
            frame.Text(column.Name);
            frame.Text(column.DeclaredType);
            frame.Text(column.Table);
            frame.Text(column.OriginColumn);
        }
    }

    public static StatementDescription Read(ref FrameReader body)
    {
        bool isReadOnly = body.Flag();
        var columns = new ResultColumnDescription[body.Count(LeastColumnBytes)];
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = new ResultColumnDescription(body.Text(), body.OptionalText(), body.OptionalText(), body.OptionalText());
        }

        return new StatementDescription(columns, isReadOnly);
    }
}

/// <summary>
/// What comes before and after the rows of a batch: <c>state, more u8, changes i64, described u8 [description], count u32, rows,
/// failed u8 [error]</c>. A row is its values one after the other, as many as there are columns.
/// </summary>
/// <param name="State">As it is after the rows.</param>
/// <param name="More">Whether Fetch gives further rows.</param>
/// <param name="Changes">Rows that the statement inserted, updated and deleted.</param>
/// <param name="Description">Null when it is as the client has been told before.</param>
internal readonly record struct BatchHead(SessionState State, bool More, long Changes, StatementDescription? Description)
{
    public static BatchHead Read(ref FrameReader body)
    {
        SessionState state = SessionState.Read(ref body);
        return new BatchHead(state, body.Flag(), body.Int64(), body.Flag() ? StatementDescription.Read(ref body) : null);
    }
}

/// <summary>An error of the engine on its way: <c>kind u8, code u32, message text [path text, place text]</c>.</summary>
internal static class ErrorMessage
{
    private const byte Plain = 0;
    private const byte Corrupt = 1;
    private const byte Misused = 2;

    public static void Write(FrameWriter frame, Exception error)
    {
        SluiceException? known = error as SluiceException;
        frame.Byte(error switch
        {
            CorruptFileException => Corrupt,
            InvalidOperationException => Misused,
            _ => Plain,
        });
        frame.UInt32((uint)(known?.Code ?? ResultCode.Internal));
        frame.Text(error.Message);
        if (error is CorruptFileException corrupt)
        {
            frame.Text(corrupt.Path);
            frame.Text(corrupt.Place);
        }
    }

    public static Exception Read(ref FrameReader body)
    {
        byte kind = body.Byte();
        ResultCode code = (ResultCode)body.Int32();
        string message = body.Text();
        switch (kind)
        {
            case Plain:
                return new SluiceException(code, message);
            case Corrupt:
                string path = body.Text();
                string place = body.Text();
                string prefix = $"{path}: {place}: ";
                return new CorruptFileException(path, place, message.StartsWith(prefix, StringComparison.Ordinal) ? message[prefix.Length..] : message);
            case Misused:
                return new InvalidOperationException(message);
            default:
                throw new ProtocolException($"an error of kind {kind}");
        }
    }
}

/// <summary>The store's figures as JSON, so that a figure more or less is no other protocol.</summary>
[JsonSerializable(typeof(StoreStatistics))]
internal sealed partial class FiguresJson : JsonSerializerContext;
