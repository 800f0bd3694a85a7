using Sluice.Engine.Execute;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Catalog;

/// <summary>A column of a table.</summary>
public sealed record Column
{
    public required string Name { get; init; }

    /// <summary>The declared type as written; empty without one.</summary>
    public string DeclaredType { get; init; } = "";

    public Affinity Affinity { get; init; }

    public Collation Collation { get; init; } = Collation.Binary;

    public bool NotNull { get; init; }

    public ConflictAction NotNullConflict { get; init; }

    /// <summary>Its place in the primary key from 1, or 0.</summary>
    public int PrimaryKeyOrdinal { get; init; }

    public DefaultColumn? Default { get; init; }
}

/// <summary>A table as sqlite_schema describes it. The engine works with rowid tables; others carry an <see cref="UnsupportedReason"/>.</summary>
public sealed class Table
{
    private readonly Dictionary<string, int> _ordinals = new(StringComparer.OrdinalIgnoreCase);

    public Table(string name, uint rootPage, IReadOnlyList<Column> columns, int rowidAlias, string sql)
    {
        Name = name;
        RootPage = rootPage;
        Columns = columns;
        RowidAlias = rowidAlias;
        Sql = sql;
        for (int i = 0; i < columns.Count; i++)
        {
            _ordinals.Add(columns[i].Name, i);
        }
    }

    public string Name { get; }

    public uint RootPage { get; }

    public IReadOnlyList<Column> Columns { get; }

    /// <summary>The ordinal of the INTEGER PRIMARY KEY column, whose value is the rowid and whose stored value is NULL; or -1.</summary>
    public int RowidAlias { get; }

    /// <summary>The CREATE TABLE text.</summary>
    public string Sql { get; }

    /// <summary>In the order of their creation, automatic ones first.</summary>
    public IReadOnlyList<TableIndex> Indexes { get; init; } = [];

    public IReadOnlyList<CheckTable> Checks { get; init; } = [];

    /// <summary>A STRICT table: values must have their column's type.</summary>
    public bool IsStrict { get; init; }

    /// <summary>ON CONFLICT of the INTEGER PRIMARY KEY.</summary>
    public ConflictAction RowidConflict { get; init; }

    /// <summary>Foreign keys as declared, those of columns too; they are not enforced, as in SQLite unless it is told to.</summary>
    public IReadOnlyList<ForeignKeyTable> ForeignKeys { get; init; } = [];

    /// <summary>Indexes that we cannot keep up to date (<see cref="TableIndex.UnsupportedReason"/>); a reader does without them.</summary>
    public IReadOnlyList<TableIndex> UnsupportedIndexes { get; init; } = [];

    /// <summary>Why the table can be neither read nor written; null when it can be read.</summary>
    public string? UnsupportedReason { get; init; }

    /// <summary>Why the table can be read but not written; null when it can be written.</summary>
    public string? ReadOnlyReason { get; init; }

    /// <summary>To be called by whoever compiles a statement that reads the table.</summary>
    /// <exception cref="SluiceException">The table has something that is not supported; the message names it.</exception>
    public void DemandReadable()
    {
        if (UnsupportedReason is { } reason)
        {
            throw new SluiceException(ResultCode.Error, $"table {Name} cannot be used: {reason}");
        }
    }

    /// <summary>To be called by whoever compiles a statement that writes the table.</summary>
    /// <exception cref="SluiceException">The table has something that is not supported or is the engine's own; the message says which.</exception>
    public void DemandWritable()
    {
        DemandReadable();
        if (ReadOnlyReason is { } reason)
        {
            throw new SluiceException(ResultCode.Error, reason);
        }
    }

    /// <summary>The column's ordinal, or -1.</summary>
    public int OrdinalOf(string column) => _ordinals.TryGetValue(column, out int ordinal) ? ordinal : -1;
}

/// <summary>An index. Each key is a record of its columns followed by the rowid.</summary>
public sealed class TableIndex
{
    public required string Name { get; init; }

    public required string TableName { get; init; }

    public required uint RootPage { get; init; }

    /// <summary>Ordinals of the table's columns; <see cref="ExpressionColumn"/> in an unsupported index.</summary>
    public required IReadOnlyList<int> Columns { get; init; }

    /// <summary>Stands in <see cref="Columns"/> for an expression.</summary>
    public const int ExpressionColumn = -2;

    public required KeyOrder Order { get; init; }

    public bool Unique => Order.Unique;

    /// <summary>ON CONFLICT of the constraint that made it.</summary>
    public ConflictAction OnConflict { get; init; }

    /// <summary>Made by PRIMARY KEY ('p'), UNIQUE ('u') or CREATE INDEX ('c').</summary>
    public char Origin { get; init; } = 'c';

    /// <summary>The CREATE INDEX text; null for automatic ones.</summary>
    public string? Sql { get; init; }

    /// <summary>Why the index is only known by name (<see cref="Table.UnsupportedIndexes"/>); null for one that can be used.</summary>
    public string? UnsupportedReason { get; init; }
}

/// <summary>A view: its columns are named by <see cref="CreateViewStatement.Columns"/> or by its SELECT.</summary>
public sealed record View(string Name, CreateViewStatement Definition, string Sql);

/// <summary>A trigger. It is not run: its table or view cannot be written while it is there.</summary>
public sealed record Trigger(string Name, string TableName, string Sql);
