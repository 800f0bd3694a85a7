using Sluice.Engine.Log;

namespace Sluice.Engine.Checkpoint;

// What opening does, decided before anything is changed. "The file" is the page file after the pager has looked at its journal:
//
//   journal | what the pager does (Paging)
//   --------+------------------------------------------------------------------------------------------------------------------
//   none    | nothing
//   cold    | an emptied, zeroed or locked journal is no journal: nothing
//   hot     | plays it back: the file is as before the page commit, its change counter too
//   torn    | plays back the whole records that it has; the pages that it had not synced were not written
//
//   log           | change counter of the file        | commits behind it | outcome
//   --------------+-----------------------------------+-------------------+--------------------------------------------
//   none          | any                               | -                 | start (None)
//   no batch      | any                               | -                 | remove the log (Discard): it was being made
//   whole         | after the last Intent             | none              | Discard
//   whole         | after the last Intent             | some              | Replay those after Intent.To
//   whole         | before the last Intent            | some              | Replay those after Intent.From: the page commit did not happen
//   whole         | of the Base note                  | some              | Replay those after Base
//   torn tail     | as above                          | as above          | as above, without what was not whole; it was never acknowledged
//   torn middle   | any                               | any               | CorruptFileException from LogScan; nothing is changed
//   begins late   | known                             | first one missing | CorruptFileException: a segment is missing or its header is damaged
//   without notes | any                               | some              | the same: every whole log has a note
//   any           | known, but another page count     | some              | refuse, as foreign
//   older, newer  | foreign: in no note               | none after Done   | Discard: the file had it all before it was changed
//   older, newer  | foreign: in no note               | some              | refuse: another program changed the file; nothing is dropped
//
// Several Intents may name one counter, when a page commit failed and was tried again later; the newest is the one that can have happened.

/// <summary>What to do with a log that was found.</summary>
internal enum RecoveryAction
{
    /// <summary>There is no log.</summary>
    None,

    /// <summary>All its commits are in the page file.</summary>
    Discard,

    /// <summary>Commits after <see cref="RecoveryPlan.FileTimestamp"/> go to the page file.</summary>
    Replay,
}

/// <summary>The outcome of the table above.</summary>
internal readonly record struct RecoveryPlan(RecoveryAction Action, long FileTimestamp)
{
    /// <exception cref="SluiceException">The file and the log do not belong together, or the log is incomplete.</exception>
    public static RecoveryPlan Decide(LogScan? log, FileMark file, string databasePath)
    {
        if (log is null)
        {
            return new RecoveryPlan(RecoveryAction.None, 0);
        }

        if (!log.HasBatches)
        {
            return new RecoveryPlan(RecoveryAction.Discard, log.LastCommit);
        }

        bool hasCommits = log.LastCommit >= log.FirstCommit;
        if (FileTimestampOf(log, file) is not { } timestamp)
        {
            if (!hasCommits || log.LastCommit <= log.Done)
            {
                return new RecoveryPlan(RecoveryAction.Discard, log.LastCommit);
            }

            // Every log begins with a note, and keeps the last one: without any its begin is lost, whatever the file is.
            bool isBeginLost = log.DamagedPath is not null || (log.Base is null && log.Intents.Count == 0);
            throw isBeginLost
                ? BeginIsLost(log, "it does not say which state of the database file it follows")
                : Foreign(log, file, databasePath);
        }

        // Commits that an Intent was about are in the log as long as the file does not hold them.
        long newest = log.Intents.Count > 0 ? Math.Max(log.LastCommit, log.Intents[^1].To) : log.LastCommit;
        if (newest <= timestamp)
        {
            return new RecoveryPlan(RecoveryAction.Discard, log.LastCommit);
        }

        if (!hasCommits || log.FirstCommit > timestamp + 1)
        {
            throw BeginIsLost(log, $"the database file holds the commits up to {timestamp} only");
        }

        return new RecoveryPlan(RecoveryAction.Replay, timestamp);
    }

    private static long? FileTimestampOf(LogScan log, FileMark file)
    {
        for (int i = log.Intents.Count - 1; i >= 0; i--)
        {
            CheckpointIntent intent = log.Intents[i];
            if (intent.After.ChangeCounter == file.ChangeCounter)
            {
                return intent.After == file ? intent.To : null;
            }

            if (intent.CounterBefore == file.ChangeCounter)
            {
                return intent.From;
            }
        }

        return log.Base is { } start && start.Mark == file ? start.Timestamp : null;
    }

    /// <param name="log">The log without its begin.</param>
    /// <param name="why">Why what is left of it is not enough.</param>
    private static CorruptFileException BeginIsLost(LogScan log, string why)
    {
        LogSegment first = log.Segments[0];
        string rest = $"the rest of the redo log begins in {first.File.Path} (segment {first.Number}, commit {log.FirstCommit}), and {why}";
        return log.DamagedPath is { } damaged
            ? LogScan.HeaderIsDamaged(damaged, rest)
            : new CorruptFileException(
                log.MissingPath ?? first.File.Path,
                $"segment {first.Number - 1} of the redo log",
                $"it is missing or its header is damaged: {rest}. Nothing was changed");
    }

    private static SluiceException Foreign(LogScan log, FileMark file, string databasePath)
    {
        string segment = log.Segments[0].File.Path;
        uint expected = log.Intents.Count > 0 ? log.Intents[^1].After.ChangeCounter : log.Base?.Mark.ChangeCounter ?? 0;
        return new SluiceException(
            ResultCode.CannotOpen,
            $"{databasePath}: another program changed or replaced the file (change counter {file.ChangeCounter}, {file.PageCount} pages; the redo log {segment} expects change counter {expected}) "
            + $"while up to {log.LastCommit - log.Done} committed transactions were only in the log. Nothing was changed. "
            + $"Put the file back as it was and open it again; or, to keep it as it is and give those transactions up, move {databasePath}-log.* away");
    }
}
