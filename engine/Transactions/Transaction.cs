using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Log;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Transactions;

public enum TransactionKind
{
    /// <summary>BEGIN: reads a snapshot; takes the plain-writer lock at its first write.</summary>
    Deferred,

    /// <summary>BEGIN IMMEDIATE: takes the plain-writer lock now, then its snapshot.</summary>
    Immediate,

    /// <summary>BEGIN EXCLUSIVE and DDL: alone among writers, straight on the pages.</summary>
    Exclusive,

    /// <summary>BEGIN CONCURRENT: waits for no other writer; the first writer of a row wins.</summary>
    Concurrent,
}

/// <summary>
/// A transaction on one database file: a snapshot of it, and what it has written itself. Used by one thread at a time.
/// <para>Tables and indexes are named by their root page. Rows are logged; index entries are derived from rows, so
/// whoever writes a row also writes its index entries.</para>
/// <para>Errors: <see cref="ResultCode.BusyConflict"/> when another transaction wrote the row or unique key first,
/// <see cref="ResultCode.Busy"/> when a lock was not to be had within the busy timeout, <see cref="ResultCode.BusySnapshot"/>
/// when a deferred transaction turns to writing on an old snapshot. After a conflict the transaction must be rolled back.</para>
/// </summary>
public abstract class Transaction : IDisposable
{
    public abstract TransactionKind Kind { get; }

    /// <summary>
    /// Whether nobody has seen anything of its snapshot, because it has only inserted rows so far: who drives it says so. Then it may become
    /// exclusive, on the newest state, also when others have committed since.
    /// </summary>
    public bool IsBlind { get; set; }

    /// <summary>When its commit is acknowledged; FULL unless set before.</summary>
    public Synchronous Synchronous { get; set; } = Synchronous.Full;

    /// <summary>The schema that this transaction sees.</summary>
    public abstract Schema Schema { get; }

    /// <summary>The schemas that a statement in this transaction may name.</summary>
    public virtual Schemas Schemas => Schema.Alone;

    /// <summary>The part of it that works on the database of a schema: itself, where there is only one.</summary>
    public virtual Transaction Of(Schema? home) => this;

    /// <summary>The part of it that works on the database that a table is in.</summary>
    public Transaction Of(Table table) => Of(table.Home);

    /// <summary>
    /// The pages under this transaction: the last checkpoint that it reads, or its own pages once it is exclusive. For checks and figures;
    /// rows are read through cursors.
    /// </summary>
    public abstract IPageSource Pages { get; }

    /// <summary>The page transaction; only after <see cref="BecomeExclusive"/>. For the fields of the file's header.</summary>
    public abstract PageTransaction ExclusivePages { get; }

    /// <summary>Where statements put rows aside that memory is too short for.</summary>
    internal abstract Execute.Spill.WorkSpace Work { get; }

    /// <summary>The largest rowid that a row of a table may have, in whatever transaction.</summary>
    public abstract long LargestRowid(uint root);

    /// <summary>Whether it writes pages directly, see <see cref="BecomeExclusive"/>.</summary>
    public abstract bool IsExclusive { get; }

    /// <summary>Whether it has written anything.</summary>
    public abstract bool HasWrites { get; }

    /// <summary>
    /// Says that a writing statement begins, before it reads anything: takes the locks that writing needs. A transaction that
    /// has not read yet then moves to the newest snapshot instead of failing on an old one. Without this call the first write does it.
    /// </summary>
    public abstract void BeginWriting();

    public abstract RowCursor OpenRows(uint root);

    public abstract KeyCursor OpenKeys(uint root, KeyOrder order);

    /// <summary>
    /// A new rowid for a table: larger than any that is there or was given to a transaction that is open. After the largest rowid
    /// there can be, any that is free, as in SQLite.
    /// </summary>
    public abstract long AllocateRowid(uint root);

    /// <summary>Says that a rowid that was allocated will not be used: its row is passed over.</summary>
    public abstract void GiveBackRowid(uint root, long rowid);

    /// <summary>Inserts a row or replaces the one with the same rowid. The record is copied.</summary>
    public abstract void PutRow(uint root, long rowid, ReadOnlySpan<byte> record);

    /// <summary>Removes a row; it must exist in this transaction's view.</summary>
    public abstract void DeleteRow(uint root, long rowid);

    /// <summary>
    /// Says that this transaction relies on a row being there: until it ends no other one may remove it or change its key. Both then write, and
    /// the second gets <see cref="ResultCode.BusyConflict"/>. Any number of transactions may rely on one row.
    /// </summary>
    public abstract void ShareRow(uint root, long rowid);

    /// <summary>
    /// Says that this transaction removes a row or changes its key, having found nothing that relies on it in its own snapshot.
    /// </summary>
    public abstract void ClaimRow(uint root, long rowid);

    /// <summary>Adds an index entry: a record of the index's columns and the rowid. It is copied.</summary>
    public abstract void PutKey(uint root, KeyOrder order, ReadOnlySpan<byte> key);

    public abstract void DeleteKey(uint root, KeyOrder order, ReadOnlySpan<byte> key);

    /// <summary>Marks the present state of this transaction's writes.</summary>
    public abstract int Mark();

    /// <summary>Takes back everything written since <paramref name="mark"/>, which stays set; newer marks are gone.</summary>
    public abstract void RollbackTo(int mark);

    /// <summary>
    /// Forgets <paramref name="mark"/> and newer ones: nobody will roll back to them. Whoever marks each statement of a long
    /// transaction releases each mark, or what is kept for them fills the memory.
    /// </summary>
    public abstract void Release(int mark);

    /// <summary>
    /// Makes this the only writer and lets it write pages directly, for DDL and bulk work: waits for the other writers,
    /// checkpoints, moves its own writes onto the pages. Nothing happens if it is so already.
    /// </summary>
    public abstract void BecomeExclusive();

    /// <summary>The B-trees themselves; only after <see cref="BecomeExclusive"/>.</summary>
    public abstract BTreeWriter Trees { get; }

    /// <summary>Reads the schema anew from sqlite_schema and raises the schema cookie; after DDL, only when exclusive.</summary>
    public abstract void SchemaChanged();

    /// <summary>Returns when the transaction is durable; a read transaction just ends.</summary>
    public abstract void Commit();

    /// <summary>Completes when the transaction is durable; no thread waits meanwhile.</summary>
    public abstract ValueTask CommitAsync();

    public abstract void Rollback();

    /// <summary>Rolls back if neither committed nor rolled back.</summary>
    public abstract void Dispose();
}
