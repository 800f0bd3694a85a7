using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Files;
using Sluice.Engine.Log;
using Sluice.Engine.Paging;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Checkpoint;

/// <summary>
/// Brings a page file up to date with the log that a crash left, by <see cref="RecoveryPlan"/>. Rows are put as they were logged, so doing it
/// twice does no harm; index entries follow from the old and the new row. Large logs go to the pages in portions, each announced
/// in the log as a checkpoint is, so a crash during recovery is recovered the same way. At the end the log is removed.
/// </summary>
internal static class Recovery
{
    /// <summary>How long to wait for other processes that read the file.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    public static void Run(FileSystem fileSystem, Pager pager, StoreOptions options)
    {
        using LogScan? scan = LogScan.Open(fileSystem, pager.Path);
        FileMark file;
        using (BaseSnapshot pages = pager.Pin())
        {
            file = new FileMark(pages.Header.ChangeCounter, pages.PageCount);
        }

        RecoveryPlan plan = RecoveryPlan.Decide(scan, file, pager.Path);
        if (scan is null)
        {
            return;
        }

        foreach (string path in scan.UnusedPaths)
        {
            fileSystem.Delete(path);
        }

        RedoLog? log = scan.Segments.Count > 0 ? scan.ContinueWriting(fileSystem, options.SegmentBytes) : null;
        try
        {
            if (plan.Action == RecoveryAction.Replay)
            {
                new Replay(pager, log!, plan.FileTimestamp, options.MemoryLimitBytes).Run(scan);
            }

            log?.RemoveFiles();
        }
        finally
        {
            log?.Dispose();
        }
    }

    /// <summary>
    /// Puts the commits after a timestamp into the pages, so many bytes of changed pages at a time. Rows gather in their last form and go to the pages
    /// in the order of their rowids, index entries in the order of their keys, a leaf at a time.
    /// </summary>
    private sealed class Replay(Pager pager, RedoLog log, long fileTimestamp, long portionBytes)
    {
        private readonly Dictionary<uint, RowRedo> _tables = [];
        private long _timestamp = fileTimestamp;
        private long _from = fileTimestamp;
        private long _gatheredBytes;
        private PageTransaction? _pages;
        private PageTreeWriter? _trees;
        private Schema _schema = Schema.Empty;

        public void Run(LogScan scan)
        {
            try
            {
                scan.Replay(Take);
                CommitPortion(scan.LastCommit);
            }
            finally
            {
                _pages?.Dispose();
            }
        }

        private void Take(LogScan.Batch batch)
        {
            RedoReader records = batch.Records;
            long timestamp = batch.Header.FirstCommit - 1;
            while (records.NextRecord())
            {
                if (records.Type != LogRecordType.Commit || ++timestamp <= _timestamp)
                {
                    continue;
                }

                Begin();
                while (records.NextRow(out uint root, out long rowid, out bool deleted, out ReadOnlySpan<byte> record))
                {
                    _gatheredBytes += Table(batch.Path, root).Add(rowid, deleted ? null : record.ToArray());
                }

                _timestamp = timestamp;
                if (_gatheredBytes > portionBytes / 4)
                {
                    Apply();
                    if ((long)_pages!.ChangedPages * _pages.PageSize > portionBytes)
                    {
                        CommitPortion(timestamp);
                    }
                }
            }
        }

        private void Begin()
        {
            if (_pages is null)
            {
                _pages = pager.BeginWrite();
                _trees = new PageTreeWriter(_pages);
                _schema = SchemaLoader.Load(new TableCursor(_pages, 1), _pages.SchemaCookie, _pages.Path, _pages.Base.Header.SchemaFormat);
            }
        }

        private RowRedo Table(string path, uint root)
        {
            if (_tables.TryGetValue(root, out RowRedo? open))
            {
                return open;
            }

            if (!_schema.TryGetTable(root, out Table? table))
            {
                throw new CorruptFileException(path, $"commit {_timestamp + 1}", $"it changes a table with root page {root}, which {pager.Path} does not have");
            }

            RowRedo opened = new(table);
            _tables.Add(root, opened);
            return opened;
        }

        /// <summary>Puts what has gathered into the pages.</summary>
        private void Apply()
        {
            foreach (RowRedo table in _tables.Values)
            {
                table.Apply(_pages!, _trees!);
            }

            _gatheredBytes = 0;
        }

        private void CommitPortion(long timestamp)
        {
            if (_pages is null)
            {
                return;
            }

            Apply();
            BaseSnapshot before = _pages.Base;
            var beforeMark = new FileMark(before.Header.ChangeCounter, before.PageCount);
            FileMark after = _pages.HasChanges ? new FileMark(_pages.NextChangeCounter, _pages.PageCount) : beforeMark;
            Announce(new CheckpointIntent(_from, beforeMark.ChangeCounter, timestamp, after));
            _pages.Commit(s_patience, CancellationToken.None);
            _from = timestamp;
            _tables.Clear();
            _pages = null;
        }

        private void Announce(in CheckpointIntent intent)
        {
            var batch = new LogBatch();
            batch.AddNote(RedoBuilder.Intent(intent), intent: true, pending: null);
            batch.WriteTo(log);
        }
    }
}
