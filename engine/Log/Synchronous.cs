namespace Sluice.Engine.Log;

/// <summary>
/// When a commit is acknowledged (PRAGMA synchronous). Whatever is chosen, a crash leaves a database that is whole: all commits up to some
/// moment, none after it, none in part. A reader sees a commit when it is acknowledged.
/// </summary>
public enum Synchronous
{
    /// <summary>
    /// When it is in the log file, which nobody is asked to sync for it: it survives the end of the process, and a power cut once another
    /// commit, a full segment of the log or a checkpoint has brought it to the disk.
    /// </summary>
    Off = 0,

    /// <summary>When it is in the log file, which is synced within <see cref="GroupCommit.NormalSyncDelay"/>: a power cut takes back no more than that.</summary>
    Normal = 1,

    /// <summary>When it is on the disk: a power cut cannot take it back.</summary>
    Full = 2,
}
