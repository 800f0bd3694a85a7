using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Transactions;

/// <summary>
/// The pages of an exclusive transaction: it reads and writes them directly. Its marks are those of the page transaction, one for each mark
/// of the transaction.
/// </summary>
internal sealed class ExclusiveWriter : BTreeWriter
{
    private readonly Store _store;
    private readonly Schema _before;
    private readonly PageTreeWriter _trees;

    // Rowids of tables that this transaction made begin anew, also on a page where another table was.
    private readonly Dictionary<uint, RowidCounter> _freshCounters = [];
    private readonly List<uint> _droppedRoots = [];
    private readonly List<int> _droppedAtMark = [];

    // The counter last asked for: mostly one table is written.
    private uint _counterRoot;
    private RowidCounter? _counter;

    public ExclusiveWriter(Store store, PageTransaction pages, Schema schema)
    {
        _store = store;
        _before = schema;
        _trees = new PageTreeWriter(pages);
        Pages = pages;
        Schema = schema;
    }

    public PageTransaction Pages { get; }

    public Schema Schema { get; private set; }

    public bool HasNewSchema => !ReferenceEquals(Schema, _before);

    public RowidCounter Counter(uint root)
    {
        if (_counter is null || _counterRoot != root)
        {
            _counter = FindCounter(root);
            _counterRoot = root;
        }

        return _counter;
    }

    public int Mark()
    {
        _droppedAtMark.Add(_droppedRoots.Count);
        return Pages.Mark();
    }

    public void RollbackTo(int mark)
    {
        Pages.RollbackTo(mark);
        _droppedRoots.RemoveRange(_droppedAtMark[mark], _droppedRoots.Count - _droppedAtMark[mark]);
        _droppedAtMark.RemoveRange(mark + 1, _droppedAtMark.Count - mark - 1);
        _freshCounters.Clear();
        _counter = null;
        if (Pages.SchemaCookie == _before.Cookie)
        {
            Schema = _before;
        }
        else if (Pages.SchemaCookie != Schema.Cookie)
        {
            LoadSchema();
        }
    }

    public void Release(int mark)
    {
        Pages.Release(mark);
        _droppedAtMark.RemoveRange(mark, _droppedAtMark.Count - mark);
    }

    public void SchemaChanged()
    {
        Pages.SchemaCookie++;
        LoadSchema();
    }

    /// <summary>After the commit: the store goes on with the counters of the new tables.</summary>
    public void HandOverCounters()
    {
        foreach (uint root in _droppedRoots)
        {
            _store.SetCounter(root, null);
        }

        foreach ((uint root, RowidCounter counter) in _freshCounters)
        {
            _store.SetCounter(root, counter);
        }
    }

    public override uint CreateTable() => _trees.CreateTable();

    public override uint CreateIndex() => _trees.CreateIndex();

    public override void Drop(uint root)
    {
        _droppedRoots.Add(root);
        _freshCounters.Remove(root);
        _counter = null;
        _trees.Drop(root);
    }

    public override void Clear(uint root) => _trees.Clear(root);

    public override void PutRow(uint root, long rowid, ReadOnlySpan<byte> record) => _trees.PutRow(root, rowid, record);

    public override bool HasRow(uint root, long rowid) => _trees.HasRow(root, rowid);

    public override bool DeleteRow(uint root, long rowid) => _trees.DeleteRow(root, rowid);

    public override void PutKey(uint root, KeyOrder order, ReadOnlySpan<byte> key) => _trees.PutKey(root, order, key);

    public override bool DeleteKey(uint root, KeyOrder order, ReadOnlySpan<byte> key) => _trees.DeleteKey(root, order, key);

    private RowidCounter FindCounter(uint root)
    {
        if (!_droppedRoots.Contains(root) && _before.TryGetTable(root, out _))
        {
            return _store.Counter(root);
        }

        if (!_freshCounters.TryGetValue(root, out RowidCounter? counter))
        {
            counter = RowidCounter.After(new TableCursor(Pages, root));
            _freshCounters.Add(root, counter);
        }

        return counter;
    }

    private void LoadSchema() =>
        Schema = SchemaLoader.Load(new TableCursor(Pages, 1), Pages.SchemaCookie, Pages.Path, Pages.Base.Header.SchemaFormat, root => new TableCursor(Pages, root));
}
