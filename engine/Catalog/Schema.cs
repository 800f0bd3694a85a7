using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Catalog;

/// <summary>
/// The schema at one schema cookie: tables, indexes and views by name, without regard to the case of ASCII letters.
/// Immutable; a change of schema makes a new one.
/// </summary>
public sealed class Schema
{
    private readonly Dictionary<string, Table> _tables = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, TableIndex> _indexes = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, View> _views = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Trigger> _triggers = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<Trigger>> _triggersByTable = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<(Table Child, ForeignKeyTable Key)>> _foreignKeysTo = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<uint, Table> _byRoot = [];

    /// <summary>The schema table's name inside ("SQLite file format", section 2.6).</summary>
    public const string SchemaTableName = "sqlite_master";

    /// <summary>The schema table's preferred name, which finds it as well.</summary>
    public const string SchemaTableAlias = "sqlite_schema";

    /// <summary>Without any table.</summary>
    public static Schema Empty { get; } = new(0, [], []);

    public Schema(uint cookie, IEnumerable<Table> tables, IEnumerable<View> views, IEnumerable<Trigger>? triggers = null)
    {
        Cookie = cookie;
        foreach (Table table in tables)
        {
            table.Home = this;
            _tables.Add(table.Name, table);
            if (table.RootPage != 0)
            {
                _byRoot.Add(table.RootPage, table);
            }

            foreach (TableIndex index in table.Indexes.Concat(table.UnsupportedIndexes))
            {
                _indexes.Add(index.Name, index);
            }

            foreach (ForeignKeyTable key in table.ForeignKeys)
            {
                ListOf(_foreignKeysTo, key.Clause.Table).Add((table, key));
            }
        }

        foreach (View view in views)
        {
            view.Home = this;
            _views.Add(view.Name, view);
        }

        foreach (Trigger trigger in triggers ?? [])
        {
            trigger.Home = this;
            _triggers.Add(trigger.Name, trigger);
            ListOf(_triggersByTable, trigger.TableName).Insert(0, trigger);
        }
    }

    /// <summary>This schema as the only one there is.</summary>
    public Schemas Alone => field ??= new Schemas((Schemas.MainName, this));

    /// <summary>The schema cookie ("SQLite file format", section 1.3.9).</summary>
    public uint Cookie { get; }

    public IReadOnlyCollection<Table> Tables => _tables.Values;

    /// <summary>All indexes, those that cannot be used too.</summary>
    public IReadOnlyCollection<TableIndex> Indexes => _indexes.Values;

    public IReadOnlyCollection<View> Views => _views.Values;

    public IReadOnlyCollection<Trigger> Triggers => _triggers.Values;

    public bool TryGetTable(string name, [NotNullWhen(true)] out Table? table) =>
        _tables.TryGetValue(name, out table)
        || (name.Equals(SchemaTableAlias, StringComparison.OrdinalIgnoreCase) && _tables.TryGetValue(SchemaTableName, out table));

    public bool TryGetTable(uint root, [NotNullWhen(true)] out Table? table) => _byRoot.TryGetValue(root, out table);

    public bool TryGetIndex(string name, [NotNullWhen(true)] out TableIndex? index) => _indexes.TryGetValue(name, out index);

    public bool TryGetTrigger(string name, [NotNullWhen(true)] out Trigger? trigger) => _triggers.TryGetValue(name, out trigger);

    /// <summary>The triggers of a table or view, the newest first: the order in which SQLite fires them.</summary>
    public IReadOnlyList<Trigger> TriggersOf(string table) => _triggersByTable.TryGetValue(table, out List<Trigger>? triggers) ? triggers : [];

    /// <summary>The foreign keys that refer to a table, and whose they are.</summary>
    public IReadOnlyList<(Table Child, ForeignKeyTable Key)> ForeignKeysTo(string table) =>
        _foreignKeysTo.TryGetValue(table, out List<(Table, ForeignKeyTable)>? keys) ? keys : [];

    public bool TryGetView(string name, [NotNullWhen(true)] out View? view) => _views.TryGetValue(name, out view);

    private static List<T> ListOf<T>(Dictionary<string, List<T>> lists, string name)
    {
        if (!lists.TryGetValue(name, out List<T>? list))
        {
            lists.Add(name, list = []);
        }

        return list;
    }
}
