using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Catalog;

/// <summary>
/// Makes a <see cref="Table"/> from its CREATE TABLE and what sqlite_schema says about its indexes and triggers. What the engine
/// cannot do yet makes the table unusable or read-only and is named; it does not stop the others.
/// </summary>
internal sealed class TableBuilder
{
    private readonly CreateTableStatement? _node;
    private readonly TableKeys? _keys;
    private readonly uint _rootPage;
    private readonly string _sql;
    private readonly bool _descendingIndexes;
    private readonly List<Column> _columns = [];
    private readonly TableIndex?[] _automatic = [];
    private readonly List<TableIndex> _created = [];
    private readonly List<TableIndex> _unsupportedIndexes = [];
    private string? _unsupported;
    private string? _readOnly;

    /// <summary>A table; DESC in its indexes has an effect only from schema format 4 on ("SQLite file format", section 1.3.10).</summary>
    /// <exception cref="SluiceException">The definition contradicts itself; the message is SQLite's.</exception>
    public TableBuilder(CreateTableStatement node, string name, uint rootPage, string sql, bool descendingIndexes)
    {
        _descendingIndexes = descendingIndexes;
        _node = node;
        Name = name;
        _rootPage = rootPage;
        _sql = sql;
        if (UnknownCollation(node) is { } collation)
        {
            _unsupported = $"no such collation sequence: {collation}";
        }
        else
        {
            _keys = TableKeys.Of(node);
            _automatic = new TableIndex?[_keys.Indexes.Count];
        }

        AddColumns(node);
    }

    /// <summary>A virtual table: only its name is known.</summary>
    public TableBuilder(CreateVirtualTableStatement node, string name, string sql)
    {
        Name = name;
        _sql = sql;
        _unsupported = $"virtual tables are not supported (module {node.Module})";
    }

    public string Name { get; }

    /// <summary>Takes the root page of an automatic index; false when the table makes no such index.</summary>
    public bool TryAddAutomaticIndex(string indexName, uint rootPage)
    {
        if (_unsupported is not null)
        {
            AddUnsupportedIndex(indexName, rootPage, null, unique: true, _unsupported);
            return true;
        }

        for (int i = 0; i < _automatic.Length; i++)
        {
            if (_automatic[i] is null && TableKeys.NameOf(Name, _keys!.NumberOf(i)).Equals(indexName, StringComparison.OrdinalIgnoreCase))
            {
                AutomaticIndex key = _keys!.Indexes[i];
                _automatic[i] = new TableIndex
                {
                    Name = indexName,
                    TableName = Name,
                    RootPage = rootPage,
                    Columns = key.Columns,
                    Order = _descendingIndexes ? key.Order : Ascending(key.Order),
                    OnConflict = key.OnConflict,
                    Origin = key.Origin,
                }.WithSuffix(_keys.Clustered);
                return true;
            }
        }

        return false;
    }

    /// <exception cref="SluiceException">A column that the table does not have.</exception>
    public void AddIndex(CreateIndexStatement node, string indexName, uint rootPage, string sql)
    {
        if (_unsupported is not null)
        {
            AddUnsupportedIndex(indexName, rootPage, sql, node.Unique, _unsupported);
        }
        else if (node.Columns.Select(column => column.Collation).FirstOrDefault(name => name is not null && !TryFindCollation(name, out _)) is { } unknown)
        {
            string reason = $"no such collation sequence: {unknown}";
            AddUnsupportedIndex(indexName, rootPage, sql, node.Unique, reason);
            _readOnly ??= $"table {Name} cannot be written: {reason}";
        }
        else
        {
            Table sofar = new(Name, _rootPage, _columns, _keys!.RowidAlias, _sql, _keys.Clustered);
            _created.Add(IndexDefinition.Describe(node, sofar, indexName, rootPage, sql, _descendingIndexes).WithSuffix(_keys.Clustered));
        }
    }

    public Table Build()
    {
        int missing = Array.IndexOf(_automatic, null);
        if (missing >= 0)
        {
            _unsupported ??= $"its index {TableKeys.NameOf(Name, _keys!.NumberOf(missing))} is missing from sqlite_schema";
        }

        return new Table(Name, _rootPage, _columns, _keys?.RowidAlias ?? -1, _sql, _keys?.Clustered)
        {
            Indexes = [.. _automatic.OfType<TableIndex>(), .. _created],
            UnsupportedIndexes = _unsupportedIndexes,
            Checks = _node is null ? [] : ChecksOf(_node),
            ForeignKeys = _node is null ? [] : ForeignKeysOf(_node),
            IsStrict = _node?.Strict ?? false,
            IsAutoincrement = _keys?.IsAutoincrement ?? false,
            RowidConflict = _keys?.RowidConflict ?? ConflictAction.Default,
            UnsupportedReason = _unsupported,
            ReadOnlyReason = _readOnly,
        };
    }

