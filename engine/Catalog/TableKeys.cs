using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Catalog;

/// <summary>An index that PRIMARY KEY ('p') or UNIQUE ('u') makes.</summary>
/// <param name="Columns">Ordinals of the table's columns.</param>
/// <param name="Order">Collations and directions; unique.</param>
/// <param name="Origin">'p' or 'u'.</param>
/// <param name="OnConflict">The constraint's ON CONFLICT.</param>
public sealed record AutomaticIndex(IReadOnlyList<int> Columns, KeyOrder Order, char Origin, ConflictAction OnConflict);

/// <summary>
/// What the keys of a CREATE TABLE come to: the alias of the rowid and the automatic indexes, numbered from 1 in the order in which
/// their constraints are written; a constraint that repeats an earlier one's columns and collations makes none
/// ("CREATE TABLE", section 3.6 and 5).
/// </summary>
public sealed class TableKeys
{
    private readonly CreateTableStatement _node;
    private readonly List<AutomaticIndex> _indexes = [];
    private bool _hasPrimaryKey;
    private (IndexedColumn Column, ConflictAction OnConflict)? _integerKey;

    /// <summary>How many automatic indexes come before the primary key of a WITHOUT ROWID table.</summary>
    private int _clusteredAt = int.MaxValue;

    private TableKeys(CreateTableStatement node)
    {
        _node = node;
    }

    /// <summary>The ordinal of the INTEGER PRIMARY KEY, or -1.</summary>
    public int RowidAlias { get; private set; } = -1;

    /// <summary>ON CONFLICT of the INTEGER PRIMARY KEY.</summary>
    public ConflictAction RowidConflict { get; private set; }

    /// <summary>AUTOINCREMENT was written.</summary>
    public bool IsAutoincrement { get; private set; }

    /// <summary>Ordinals of the primary key's columns in its order, one written twice is in it twice; empty without one.</summary>
    public IReadOnlyList<int> PrimaryKey { get; private set; } = [];

    public IReadOnlyList<AutomaticIndex> Indexes => _indexes;

    /// <summary>The primary key of a WITHOUT ROWID table, each column once: the table itself is ordered by it. Null for a table with rowids.</summary>
    public AutomaticIndex? Clustered { get; private set; }

    /// <summary>The number that <see cref="Clustered"/> has among the automatic indexes, from 1.</summary>
    public int ClusteredNumber => _clusteredAt + 1;

    /// <summary>The number of an automatic index in its name: the primary key of a WITHOUT ROWID table has one too, but no tree of its own.</summary>
    public int NumberOf(int index) => index + (_clusteredAt <= index ? 2 : 1);

    /// <exception cref="SluiceException">A key names no column, or is written twice; in SQLite's words.</exception>
    public static TableKeys Of(CreateTableStatement node)
    {
        TableKeys keys = new(node);
        for (int i = 0; i < node.Columns.Count; i++)
        {
            keys.AddColumn(i);
        }

        foreach (TableConstraint constraint in node.Constraints)
        {
            if (constraint is PrimaryKeyTable primary)
            {
                keys.AddPrimaryKey(primary.Columns, primary.OnConflict, primary.Autoincrement, descendingColumn: false);
            }
            else if (constraint is UniqueTable unique)
            {
                keys.Add(unique.Columns, 'u', unique.OnConflict);
            }
        }

        if (keys._integerKey is { } key)
        {
            keys.Cluster([key.Column], key.OnConflict);
        }

        return node.WithoutRowid && keys.Clustered is null
            ? throw new SluiceException(ResultCode.Error, $"PRIMARY KEY missing on table {node.Name.Name}")
            : keys;
    }

    /// <summary>The name that sqlite_schema has for the index with that number ("SQLite file format", section 2.6.2).</summary>
    public static string NameOf(string table, int number) => $"sqlite_autoindex_{table}_{number}";

    /// <summary>A collation by its name in any case.</summary>
    /// <exception cref="SluiceException">"no such collation sequence".</exception>
    public static Collation CollationNamed(string name) => name.ToUpperInvariant() switch
    {
        "BINARY" => Collation.Binary,
        "NOCASE" => Collation.NoCase,
        "RTRIM" => Collation.RTrim,
        _ => throw new SluiceException(ResultCode.MissingCollation, $"no such collation sequence: {name}"),
    };

    /// <summary>The collation that a column is declared with.</summary>
    public static Collation CollationOf(ColumnDefinition column) =>
        column.Constraints.OfType<CollateColumn>().LastOrDefault() is { } collate ? CollationNamed(collate.Collation) : Collation.Binary;

    private void AddColumn(int ordinal)
    {
        ColumnDefinition column = _node.Columns[ordinal];
        foreach (ColumnConstraint constraint in column.Constraints)
        {
            IndexedColumn key = new(new ColumnNode(null, null, column.Name, DoubleQuoted: false), null, constraint is PrimaryKeyColumn { Descending: true });
            if (constraint is PrimaryKeyColumn primary)
            {
                AddPrimaryKey([key], primary.OnConflict, primary.Autoincrement, primary.Descending);
            }
            else if (constraint is UniqueColumn unique)
            {
                Add([key], 'u', unique.OnConflict);
            }
        }
    }

