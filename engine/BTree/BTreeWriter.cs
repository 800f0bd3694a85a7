using Sluice.Engine.Format;

namespace Sluice.Engine.BTree;

/// <summary>Changes B-trees within one page transaction.</summary>
public abstract class BTreeWriter
{
    /// <summary>Makes an empty table B-tree and returns its root page.</summary>
    public abstract uint CreateTable();

    public abstract uint CreateIndex();

    /// <summary>Frees all pages of a tree, its root too.</summary>
    public abstract void Drop(uint root);

    /// <summary>Empties a tree but keeps its root.</summary>
    public abstract void Clear(uint root);

    public abstract void PutRow(uint root, long rowid, ReadOnlySpan<byte> record);

    /// <summary>Whether a row is there, for who is about to write there: its page need not stay as it is for a reader.</summary>
    public abstract bool HasRow(uint root, long rowid);

    /// <summary>Whether the row was there.</summary>
    public abstract bool DeleteRow(uint root, long rowid);

    public abstract void PutKey(uint root, KeyOrder order, ReadOnlySpan<byte> key);

    /// <summary>Whether the key was there.</summary>
    public abstract bool DeleteKey(uint root, KeyOrder order, ReadOnlySpan<byte> key);
}
