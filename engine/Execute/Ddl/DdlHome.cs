using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>Which database a statement that changes the schema works on.</summary>
internal static class DdlHome
{
    /// <exception cref="SluiceException">"unknown database x", or a temporary thing with another schema before its name.</exception>
    public static Schema Of(StatementNode node, Schemas schemas) => node switch
    {
        CreateTableStatement { Temporary: true } create => TempOf(create.Name, "table", schemas),
        CreateViewStatement { Temporary: true } create => TempOf(create.Name, "view", schemas),
        CreateTriggerStatement { Temporary: true } create => TempOf(create.Name, "trigger", schemas),
        CreateTableStatement create => Written(create.Name, schemas) ?? schemas.Main,
        CreateViewStatement create => Written(create.Name, schemas) ?? schemas.Main,

        // An index or trigger on a temporary table is temporary, also where nothing says so.
        CreateIndexStatement create => Written(create.Name, schemas) ?? TempWhere(new QualifiedName(null, create.Table), schemas) ?? schemas.Main,
        CreateTriggerStatement create => Written(create.Name, schemas) ?? TempWhere(create.Table, schemas) ?? schemas.Main,
        DropStatement drop => Find(drop.Name, schemas, drop.Kind switch
        {
            SchemaObjectKind.Index => (schema, name) => schema.TryGetIndex(name, out _),
            SchemaObjectKind.Trigger => (schema, name) => schema.TryGetTrigger(name, out _),
            _ => IsTableOrView,
        }),
        AlterTableStatement { Table: { Schema: { } schema } table } when schemas.Named(schema) is null =>
            throw new SluiceException(ResultCode.Error, $"no such table: {schema}.{table.Name}"),
        AlterTableStatement alter => Find(alter.Table, schemas, IsTableOrView),
        AnalyzeStatement { Target: { } target } => OfTarget(target, schemas),
        ReindexStatement { Target: { } target } => OfTarget(target, schemas),
        VacuumStatement { Schema: { } schema } => schemas.Require(schema),
        _ => schemas.Main,
    };

    /// <summary>Views and triggers that are not temporary know only tables of their own database.</summary>
    public static void RequireOwnTables(StatementNode node, Schema home, Schemas schemas)
    {
        string? what = node switch
        {
            CreateViewStatement view => $"view {view.Name.Name}",
            CreateTriggerStatement trigger => $"trigger {trigger.Name.Name}",
            _ => null,
        };
        if (what is not null && home != schemas.Temp && node.NamedSchemas.FirstOrDefault(named => schemas.Named(named) != home) is { } other)
        {
            throw new SluiceException(ResultCode.Error, $"{what} cannot reference objects in database {other}");
        }
    }

    private static Schema TempOf(QualifiedName name, string what, Schemas schemas) =>
        name.Schema is null || name.Schema.Equals(Schemas.TempName, StringComparison.OrdinalIgnoreCase)
            ? schemas.Require(Schemas.TempName)
            : throw new SluiceException(ResultCode.Error, what == "trigger" ? "temporary trigger may not have qualified name" : "temporary table name must be unqualified");

    private static Schema? Written(QualifiedName name, Schemas schemas) => name.Schema is { } schema ? schemas.Require(schema) : null;

    private static Schema? TempWhere(QualifiedName table, Schemas schemas) =>
        schemas.Temp is { } temp && schemas.Find(table, IsTableOrView) == temp ? temp : null;

    private static Schema Find(QualifiedName name, Schemas schemas, Func<Schema, string, bool> isThere) =>
        schemas.Find(name, isThere) ?? (name.Schema is { } schema ? schemas.Named(schema) : null) ?? schemas.Main;

    /// <summary>What ANALYZE and REINDEX name: a database, a table or an index.</summary>
    private static Schema OfTarget(QualifiedName name, Schemas schemas) =>
        name.Schema is null && schemas.Named(name.Name) is { } whole ? whole
        : Written(name, schemas) ?? Find(name, schemas, (schema, table) => IsTableOrView(schema, table) || schema.TryGetIndex(table, out _));

    private static bool IsTableOrView(Schema schema, string name) => schema.TryGetTable(name, out _) || schema.TryGetView(name, out _);
}