    /// <summary>
    /// A single column of the type INTEGER becomes the rowid; but not, for a mistake of early SQLite that stays, a column with
    /// "PRIMARY KEY DESC" ("ROWIDs and the INTEGER PRIMARY KEY", in lang_createtable.html, section 5).
    /// </summary>
    private void AddPrimaryKey(IReadOnlyList<IndexedColumn> columns, ConflictAction onConflict, bool autoincrement, bool descendingColumn)
    {
        if (_hasPrimaryKey)
        {
            throw new SluiceException(ResultCode.Error, $"table \"{_node.Name.Name}\" has more than one primary key");
        }

        _hasPrimaryKey = true;
        int[] ordinals = [.. columns.Select(OrdinalOf)];
        if (ordinals.Any(ordinal => _node.Columns[ordinal].Constraints.Any(constraint => constraint is GeneratedColumn)))
        {
            throw new SluiceException(ResultCode.Error, "generated columns cannot be part of the PRIMARY KEY");
        }

        PrimaryKey = ordinals;
        bool isInteger = ordinals.Length == 1 && "INTEGER".Equals(_node.Columns[ordinals[0]].TypeName, StringComparison.OrdinalIgnoreCase);
        if (isInteger && !descendingColumn && !_node.WithoutRowid)
        {
            RowidAlias = ordinals[0];
            RowidConflict = onConflict;
            IsAutoincrement = autoincrement;
        }
        else if (autoincrement)
        {
            throw new SluiceException(ResultCode.Error, isInteger && _node.WithoutRowid
                ? "AUTOINCREMENT not allowed on WITHOUT ROWID tables"
                : "AUTOINCREMENT is only allowed on an INTEGER PRIMARY KEY");
        }
        else if (_node.WithoutRowid && isInteger && !descendingColumn)
        {
            // SQLite takes it for a rowid until it comes to WITHOUT ROWID: the key is made last, and a COLLATE in it forgotten.
            _integerKey = (columns[0] with { Collation = null }, onConflict);
        }
        else if (_node.WithoutRowid)
        {
            Cluster(columns, onConflict);
        }
        else
        {
            Add(columns, 'p', onConflict);
        }
    }

    private void Cluster(IReadOnlyList<IndexedColumn> columns, ConflictAction onConflict)
    {
        // A UNIQUE of the same columns before it becomes the primary key.
        int same = _indexes.FindIndex(index => IsSame(index, [.. columns.Select(OrdinalOf)], OrderOf(columns)));
        if (same >= 0)
        {
            AutomaticIndex index = _indexes[same];
            ConflictAction action = Merged(index.OnConflict, onConflict);
            Clustered = index with { Origin = 'p', OnConflict = action };
            RowidConflict = action;
            _clusteredAt = same;
            _indexes.RemoveAt(same);
            return;
        }

        List<int> ordinals = [];
        List<KeyColumn> order = [];
        foreach (IndexedColumn column in columns)
        {
            int ordinal = OrdinalOf(column);
            KeyColumn key = new(column.Collation is { } name ? CollationNamed(name) : CollationOf(_node.Columns[ordinal]), column.Descending);
            if (!Enumerable.Range(0, ordinals.Count).Any(i => ordinals[i] == ordinal && order[i].Collation == key.Collation))
            {
                ordinals.Add(ordinal);
                order.Add(key);
            }
        }

        Clustered = new AutomaticIndex(ordinals, new KeyOrder([.. order], unique: true), 'p', onConflict);
        RowidConflict = onConflict;
        _clusteredAt = _indexes.Count;
    }

    private void Add(IReadOnlyList<IndexedColumn> columns, char origin, ConflictAction onConflict)
    {
        int[] ordinals = [.. columns.Select(OrdinalOf)];
        KeyColumn[] order = OrderOf(columns);
        if (Clustered is { } key && IsSame(key, ordinals, order))
        {
            RowidConflict = Merged(key.OnConflict, onConflict);
            Clustered = key with { OnConflict = RowidConflict };
            return;
        }

        int same = _indexes.FindIndex(index => IsSame(index, ordinals, order));
        if (same < 0)
        {
            _indexes.Add(new AutomaticIndex(ordinals, new KeyOrder(order, unique: true), origin, onConflict));
            return;
        }

        _indexes[same] = _indexes[same] with
        {
            Origin = origin == 'p' ? 'p' : _indexes[same].Origin,
            OnConflict = Merged(_indexes[same].OnConflict, onConflict),
        };
    }

    private KeyColumn[] OrderOf(IReadOnlyList<IndexedColumn> columns) => [.. columns.Select(column =>
        new KeyColumn(column.Collation is { } name ? CollationNamed(name) : CollationOf(_node.Columns[OrdinalOf(column)]), column.Descending))];

    /// <summary>ON CONFLICT of two constraints that are one index.</summary>
    private static ConflictAction Merged(ConflictAction first, ConflictAction second) =>
        first == ConflictAction.Default ? second
        : second == ConflictAction.Default || first == second ? first
        : throw new SluiceException(ResultCode.Error, "conflicting ON CONFLICT clauses specified");

    private static bool IsSame(AutomaticIndex index, IReadOnlyList<int> ordinals, KeyColumn[] order) =>
        index.Columns.SequenceEqual(ordinals) && SameCollations(index.Order, order);

    private static bool SameCollations(KeyOrder a, KeyColumn[] b)
    {
        for (int i = 0; i < b.Length; i++)
        {
            if (a.Columns[i].Collation != b[i].Collation)
            {
                return false;
            }
        }

        return true;
    }

    private int OrdinalOf(IndexedColumn column)
    {
        if (column.Expression is not ColumnNode { Table: null } named)
        {
            throw new SluiceException(ResultCode.Error, "expressions prohibited in PRIMARY KEY and UNIQUE constraints");
        }

        for (int i = 0; i < _node.Columns.Count; i++)
        {
            if (_node.Columns[i].Name.Equals(named.Column, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        throw new SluiceException(ResultCode.Error, $"no such column: {named.Column}");
    }
}
