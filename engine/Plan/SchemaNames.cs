using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>The names before a table's.</summary>
internal static class SchemaNames
{
    public static bool IsMain(string schema) => schema.Equals("main", StringComparison.OrdinalIgnoreCase);

    /// <summary>Refuses a table of another database: only main is open.</summary>
    public static void RequireMain(QualifiedName name)
    {
        if (name.Schema is { } schema && !IsMain(schema))
        {
            throw new SluiceException(ResultCode.Error, $"no such table: {schema}.{name.Name}");
        }
    }

    public static SluiceException NoSuchTable(QualifiedName name, CompileState state) =>
        new(ResultCode.Error, $"no such table: {((name.Schema ?? (state.IsTrigger || state.IsInView ? "main" : null)) is { } schema ? schema + "." : "")}{name.Name}");
}

/// <summary>The names that mean the rowid where no column is called so ("ROWIDs and the INTEGER PRIMARY KEY").</summary>
internal static class RowidNames
{
    public static bool Is(string name) =>
        name.Equals("rowid", StringComparison.OrdinalIgnoreCase)
        || name.Equals("_rowid_", StringComparison.OrdinalIgnoreCase)
        || name.Equals("oid", StringComparison.OrdinalIgnoreCase);
}
