using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>What is said of names that mean nothing.</summary>
internal static class SchemaNames
{
    public static SluiceException NoSuchTable(QualifiedName name, CompileState state) =>
        new(ResultCode.Error, $"no such table: {((name.Schema ?? (state.Home is { } home ? state.Schemas.NameOf(home) : null)) is { } schema ? schema + "." : "")}{name.Name}");
}

/// <summary>The names that mean the rowid where no column is called so ("ROWIDs and the INTEGER PRIMARY KEY").</summary>
internal static class RowidNames
{
    /// <summary>The name by which a table's rowid can be had: the first that no other column has taken.</summary>
    public static string Of(Table table) => table.RowidAlias >= 0
        ? table.Columns[table.RowidAlias].Name
        : Array.Find(["rowid", "_rowid_", "oid"], name => table.OrdinalOf(name) < 0)
            ?? throw new SluiceException(ResultCode.Error, $"columns of {table.Name} have all names of its rowid");

    public static bool Is(string name) =>
        name.Equals("rowid", StringComparison.OrdinalIgnoreCase)
        || name.Equals("_rowid_", StringComparison.OrdinalIgnoreCase)
        || name.Equals("oid", StringComparison.OrdinalIgnoreCase);
}
