using Sluice.Engine.Data;
using Sluice.Engine.Files;

namespace Sluice.Engine.Remote;

/// <summary>What a connection asks for when it opens a file.</summary>
internal sealed record OpeningRequest
{
    public required string Path { get; init; }

    public required DatabaseOptions Options { get; init; }

    public required SluiceSharing Sharing { get; init; }

    public required TimeSpan BusyTimeout { get; init; }

    /// <summary>Whether the last checkpoint will not do: the connection has seen newer commits before.</summary>
    public required bool MustBeLive { get; init; }
}

/// <summary>
/// How a connection comes to a session: as the owner of the file, else through the owner, else as a reader of the last checkpoint. Who owns
/// the file is decided by its lock alone; a socket only says where the owner can be reached.
/// <para>While a file is locked and nobody listens, its owner is just coming or going, or it is no Sluice that shares: that is waited for a while.</para>
/// </summary>
internal static class Opening
{
    /// <summary>An opener waits no longer than this for an owner that does not listen, even if its busy timeout is longer.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(2);

    /// <summary>One whose owner has ended waits at least this: the old owner may be writing its last checkpoint.</summary>
    private static readonly TimeSpan s_leastWaitForSuccessor = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Opens the file. The database, if there is one, is the connection's to dispose after the session.</summary>
    /// <exception cref="SluiceException">The file cannot be opened; or Busy, when it must be live and nobody shares it.</exception>
    public static (ISession Session, Database? Database) Open(OpeningRequest request)
    {
        long giveUpAt = Environment.TickCount64 + (long)Patience(request).TotalMilliseconds;
        TimeSpan pause = s_firstPause;
        while (true)
        {
            if (request.Sharing != SluiceSharing.Client && TryOwn(request) is { } owned)
            {
                return Connect(owned, request);
            }

            if (request.Sharing != SluiceSharing.Off && TryReachOwner(request) is { } remote)
            {
                return (remote, null);
            }

            if (Environment.TickCount64 >= giveUpAt)
            {
                break;
            }

            _ = CancellationToken.None.WaitHandle.WaitOne(pause);
            pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        }

        if (request.Sharing == SluiceSharing.Client)
        {
            throw new SluiceException(ResultCode.CannotOpen, $"unable to open database file: no process that owns {request.Path} shares it");
        }

        if (request.MustBeLive)
        {
            throw new SluiceException(ResultCode.Busy, $"database is locked: {request.Path} is owned by a process that does not share it");
        }

        return Connect(Database.OpenLastCheckpoint(request.Path, request.Options), request);
    }

    private static TimeSpan Patience(OpeningRequest request)
    {
        if (request.MustBeLive)
        {
            return request.BusyTimeout > s_leastWaitForSuccessor ? request.BusyTimeout : s_leastWaitForSuccessor;
        }

        return request.Sharing == SluiceSharing.Off ? TimeSpan.Zero : request.BusyTimeout < s_longestWait ? request.BusyTimeout : s_longestWait;
    }

    /// <summary>Null when another process owns the file, or this one may only read it and wants no more.</summary>
    private static Database? TryOwn(OpeningRequest request)
    {
        try
        {
            return Database.TryOwn(request.Path, request.Options);
        }
        catch (SluiceException error) when (
            error.PrimaryCode == ResultCode.CannotOpen && request.Options.ReadOnly && PosixFileSystem.Instance.Exists(request.Path))
        {
            return null;
        }
    }

    private static RemoteSession? TryReachOwner(OpeningRequest request)
    {
        try
        {
            return RemoteSession.TryOpen(PosixFileSystem.Instance.Canonical(request.Path), request.Options.ReadOnly, request.BusyTimeout);
        }
        catch (SluiceException error) when (error.Code == ResultCode.Permission && !request.MustBeLive && request.Sharing != SluiceSharing.Client)
        {
            // Who may not write the file may not reach its owner, but may read what is there.
            return null;
        }
    }

    private static (ISession Session, Database? Database) Connect(Database database, OpeningRequest request)
    {
        try
        {
            Session session = database.Connect(request.Options.ReadOnly);
            session.BusyTimeout = request.BusyTimeout;
            return (session, database);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
