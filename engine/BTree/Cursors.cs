using Sluice.Engine.Format;

namespace Sluice.Engine.BTree;

/// <summary>Where a seek puts a cursor, relative to the probe.</summary>
public enum SeekMode
{
    /// <summary>The first entry at or after the probe.</summary>
    GreaterOrEqual,

    /// <summary>The first entry after everything equal to the probe.</summary>
    Greater,

    /// <summary>The last entry at or before the probe.</summary>
    LessOrEqual,

    /// <summary>The last entry before everything equal to the probe.</summary>
    Less,
}

/// <summary>
/// A cursor over the rows of a table in rowid order. Moves return false when there is no such row; the cursor
/// then stands nowhere and its properties must not be read. Used by one thread at a time.
/// </summary>
public abstract class RowCursor
{
    public abstract bool MoveFirst();

    public abstract bool MoveLast();

    public abstract bool MoveNext();

    public abstract bool MovePrevious();

    public abstract bool Seek(long rowid, SeekMode mode);

    /// <summary>Finds exactly <paramref name="rowid"/>.</summary>
    public abstract bool SeekExact(long rowid);

    /// <summary>
    /// Says, before a seek, which rowid is the last that its reader is after: what the cursor finds beyond it does not count as read. Of use
    /// only where reads are noted.
    /// </summary>
    public virtual void Limit(long last)
    {
    }

    public abstract long Rowid { get; }

    /// <summary>The whole record of the current row, overflow pages included.</summary>
    public abstract Payload Record { get; }

    /// <summary>
    /// Turns a reader to the record of the current row. Where <see cref="LendRecords"/> was called its bytes may change with the next move of the
    /// cursor, unless <see cref="KeepRecord"/> is called before.
    /// </summary>
    public virtual void Show(ref RecordReader reader) => reader.Reset(Record);

    /// <summary>
    /// Lets a reader of many rows use one buffer for their pages, of which then few are kept for the next one.
    /// </summary>
    /// <param name="jumps">Whether it goes from place to place rather than through the rows in order: the same pages may be wanted again.</param>
    public virtual void LendRecords(bool jumps = false)
    {
    }

    /// <summary>Lends the rows from the current one on, in ascending order, as far as they can be read without the cursor; false when it cannot.</summary>
    internal virtual bool Lend(ref LeafLoan loan) => false;

    /// <summary>Moves to a row within the leaf that is lent.</summary>
    internal virtual void StandOn(int cell) => throw new InvalidOperationException("Nothing is lent.");

    /// <summary>The bytes of the current row's record are not to change: something refers to them.</summary>
    public virtual void KeepRecord()
    {
    }

    /// <summary>Bytes of the current row's record.</summary>
    public virtual int RecordLength => Record.Length;

    /// <summary>Copies bytes of the current row's record, from <paramref name="offset"/> on; only the overflow pages up to these are read.</summary>
    public virtual void ReadRecord(int offset, Span<byte> into) => Record.Span.Slice(offset, into.Length).CopyTo(into);

    /// <summary>The number of rows, as cheaply as the cursor can; the cursor then stands nowhere.</summary>
    public virtual long Count()
    {
        long count = 0;
        for (bool any = MoveFirst(); any; any = MoveNext())
        {
            count++;
        }

        return count;
    }
}

/// <summary>
/// A cursor over the keys of an index in key order. A probe is a prefix of the key's columns: an entry equals the
/// probe when that prefix is equal. The rowid may be given as the column after the last. Otherwise as <see cref="RowCursor"/>.
/// </summary>
public abstract class KeyCursor
{
    public abstract bool MoveFirst();

    public abstract bool MoveLast();

    public abstract bool MoveNext();

    public abstract bool MovePrevious();

    public abstract bool Seek(ReadOnlySpan<SqlValue> probe, SeekMode mode);

    /// <summary>
    /// Says, before a seek, where its reader will stop: past the probe, or already at it. As <see cref="RowCursor.Limit"/>.
    /// </summary>
    public virtual void Limit(ReadOnlySpan<SqlValue> last, bool inclusive)
    {
    }

    /// <summary>
    /// Lets a reader that goes from place to place use one buffer for the pages it has to read: the bytes of <see cref="Key"/> may then change with the next move,
    /// unless <see cref="KeepKey"/> is called before.
    /// </summary>
    public virtual void LendKeys()
    {
    }

    /// <summary>The bytes of the current key are not to change: something refers to them.</summary>
    public virtual void KeepKey()
    {
    }

    /// <summary>The whole key record: the index's columns, then the rowid.</summary>
    public abstract Payload Key { get; }

    /// <summary>The rowid at the end of the key.</summary>
    public abstract long Rowid { get; }
}
