using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Transactions;

/// <summary>
/// A transaction of a connection that has more than one database: main, temp and what is attached. It begins, marks and ends them together;
/// rows and pages are reached through <see cref="Of"/>.
/// <para>Its commit is one commit for each database, main first and temp last: each is whole or not at all, but a crash between two of them, or a
/// conflict in a later one, leaves the earlier ones committed, as SQLite does in WAL mode. What was written to one database only is not
/// touched by this.</para>
/// </summary>
internal sealed class JointTransaction : Transaction
{
    private readonly List<(string Name, Transaction Transaction, bool CanWrite)> _members = [];

    /// <summary>Each mark of this transaction as the marks of its members.</summary>
    private readonly List<List<int>> _marks = [];

    private readonly SchemasCache _known;
    private Schemas? _schemas;

    /// <param name="main">Of the main database; belongs to this one from now on.</param>
    /// <param name="canWrite">Whether main can be written at all.</param>
    /// <param name="known">Of the connection.</param>
    public JointTransaction(Transaction main, bool canWrite, SchemasCache known)
    {
        _members.Add((Schemas.MainName, main, canWrite));
        _known = known;
    }

    public override TransactionKind Kind => _members[0].Transaction.Kind;

    public override Schemas Schemas => _schemas is { } schemas && IsPresent(schemas)
        ? schemas
        : _schemas = _known.For([.. _members.Select(member => (member.Name, member.Transaction.Schema))]);

    public override bool HasWrites => _members.Exists(member => member.Transaction.HasWrites);

    public override Schema Schema => throw OfOneDatabase();

    internal override Execute.Spill.WorkSpace Work => _members[0].Transaction.Work;

    public override bool IsExclusive => throw OfOneDatabase();

    public override long LargestRowid(uint root) => throw OfOneDatabase();

    public override IPageSource Pages => throw OfOneDatabase();

    public override PageTransaction ExclusivePages => throw OfOneDatabase();

    public override BTreeWriter Trees => throw OfOneDatabase();

    /// <summary>Takes another database's transaction in, which belongs to this one from now on; it has all marks that are set.</summary>
    public void Add(string name, Transaction transaction, bool canWrite)
    {
        foreach (List<int> mark in _marks)
        {
            mark.Add(transaction.Mark());
        }

        _members.Add((name, transaction, canWrite));
    }

    /// <summary>Takes over a mark that was set in main's transaction while it was alone; in the order in which they were set.</summary>
    public int Adopt(int mainMark)
    {
        _marks.Add([mainMark]);
        return _marks.Count - 1;
    }

    public override Transaction Of(Schema? home)
    {
        foreach ((_, Transaction member, _) in _members)
        {
            if (member.Schema == home)
            {
                return member;
            }
        }

        throw new SluiceException(ResultCode.BusySchema, "database schema has changed");
    }

    public override void BeginWriting()
    {
        // Each database takes its locks at the first write to it: which ones a statement writes is not known before.
    }

    public override int Mark()
    {
        _marks.Add([.. _members.Select(member => member.Transaction.Mark())]);
        return _marks.Count - 1;
    }

    public override void RollbackTo(int mark)
    {
        for (int i = 0; i < _members.Count; i++)
        {
            _members[i].Transaction.RollbackTo(_marks[mark][i]);
        }

        _marks.RemoveRange(mark + 1, _marks.Count - mark - 1);
    }

    public override void Release(int mark)
    {
        for (int i = 0; i < _members.Count; i++)
        {
            _members[i].Transaction.Release(_marks[mark][i]);
        }

        _marks.RemoveRange(mark, _marks.Count - mark);
    }

    public override void Commit()
    {
        foreach (Transaction member in InOrderOfCommit())
        {
            member.Commit();
        }
    }

    public override async ValueTask CommitAsync()
    {
        foreach (Transaction member in InOrderOfCommit())
        {
            await member.CommitAsync().ConfigureAwait(false);
        }
    }

    public override void Rollback()
    {
        foreach ((_, Transaction member, _) in _members)
        {
            member.Rollback();
        }
    }

    public override void Dispose()
    {
        foreach ((_, Transaction member, _) in _members)
        {
            member.Dispose();
        }
    }

    public override RowCursor OpenRows(uint root) => throw OfOneDatabase();

    public override KeyCursor OpenKeys(uint root, KeyOrder order) => throw OfOneDatabase();

    public override long AllocateRowid(uint root) => throw OfOneDatabase();

    public override void GiveBackRowid(uint root, long rowid) => throw OfOneDatabase();

    public override void PutRow(uint root, long rowid, ReadOnlySpan<byte> record) => throw OfOneDatabase();

    public override void DeleteRow(uint root, long rowid) => throw OfOneDatabase();

    public override void ShareRow(uint root, long rowid) => throw OfOneDatabase();

    public override void ClaimRow(uint root, long rowid) => throw OfOneDatabase();

    public override void PutKey(uint root, KeyOrder order, ReadOnlySpan<byte> key) => throw OfOneDatabase();

    public override void DeleteKey(uint root, KeyOrder order, ReadOnlySpan<byte> key) => throw OfOneDatabase();

    /// <summary>Of all databases that can be written.</summary>
    public override void BecomeExclusive()
    {
        foreach ((_, Transaction member, _) in _members.Where(member => member.CanWrite))
        {
            member.BecomeExclusive();
        }
    }

    public override void SchemaChanged() => throw OfOneDatabase();

    /// <summary>Whether nothing came and no schema changed since.</summary>
    private bool IsPresent(Schemas schemas)
    {
        if (schemas.All.Count != _members.Count)
        {
            return false;
        }

        for (int i = 0; i < _members.Count; i++)
        {
            if (schemas.All[i].Schema != _members[i].Transaction.Schema)
            {
                return false;
            }
        }

        return true;
    }

    private static InvalidOperationException OfOneDatabase() => new("Pages and rows are those of one database: ask Of for its transaction.");

    private IEnumerable<Transaction> InOrderOfCommit()
    {
        foreach ((_, Transaction member, _) in _members.OrderBy(member => member.Name == Schemas.TempName))
        {
            member.Synchronous = Synchronous;
            yield return member;
        }
    }
}

/// <summary>The schemas that a connection's last transaction saw, so that statements are compiled anew only when one of them has changed.</summary>
internal sealed class SchemasCache
{
    private Schemas? _last;

    public Schemas For((string Name, Schema Schema)[] schemas)
    {
        if (_last?.AreOf(schemas) != true)
        {
            _last = new Schemas(schemas);
        }

        return _last;
    }
}
