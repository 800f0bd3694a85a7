using Sluice.Engine.Format;

namespace Sluice.Engine.BTree;

/// <content>Runs: rows or keys in ascending order, written a leaf at a time.</content>
public sealed partial class PageTreeWriter
{
    /// <summary>So few cells are put into a page one by one; for more it is written anew.</summary>
    private const int FewCells = 6;

    private readonly LeafRun _run = new();
    private readonly NodeContent _content = new();

    /// <summary>Puts a row as <see cref="PutRow"/>, at the latest with <see cref="EndRun"/>.</summary>
    public void PutNextRow(uint root, long rowid, ReadOnlySpan<byte> record)
    {
        if (_run.Count > 0 && !_path.IsNext(root, rowid))
        {
            EndRun();
        }

        if (_path.Find(root, rowid) || record.Length > CellFormat.MaxLocal(_transaction.UsableSize, tableLeaf: true))
        {
            EndRun();
            PutRow(root, rowid, record);
            return;
        }

        _run.AddRow(_path.Index(_path.Last), rowid, record);
        EndLongRun();
    }

    /// <summary>Puts a key as <see cref="PutKey"/>, at the latest with <see cref="EndRun"/>.</summary>
    public void PutNextKey(uint root, KeyOrder order, ReadOnlySpan<byte> key)
    {
        WholeKeyProbe probe = Probe(key, order);
        if (_run.Count > 0 && !_path.IsNext(root, probe))
        {
            EndRun();
        }

        if (_path.Find(root, probe) || key.Length > CellFormat.MaxLocal(_transaction.UsableSize, tableLeaf: false))
        {
            EndRun();
            PutKey(root, order, key);
            return;
        }

        _run.AddKey(_path.Index(_path.Last), key);
        EndLongRun();
    }

    /// <summary>Writes what has gathered.</summary>
    public void EndRun()
    {
        if (_run.Count == 0)
        {
            return;
        }

        int level = _path.Last;
        BTreePage page = _path.Parse(level);
        if (PageEditor.FreeBytes(_transaction, page) < _run.Size)
        {
            _balancer.Insert(level, _run);
        }
        else if (_run.Count <= FewCells)
        {
            for (int i = 0; i < _run.Count; i++)
            {
                (int index, TreeCell cell) = _run[i];
                _ = PageEditor.TryInsert(_transaction, page.Number, index + i, cell);
            }

            _path.Keep();
        }
        else
        {
            _content.Load(_transaction, page, _run);
            PageEditor.Write(_transaction, page.Number, _content);
            _path.Keep();
        }

        _run.Clear();
    }

    private void EndLongRun()
    {
        if (_run.Size >= LeafRun.MostBytes)
        {
            EndRun();
        }
    }
}
