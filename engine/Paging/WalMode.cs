using Sluice.Engine.Files;

namespace Sluice.Engine.Paging;

/// <summary>
/// Takes a database out of SQLite's WAL mode, as PRAGMA journal_mode=DELETE does: once its write-ahead log is checkpointed and gone, only the two
/// version bytes of the header still say WAL ("SQLite file format", section 1.3.3).
/// </summary>
internal static class WalMode
{
    private const int VersionsOffset = 18;

    /// <summary>
    /// Sets the version bytes of a file that the caller has reserved. Nothing happens when it is not in WAL mode, when a write-ahead log is
    /// there, or while another process has the file open: it is then refused, with what to do, when its header is read.
    /// </summary>
    public static void Leave(FileSystem fs, EngineFile file, SqliteLocks locks)
    {
        Span<byte> versions = stackalloc byte[2];
        if (file.Read(versions, VersionsOffset) < versions.Length || !versions.SequenceEqual<byte>([2, 2]) || fs.Exists(file.Path + "-wal"))
        {
            return;
        }

        if (locks.TryPending() && locks.TryExclusive())
        {
            // Both bytes lie in one sector: the write is whole or not there.
            file.Write([1, 1], VersionsOffset);
            file.Sync();
        }

        locks.DowngradeToReserved();
    }
}
