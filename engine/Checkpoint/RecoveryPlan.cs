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
//   begins late   | known                             | first one missing | CorruptFileException: segments are missing
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

        if (!log.HasBatches || log.LastCommit < log.FirstCommit)
        {
            return new RecoveryPlan(RecoveryAction.Discard, log.LastCommit);
        }

        if (FileTimestampOf(log, file) is not { } timestamp)
        {
            return log.LastCommit <= log.Done
                ? new RecoveryPlan(RecoveryAction.Discard, log.LastCommit)
                : throw Foreign(log, file, databasePath);
        }

        if (log.LastCommit <= timestamp)
        {
            return new RecoveryPlan(RecoveryAction.Discard, log.LastCommit);
        }

        if (log.FirstCommit > timestamp + 1)
        {
            throw new CorruptFileException(
                log.Segments[0].File.Path,
                "first batch",
                $"the log begins with commit {log.FirstCommit}, but the database file holds those up to {timestamp} only: a segment of the log is missing or its header is damaged");
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
