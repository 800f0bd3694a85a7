namespace Sluice.Engine.Remote;

/// <summary>
/// What goes over the owner's socket between a process that uses a database file and the one that owns it. Integers are big-endian.
/// <code>
/// frame   := length u32 (of what follows it: 5 to MaxFrameBytes), type u8, sequence u32, body
/// text    := length u32, UTF-8;  or 0xFFFFFFFF for none
/// value   := 0 | 1 integer i64 | 2 real f64 | 3 length u32, UTF-8 | 4 length u32, bytes
/// </code>
/// <para>1. The client's first frame is Hello, which the owner answers with Welcome, or with Error and the end of the connection.</para>
/// <para>2. Then the client asks and the owner answers, one at a time: an answer has its request's sequence number, and a second
/// request before it is an error. Only Interrupt comes meanwhile; it has the sequence number of the request it means and no answer.</para>
/// <para>3. Rows come in batches of about <see cref="BatchBytes"/>, the next one when it is asked for (Fetch), so neither side ever holds
/// more than a batch, and a client that does not read holds up nobody but itself.</para>
/// <para>4. A frame that is not of this protocol ends its connection, and that connection only.</para>
/// <para>5. An owner that closes in order first says Goodbye, with the sequence number of the last request it has begun: what came later has
/// not been done. A connection that ends without that leaves open what became of the request on its way.</para>
/// </summary>
internal static class Protocol
{
    /// <summary>Begins Hello, so that another program on the socket is told apart from another version.</summary>
    public const uint Magic = 0x534C4345;

    /// <summary>Raised with every change of the frames; both sides must have the same.</summary>
    public const ushort Version = 1;

    /// <summary>Length, type and sequence number.</summary>
    public const int HeaderBytes = 9;

    /// <summary>The bytes of a header that <c>length</c> counts.</summary>
    public const int CountedHeaderBytes = 5;

    /// <summary>
    /// The most that a frame may have: what one value, one row or one statement with its parameters may take here. Memory is taken only
    /// as the bytes arrive.
    /// </summary>
    public const int MaxFrameBytes = 64 << 20;

    /// <summary>The most of a frame that is taken on trust, before its bytes are there.</summary>
    public const int TrustedBytes = 256 << 10;

    /// <summary>The most that Hello may have: who has not yet said hello is not trusted with more.</summary>
    public const int MaxHelloBytes = 256;

    /// <summary>A batch of rows ends with the row that reaches this; below the size from which .NET keeps arrays apart.</summary>
    public const int BatchBytes = 48 << 10;

    /// <summary>A batch of rows also ends after this time, so that rows which come slowly are seen.</summary>
    public const int BatchMs = 20;

    /// <summary>The most prepared statements and appenders of a connection.</summary>
    public const int MaxHandles = 4096;

    /// <summary>The most columns, parameters or values of a row (SQLite's SQLITE_MAX_VARIABLE_NUMBER, sqlite.org/limits.html).</summary>
    public const int MaxValues = 32_766;
}

/// <summary>The frames; those of the owner have the high bit.</summary>
internal enum FrameType : byte
{
    Hello = 1,

    /// <summary>Prepares a statement, without running it; answered by Described.</summary>
    Describe = 2,

    /// <summary>Runs a statement up to its first batch of rows; answered by Rows.</summary>
    Run = 3,

    /// <summary>The next batch; answered by Rows.</summary>
    Fetch = 4,

    /// <summary>Ends a statement's run; answered by Done.</summary>
    Reset = 5,

    /// <summary>Makes an appender; answered by AppenderReady.</summary>
    OpenAppender = 6,

    /// <summary>Writes a row; answered by Appended.</summary>
    Append = 7,

    /// <summary>Asks for a table's stable horizon; answered by Horizon.</summary>
    AskHorizon = 8,

    /// <summary>Asks for the store's figures; answered by Figures.</summary>
    AskFigures = 9,

    /// <summary>Interrupts the request of its sequence number, if that still runs.</summary>
    Interrupt = 10,

    Welcome = 0x81,
    Described = 0x82,
    Rows = 0x83,
    Done = 0x84,
    AppenderReady = 0x85,
    Appended = 0x86,
    Horizon = 0x87,
    Figures = 0x88,

    /// <summary>The request failed.</summary>
    Error = 0x89,

    /// <summary>The owner closes; its sequence number is that of the last request that it began.</summary>
    Goodbye = 0x8A,
}

/// <summary>A frame whose bytes cannot be what they should be: the connection it came over ends.</summary>
internal sealed class ProtocolException(string message) : Exception(message);

/// <summary>A frame that has arrived; its body belongs to whoever received it, and values may go on referring to it.</summary>
internal readonly record struct Frame(FrameType Type, uint Sequence, byte[] Body);
