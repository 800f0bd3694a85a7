using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Operators;
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

    /// <summary>GENERATED ALWAYS AS; null for a column that is written.</summary>
    public GeneratedColumn? Generated { get; init; }

    /// <summary>Computed when read, and not in the record.</summary>
    public bool IsVirtual => Generated is { Stored: false };
}

/// <summary>A table as sqlite_schema describes it. One that the engine cannot work with carries an <see cref="UnsupportedReason"/>.</summary>
public sealed class Table
{
    private readonly Dictionary<string, int> _ordinals = new(StringComparer.OrdinalIgnoreCase);
    private readonly int[] _positions;
    private TableExpressions? _expressions;
    private TableShape? _shape;

    /// <param name="name">The table's name.</param>
    /// <param name="rootPage">Of its tree; 0 for a virtual table.</param>
    /// <param name="columns">In the order of their declaration.</param>
    /// <param name="rowidAlias">The ordinal of the INTEGER PRIMARY KEY, or -1.</param>
    /// <param name="sql">The CREATE TABLE text.</param>
    /// <param name="key">The primary key of a WITHOUT ROWID table; null for a table with rowids.</param>
    public Table(string name, uint rootPage, IReadOnlyList<Column> columns, int rowidAlias, string sql, AutomaticIndex? key = null)
    {
        Name = name;
        RootPage = rootPage;
        Columns = columns;
        RowidAlias = rowidAlias;
        Sql = sql;
        Key = key;
        _positions = new int[columns.Count];
        Array.Fill(_positions, -1);
        int stored = 0;
        if (key is not null)
        {
            // The record of a WITHOUT ROWID table begins with its primary key ("SQLite file format", section 2.4).
            KeyColumns = key.Columns;
            KeyOrder = key.Order;
            Primary = new TableIndex
            {
                Name = "PRIMARY KEY", TableName = name, RootPage = rootPage, Columns = key.Columns, Order = key.Order, OnConflict = key.OnConflict, Origin = 'p',
            };
            foreach (int ordinal in key.Columns)
            {
                _positions[ordinal] = _positions[ordinal] < 0 ? stored : _positions[ordinal];
                stored++;
            }
        }

        for (int i = 0; i < columns.Count; i++)
        {
            _ordinals.Add(columns[i].Name, i);
            if (!columns[i].IsVirtual && _positions[i] < 0)
            {
                _positions[i] = stored++;
            }
        }

        StoredCount = stored;
    }

    public string Name { get; }

    public uint RootPage { get; }

    public IReadOnlyList<Column> Columns { get; }

    /// <summary>The schema that it is in; null for a view seen as a table until it is given, and for one that is only being made.</summary>
    public Schema? Home { get; internal set; }

    /// <summary>The ordinal of the INTEGER PRIMARY KEY column, whose value is the rowid and whose stored value is NULL; or -1.</summary>
    public int RowidAlias { get; }

    /// <summary>The primary key of a WITHOUT ROWID table; null for a table with rowids.</summary>
    public AutomaticIndex? Key { get; }

    /// <summary>Ordinals of the primary key's columns of a WITHOUT ROWID table; null for a table with rowids.</summary>
    public IReadOnlyList<int>? KeyColumns { get; }

    /// <summary>How <see cref="KeyColumns"/> are ordered; null for a table with rowids.</summary>
    public KeyOrder? KeyOrder { get; }

    /// <summary>A WITHOUT ROWID table seen as the index that it is; null for a table with rowids.</summary>
    public TableIndex? Primary { get; }

    /// <summary>The CREATE TABLE text.</summary>
    public string Sql { get; }

    /// <summary>How many columns a record has: all but the virtual ones.</summary>
    public int StoredCount { get; }

    /// <summary>By ordinal: the column's place in a record, or -1 for a virtual one.</summary>
    public ReadOnlySpan<int> Positions => _positions;

    /// <summary>Whether any column is computed from others.</summary>
    public bool HasGenerated => Columns.Any(column => column.Generated is not null);

    /// <summary>What reading its records needs to know.</summary>
    internal TableShape Shape => _shape ??= new TableShape(this);

    /// <summary>Generated columns and index expressions, bound at their first use.</summary>
    internal TableExpressions Expressions => _expressions ??= new TableExpressions(this);

    /// <summary>In the order of their creation, automatic ones first.</summary>
    public IReadOnlyList<TableIndex> Indexes { get; init; } = [];

    public IReadOnlyList<CheckTable> Checks { get; init; } = [];

    /// <summary>A STRICT table: values must have their column's type.</summary>
    public bool IsStrict { get; init; }

    /// <summary>AUTOINCREMENT: a rowid is larger than any that the table ever had, which sqlite_sequence remembers.</summary>
    public bool IsAutoincrement { get; init; }

    /// <summary>ON CONFLICT of the INTEGER PRIMARY KEY.</summary>
    public ConflictAction RowidConflict { get; init; }

    /// <summary>Foreign keys as declared, those of columns too.</summary>
    public IReadOnlyList<ForeignKeyTable> ForeignKeys { get; init; } = [];

