using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Checkpoint;

/// <summary>The rows of one table that recovery has read from the log, each in its last form, and the way from there to the pages.</summary>
internal sealed class RowRedo(Table table)
{
    /// <summary>Bytes of memory of a row beside its record: its entry in the dictionary, the array's header, and as much again for index entries.</summary>
    private const int OverheadBytes = 128;

    /// <summary>The record of each row; null for one that is deleted.</summary>
    private readonly Dictionary<long, byte[]?> _rows = [];
    private readonly IndexKeys _keys = new(table);

    /// <summary>Takes a row as the next commit leaves it; returns the memory that it takes.</summary>
    public long Add(long rowid, byte[]? record)
    {
        _rows[rowid] = record;
        return OverheadBytes + (record?.Length ?? 0);
    }

    /// <summary>Puts the rows and the index entries that follow from them into the pages, and forgets them.</summary>
    public void Apply(PageTransaction pages, PageTreeWriter trees)
    {
        long[] rowids = [.. _rows.Keys];
        Array.Sort(rowids);
        List<byte[]>[] removed = NewLists();
        List<byte[]>[] added = NewLists();
        GatherKeys(pages, rowids, removed, added);
        foreach (long rowid in rowids)
        {
            if (_rows[rowid] is { } record)
            {
                trees.PutNextRow(table.RootPage, rowid, record);
            }
            else
            {
                trees.EndRun();
                trees.DeleteRow(table.RootPage, rowid);
            }
        }

        trees.EndRun();
        for (int i = 0; i < table.Indexes.Count; i++)
        {
            ApplyKeys(trees, table.Indexes[i], removed[i], added[i]);
        }

        _rows.Clear();
    }

    private static void ApplyKeys(PageTreeWriter trees, TableIndex index, List<byte[]> removed, List<byte[]> added)
    {
        foreach (byte[] key in removed)
        {
            trees.DeleteKey(index.RootPage, index.Order, key);
        }

        added.Sort((x, y) => KeyComparer.Compare(new Payload(x, 0, x.Length), new Payload(y, 0, y.Length), index.Order));
        foreach (byte[] key in added)
        {
            trees.PutNextKey(index.RootPage, index.Order, key);
        }

        trees.EndRun();
    }

    /// <summary>The entries, by index, of the rows that the pages have, and those of the rows that come. Nothing is written meanwhile.</summary>
    private void GatherKeys(PageTransaction pages, long[] rowids, List<byte[]>[] removed, List<byte[]>[] added)
    {
        if (table.Indexes.Count == 0)
        {
            return;
        }

        var rows = new TableCursor(pages, table.RootPage);
        long last = rows.MoveLast() ? rows.Rowid : long.MinValue;
        foreach (long rowid in rowids)
        {
            if (rowid <= last && rows.SeekExact(rowid))
            {
                AddKeys(removed, rows.Record, rowid);
            }

            if (_rows[rowid] is { } record)
            {
                AddKeys(added, new Payload(record, 0, record.Length), rowid);
            }
        }
    }

    private void AddKeys(List<byte[]>[] lists, in Payload record, long rowid)
    {
        for (int i = 0; i < lists.Length; i++)
        {
            if (_keys.Build(table.Indexes[i], record, rowid) is { } key)
            {
                lists[i].Add(key);
            }
        }
    }

    private List<byte[]>[] NewLists() => [.. table.Indexes.Select(static _ => new List<byte[]>())];
}
