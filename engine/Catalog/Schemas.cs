using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Catalog;

/// <summary>
/// The schemas that a statement may name: main, temp and those of attached databases. A bare name is looked for in temp, then in main, then in the
/// attached ones in the order in which they came ("ATTACH DATABASE", sqlite.org/lang_attach.html; "sqlite3FindTable" in SQLite's terms).
/// Immutable; where nothing is attached and there is no temp, it is <see cref="Schema.Alone"/>.
/// </summary>
public sealed class Schemas
{
    public const string MainName = "main";

    public const string TempName = "temp";

    private const string TempSchemaTable = "sqlite_temp_master";

    public const string TempSchemaAlias = "sqlite_temp_schema";

    private readonly (string Name, Schema Schema)[] _all;

    /// <param name="all">Main first, then temp if there is one, then the attached ones, each with its name.</param>
    public Schemas(params (string Name, Schema Schema)[] all)
    {
        _all = all;
        Temp = Named(TempName);
        Order = Temp is null ? [.. all.Select(one => one.Schema)] : [Temp, .. all.Where(one => one.Schema != Temp).Select(one => one.Schema)];
    }

    /// <summary>Main first, then temp if there is one, then the attached ones.</summary>
    public IReadOnlyList<(string Name, Schema Schema)> All => _all;

    public Schema Main => _all[0].Schema;

    /// <summary>Null as long as nothing temporary was named.</summary>
    public Schema? Temp { get; }

    /// <summary>In the order in which a bare name is looked for.</summary>
    public IReadOnlyList<Schema> Order { get; }

    /// <summary>Whether these are the schemas, in their order, and the same objects.</summary>
    public bool AreOf(IReadOnlyList<(string Name, Schema Schema)> others) => _all.AsSpan().SequenceEqual([.. others]);

    public Schema? Named(string name) => Array.Find(_all, one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Schema;

    /// <exception cref="SluiceException">"unknown database x".</exception>
    public Schema Require(string name) => Named(name) ?? throw new SluiceException(ResultCode.Error, $"unknown database {name}");

    /// <summary>What a schema is called here; "main" for one that is not of these.</summary>
    public string NameOf(Schema? schema) => Array.Find(_all, one => one.Schema == schema).Name ?? MainName;

    /// <summary>The database that a table or view is in.</summary>
    public Schema HomeOf(Table table) => table.Home ?? Main;

    /// <param name="name">As it was written.</param>
    /// <param name="home">Where alone a bare name is looked for: of a view or trigger that is not temporary. Null for everywhere.</param>
    /// <param name="table">What was found.</param>
    public bool TryGetTable(QualifiedName name, Schema? home, [NotNullWhen(true)] out Table? table)
    {
        foreach (Schema schema in Search(name, home))
        {
            if (schema.TryGetTable(schema == Temp && IsTempSchemaTable(name.Name) ? Schema.SchemaTableName : name.Name, out table)
                && !(schema == Temp && name.Schema is null && IsSchemaTable(name.Name)))
            {
                return true;
            }

            if (schema.TryGetView(name.Name, out _))
            {
                break;
            }
        }

        table = null;
        return false;
    }

    /// <summary>As <see cref="TryGetTable"/>; a table in an earlier schema hides a view in a later one, and the other way round.</summary>
    public bool TryGetView(QualifiedName name, Schema? home, [NotNullWhen(true)] out View? view)
    {
        foreach (Schema schema in Search(name, home))
        {
            if (schema.TryGetView(name.Name, out view))
            {
                return true;
            }

            if (schema.TryGetTable(name.Name, out _))
            {
                break;
            }
        }

        view = null;
        return false;
    }

    /// <summary>The first schema in which a name means something, or null.</summary>
    public Schema? Find(QualifiedName name, Func<Schema, string, bool> isThere) => Search(name, null).FirstOrDefault(schema => isThere(schema, name.Name));

    /// <summary>
    /// The triggers of a table or view in the order in which SQLite fires them: temporary ones, which may be on a table of any database, then its
    /// own, the newest first.
    /// </summary>
    public IEnumerable<Trigger> TriggersOf(Table table)
    {
        Schema home = HomeOf(table);
        IEnumerable<Trigger> temporary = Temp?.TriggersOf(table.Name).Where(trigger => TargetOf(trigger) == home) ?? [];
        return home == Temp ? temporary : temporary.Concat(home.TriggersOf(table.Name));
    }

    /// <summary>The database of the table that a trigger is on; a temporary one's text names it unless it is temp.</summary>
    public Schema? TargetOf(Trigger trigger) => trigger.Home == Temp && trigger.Definition.Table.Schema is { } named ? Named(named) : trigger.Home;

    private IReadOnlyList<Schema> Search(QualifiedName name, Schema? home)
    {
        if (name.Schema is { } written)
        {
            return Named(written) is { } named ? [named] : [];
        }

        return IsTempSchemaTable(name.Name) ? Temp is null ? [] : [Temp]
            : home is null ? Order
            : [home];
    }

    private static bool IsTempSchemaTable(string name) =>
        name.Equals(TempSchemaTable, StringComparison.OrdinalIgnoreCase) || name.Equals(TempSchemaAlias, StringComparison.OrdinalIgnoreCase);

    private static bool IsSchemaTable(string name) =>
        name.Equals(Schema.SchemaTableName, StringComparison.OrdinalIgnoreCase) || name.Equals(Schema.SchemaTableAlias, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a name is one that only temp has.</summary>
    public static bool IsTemp(string? schema, string name) =>
        (schema is not null && schema.Equals(TempName, StringComparison.OrdinalIgnoreCase)) || (schema is null && IsTempSchemaTable(name));
}