    /// <summary>Indexes that we cannot keep up to date (<see cref="TableIndex.UnsupportedReason"/>); a reader does without them.</summary>
    public IReadOnlyList<TableIndex> UnsupportedIndexes { get; init; } = [];

    /// <summary>Why the table can be neither read nor written; null when it can be read.</summary>
    public string? UnsupportedReason { get; init; }

    /// <summary>Why the table can be read but not written; null when it can be written.</summary>
    public string? ReadOnlyReason { get; init; }

    /// <summary>How many rows it had when ANALYZE looked; null when it has not.</summary>
    internal double? AnalyzedRows { get; set; }

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

    /// <summary>The same table with one more index.</summary>
    public Table WithIndex(TableIndex index) => new(Name, RootPage, Columns, RowidAlias, Sql, Key)
    {
        Home = Home,
        Indexes = [.. Indexes, index],
        Checks = Checks,
        IsStrict = IsStrict,
        IsAutoincrement = IsAutoincrement,
        RowidConflict = RowidConflict,
        ForeignKeys = ForeignKeys,
        UnsupportedIndexes = UnsupportedIndexes,
        UnsupportedReason = UnsupportedReason,
        ReadOnlyReason = ReadOnlyReason,
    };

    /// <summary>The column's ordinal, or -1.</summary>
    public int OrdinalOf(string column) => _ordinals.TryGetValue(column, out int ordinal) ? ordinal : -1;
}

/// <summary>An index. Each key is a record of its columns followed by the rowid.</summary>
public sealed class TableIndex
{
    public required string Name { get; init; }

    public required string TableName { get; init; }

    public required uint RootPage { get; init; }

    /// <summary>Ordinals of the table's columns; <see cref="ExpressionColumn"/> for an expression.</summary>
    public required IReadOnlyList<int> Columns { get; init; }

    /// <summary>Stands in <see cref="Columns"/> for an expression.</summary>
    public const int ExpressionColumn = -2;

    /// <summary>By place in <see cref="Columns"/>: the expression there, null for a plain column. Empty when all are plain.</summary>
    public IReadOnlyList<ExpressionNode?> Expressions { get; init; } = [];

    /// <summary>WHERE of a partial index, which has entries only of the rows for which it is true; null for a whole one.</summary>
    public ExpressionNode? Where { get; init; }

    /// <summary>Of the columns, and in a WITHOUT ROWID table of <see cref="Suffix"/> too.</summary>
    public required KeyOrder Order { get; init; }

    /// <summary>In a WITHOUT ROWID table: ordinals of the primary key's columns that end each key, those left out that the index has itself.</summary>
    public IReadOnlyList<int> Suffix { get; init; } = [];

    /// <summary>The column at a place of the key, those of the suffix included.</summary>
    public int ColumnAt(int place) => place < Columns.Count ? Columns[place] : Suffix[place - Columns.Count];

    /// <summary>How many columns of the table a key has; the rowid is not among them.</summary>
    public int KeyLength => Columns.Count + Suffix.Count;

    /// <summary>Ends an index of a WITHOUT ROWID table with what its primary key needs.</summary>
    public TableIndex WithSuffix(AutomaticIndex? key)
    {
        if (key is null)
        {
            return this;
        }

        List<int> suffix = [];
        List<KeyColumn> order = [.. Order.Columns];
        for (int i = 0; i < key.Columns.Count; i++)
        {
            Collation collation = key.Order.Columns[i].Collation;
            bool isThere = Enumerable.Range(0, Columns.Count).Any(place => Columns[place] == key.Columns[i] && Order.Columns[place].Collation == collation);
            if (!isThere)
            {
                suffix.Add(key.Columns[i]);
                order.Add(new KeyColumn(collation, key.Order.Columns[i].Descending));
            }
        }

        return new TableIndex
        {
            Name = Name,
            TableName = TableName,
            RootPage = RootPage,
            Columns = Columns,
            Expressions = Expressions,
            Where = Where,
            Order = new KeyOrder([.. order], Unique),
            Suffix = suffix,
            OnConflict = OnConflict,
            Origin = Origin,
            Sql = Sql,
        };
    }

    public bool Unique => Order.Unique;

    /// <summary>
    /// Entries when ANALYZE looked: first of all the index, then on average for each value of the first column, of the first two, and so on. Empty when it has
    /// not looked.
    /// </summary>
    internal double[] EntriesWhereEqual { get; set; } = [];

    /// <summary>What stepping through it costs, once the planner has worked it out.</summary>
    internal double? StepCost { get; set; }

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
public sealed record View(string Name, CreateViewStatement Definition, string Sql)
{
    /// <summary>The schema that it is in.</summary>
    public Schema? Home { get; internal set; }
}

/// <summary>A trigger on a table or view.</summary>
public sealed record Trigger(string Name, string TableName, CreateTriggerStatement Definition, string Sql)
{
    /// <summary>The schema that it is in.</summary>
    public Schema? Home { get; internal set; }
}
