using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Files;
using Sluice.Engine.Format;
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

    /// <summary>Puts the commits after a timestamp into the pages, so many bytes of changed pages at a time.</summary>
    private sealed class Replay(Pager pager, RedoLog log, long fileTimestamp, long portionBytes)
    {
        private readonly Dictionary<uint, (Table Table, RowCursor Rows, IndexKeys Keys)> _tables = [];
        private long _timestamp = fileTimestamp;
        private long _from = fileTimestamp;
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
                    Apply(batch.Path, root, rowid, deleted, record);
                }

                _timestamp = timestamp;
                if ((long)_pages!.ChangedPages * _pages.PageSize > portionBytes)
                {
                    CommitPortion(timestamp);
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

        private void Apply(string path, uint root, long rowid, bool deleted, ReadOnlySpan<byte> record)
        {
            (Table table, RowCursor rows, IndexKeys keys) = Open(path, root);
            if (rows.SeekExact(rowid))
            {
                Payload old = rows.Record;
                foreach (TableIndex index in table.Indexes)
                {
                    if (keys.Build(index, old, rowid) is { } key)
                    {
                        _trees!.DeleteKey(index.RootPage, index.Order, key);
                    }
                }
            }

            if (deleted)
            {
                _trees!.DeleteRow(root, rowid);
                return;
            }

            _trees!.PutRow(root, rowid, record);
            if (table.Indexes.Count > 0)
            {
                byte[] copy = record.ToArray();
                var payload = new Payload(copy, 0, copy.Length);
                foreach (TableIndex index in table.Indexes)
                {
                    if (keys.Build(index, payload, rowid) is { } key)
                    {
                        _trees.PutKey(index.RootPage, index.Order, key);
                    }
                }
            }
        }

        private (Table Table, RowCursor Rows, IndexKeys Keys) Open(string path, uint root)
        {
            if (_tables.TryGetValue(root, out (Table, RowCursor, IndexKeys) open))
            {
                return open;
            }

            if (!_schema.TryGetTable(root, out Table? table))
            {
                throw new CorruptFileException(path, $"commit {_timestamp + 1}", $"it changes a table with root page {root}, which {pager.Path} does not have");
            }

            (Table, RowCursor, IndexKeys) opened = (table, new TableCursor(_pages!, root), new IndexKeys(table));
            _tables.Add(root, opened);
            return opened;
        }

        private void CommitPortion(long timestamp)
        {
            if (_pages is null)
            {
                return;
            }

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