    /// <summary>The table that sqlite_schema itself is ("SQLite file format", section 2.6).</summary>
    public static Table SchemaTable() => new(
        Schema.SchemaTableName,
        1,
        [
            new Column { Name = "type", DeclaredType = "TEXT", Affinity = Affinity.Text },
            new Column { Name = "name", DeclaredType = "TEXT", Affinity = Affinity.Text },
            new Column { Name = "tbl_name", DeclaredType = "TEXT", Affinity = Affinity.Text },
            new Column { Name = "rootpage", DeclaredType = "INT", Affinity = Affinity.Integer },
            new Column { Name = "sql", DeclaredType = "TEXT", Affinity = Affinity.Text },
        ],
        -1,
        "CREATE TABLE sqlite_master(type text,name text,tbl_name text,rootpage int,sql text)")
    {
        ReadOnlyReason = $"table {Schema.SchemaTableName} may not be modified",
    };

    private static string? UnknownCollation(CreateTableStatement node)
    {
        IEnumerable<string?> ofColumns = node.Columns.SelectMany(column => column.Constraints).Select(constraint => (constraint as CollateColumn)?.Collation);
        IEnumerable<string?> ofKeys = node.Constraints
            .SelectMany(constraint => (constraint as PrimaryKeyTable)?.Columns ?? (constraint as UniqueTable)?.Columns ?? [])
            .Select(column => column.Collation);
        return ofColumns.Concat(ofKeys).FirstOrDefault(name => name is not null && !TryFindCollation(name, out _));
    }

    private static bool TryFindCollation(string name, [NotNullWhen(true)] out Collation? collation)
    {
        collation = name.ToUpperInvariant() switch
        {
            "BINARY" => Collation.Binary,
            "NOCASE" => Collation.NoCase,
            "RTRIM" => Collation.RTrim,
            _ => null,
        };
        return collation is not null;
    }

    private void AddColumns(CreateTableStatement node)
    {
        IReadOnlyList<int> primaryKey = _keys?.PrimaryKey ?? [];
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < node.Columns.Count; i++)
        {
            ColumnDefinition definition = node.Columns[i];
            if (!names.Add(definition.Name))
            {
                throw new SluiceException(ResultCode.Error, $"duplicate column name: {definition.Name}");
            }

            string type = definition.TypeName ?? "";
            NotNullColumn? notNull = definition.Constraints.OfType<NotNullColumn>().LastOrDefault();
            int ordinal = 1 + IndexOf(primaryKey, i);
            string? collation = definition.Constraints.OfType<CollateColumn>().LastOrDefault()?.Collation;
            _columns.Add(new Column
            {
                Name = definition.Name,
                DeclaredType = type,
                Affinity = node.Strict && type.Equals("ANY", StringComparison.OrdinalIgnoreCase) ? Affinity.Blob : SqlConvert.AffinityOfColumn(type),
                Collation = collation is not null && TryFindCollation(collation, out Collation? found) ? found : Collation.Binary,
                NotNull = notNull is not null || ((node.Strict || node.WithoutRowid) && ordinal > 0 && i != _keys!.RowidAlias),
                NotNullConflict = notNull?.OnConflict ?? ConflictAction.Default,
                PrimaryKeyOrdinal = ordinal,
                Default = definition.Constraints.OfType<DefaultColumn>().LastOrDefault(),
                Generated = definition.Constraints.OfType<GeneratedColumn>().LastOrDefault(),
            });
        }
    }

    private static KeyOrder Ascending(KeyOrder order)
    {
        KeyColumn[] columns = order.Columns.ToArray();
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = columns[i] with { Descending = false };
        }

        return new KeyOrder(columns, order.Unique);
    }

    private static int IndexOf(IReadOnlyList<int> list, int value)
    {
        for (int i = 0; i < list.Count; i++)
        {
            if (list[i] == value)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>CHECKs of columns and of the table, in the order in which they are written.</summary>
    private static List<CheckTable> ChecksOf(CreateTableStatement node)
    {
        List<CheckTable> checks = [.. node.Columns.SelectMany(column => column.Constraints).OfType<CheckColumn>()
            .Select(check => new CheckTable(check.Expression, check.Text) { ConstraintName = check.ConstraintName })];
        checks.AddRange(node.Constraints.OfType<CheckTable>());
        return checks;
    }

    private static List<ForeignKeyTable> ForeignKeysOf(CreateTableStatement node)
    {
        var keys = new List<ForeignKeyTable>();
        foreach (ColumnDefinition column in node.Columns)
        {
            keys.AddRange(column.Constraints.OfType<ReferencesColumn>().Select(reference => new ForeignKeyTable([column.Name], reference.Clause)));
        }

        keys.AddRange(node.Constraints.OfType<ForeignKeyTable>());
        return keys;
    }

    private void AddUnsupportedIndex(string indexName, uint rootPage, string? sql, bool unique, string reason) =>
        _unsupportedIndexes.Add(new TableIndex
        {
            Name = indexName,
            TableName = Name,
            RootPage = rootPage,
            Columns = [],
            Order = new KeyOrder([], unique),
            Sql = sql,
            UnsupportedReason = reason,
        });
}
