using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>
/// Changes B-trees on the pages of a transaction. After a <see cref="CorruptFileException"/> the transaction must be rolled back.
/// <para>Rows and keys that come in order can be put as runs (<see cref="PutNextRow"/>, <see cref="PutNextKey"/>): what belongs to one leaf is gathered
/// and written at once. <see cref="EndRun"/> must be called before anything else is done with the pages.</para>
/// </summary>
public sealed partial class PageTreeWriter : BTreeWriter
{
    private readonly PageTransaction _transaction;
    private readonly WritePath _path;
    private readonly CellBuilder _cells;
    private readonly Balancer _balancer;

    /// <summary>The key being looked for, as an array.</summary>
    private byte[] _probe = new byte[256];

    public PageTreeWriter(PageTransaction transaction)
    {
        _transaction = transaction;
        _path = new WritePath(transaction);
        _cells = new CellBuilder(transaction);
        _balancer = new Balancer(transaction, _path);
    }

    public override uint CreateTable() => Create(PageKind.TableLeaf);

    public override uint CreateIndex() => Create(PageKind.IndexLeaf);

    public override void Drop(uint root) => TreeRemoval.Drop(_transaction, root);

    public override void Clear(uint root) => TreeRemoval.Clear(_transaction, root);

    public override void PutRow(uint root, long rowid, ReadOnlySpan<byte> record)
    {
        bool there = _path.Find(root, rowid);
        if (there && TryOverwrite(record))
        {
            return;
        }

        if (there)
        {
            RemoveCell();
        }

        InsertCell(_cells.TableRow(rowid, record), replaced: there);
    }

    public override bool HasRow(uint root, long rowid) => _path.Find(root, rowid);

    public override bool DeleteRow(uint root, long rowid)
    {
        if (!_path.Find(root, rowid))
        {
            return false;
        }

        RemoveCell();
        _balancer.AfterRemoval(_path.Last);
        return true;
    }

    public override void PutKey(uint root, KeyOrder order, ReadOnlySpan<byte> key)
    {
        WholeKeyProbe probe = Probe(key, order);
        bool there = _path.Find(root, probe);
        if (there && TryOverwrite(key))
        {
            return;
        }

        if (there)
        {
            // Equal by collation, different in bytes.
            Delete(root, order);
            _path.Find(root, probe);
        }

        InsertCell(_cells.IndexKey(key), replaced: false);
    }

    public override bool DeleteKey(uint root, KeyOrder order, ReadOnlySpan<byte> key)
    {
        WholeKeyProbe probe = Probe(key, order);
        if (!_path.Find(root, probe))
        {
            return false;
        }

        Delete(root, order);
        return true;
    }

    private uint Create(PageKind kind)
    {
        uint root = _transaction.Allocate();
        PageEditor.WriteEmpty(_transaction, root, kind);
        return root;
    }

    /// <summary>Writes a payload over one of the same length that is all on its page.</summary>
    private bool TryOverwrite(ReadOnlySpan<byte> payload)
    {
        BTreePage page = _path.Parse(_path.Last);
        CellView cell = page.Cell(_transaction, _path.Index(_path.Last));
        if (cell.PayloadLength != payload.Length || cell.LocalLength != payload.Length)
        {
            return false;
        }

        payload.CopyTo(_transaction.Writable(page.Number).AsSpan(cell.Payload));
        _path.Keep();
        return true;
    }

    /// <summary>Takes the path's cell off its leaf, with its overflow pages.</summary>
    private void RemoveCell()
    {
        FreeOverflow();
        PageEditor.Remove(_transaction, _path.Page(_path.Last), _path.Index(_path.Last));
    }

    private void FreeOverflow()
    {
        BTreePage page = _path.Parse(_path.Last);
        int index = _path.Index(_path.Last);
        OverflowChain.Free(_transaction, page.Number, index, page.Cell(_transaction, index));
    }

    private void InsertCell(in TreeCell cell, bool replaced)
    {
        int level = _path.Last;
        if (!PageEditor.TryInsert(_transaction, _path.Page(level), _path.Index(level), cell))
        {
            _balancer.Insert(level, _path.Index(level), cell);
        }
        else if (replaced)
        {
            _balancer.AfterRemoval(level);
        }
        else
        {
            _path.Keep();
        }
    }

    /// <summary>Deletes the key on which the path ends.</summary>
    private void Delete(uint root, KeyOrder order)
    {
        int level = _path.Last;
        if (_path.Parse(level).IsLeaf)
        {
            RemoveCell();
            _balancer.AfterRemoval(level);
            return;
        }

        // A key of an interior page divides its neighbours, so the last key before it takes its place.
        FreeOverflow();
        uint interior = _path.Page(level);
        int index = _path.Index(level);
        uint child = _path.Parse(level).Child(_transaction, index);
        _path.ToLeafBefore();
        BTreePage leaf = _path.Parse(_path.Last);
        int last = _path.Index(_path.Last);
        if (last < 0)
        {
            throw CorruptPage.At(_transaction, leaf.Number, "an empty page in a tree of several");
        }

        CellView cell = leaf.Cell(_transaction, last);
        TreeCell divider = TreeCell.From(leaf, cell).Copy(child);
        byte[] key = OverflowChain.Assemble(_transaction, leaf, last, cell).Span.ToArray();
        PageEditor.Remove(_transaction, leaf.Number, last);
        PageEditor.Remove(_transaction, interior, index);
        if (!PageEditor.TryInsert(_transaction, interior, index, divider))
        {
            // The pages above the leaf change: it is found again left of the key that divides now.
            _balancer.Insert(level, index, divider);
            _path.Find(root, new WholeKeyProbe(new Payload(key, 0, key.Length), order));
            _path.ToLeafBefore();
        }

        _balancer.AfterRemoval(_path.Last);
    }

    private WholeKeyProbe Probe(ReadOnlySpan<byte> key, KeyOrder order)
    {
        if (_probe.Length < key.Length)
        {
            _probe = new byte[key.Length * 2];
        }

        key.CopyTo(_probe);
        return new WholeKeyProbe(new Payload(_probe, 0, key.Length), order);
    }
}
