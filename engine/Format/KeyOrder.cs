namespace Sluice.Engine.Format;

/// <summary>How one column of an index key sorts.</summary>
public readonly record struct KeyColumn(Collation Collation, bool Descending);

/// <summary>
/// The order of an index. A key is a record of the index's columns followed by the rowid
/// ("SQLite file format", section 2.4: the rowid makes every key distinct).
/// </summary>
public sealed class KeyOrder(KeyColumn[] columns, bool unique)
{
    /// <summary>The index's own columns; the rowid that follows them in a key sorts ascending and is not listed.</summary>
    public ReadOnlySpan<KeyColumn> Columns => columns;

    public int Count => columns.Length;

    /// <summary>Whether two rows may not share the same columns (rows with a NULL among them are exempt).</summary>
    public bool Unique { get; } = unique;
}
