using Sluice.Engine.Catalog;

namespace Sluice.Engine.Execute.Dml;

/// <summary>What a row that breaks a constraint is told, in SQLite's words.</summary>
internal static class ConstraintErrors
{
    public static SluiceException NotNull(Table table, Column column) =>
        new(ResultCode.ConstraintNotNull, $"NOT NULL constraint failed: {table.Name}.{column.Name}");

    /// <summary>A named constraint by its name, another by its expression's text.</summary>
    public static SluiceException Check(string nameOrText) =>
        new(ResultCode.ConstraintCheck, $"CHECK constraint failed: {nameOrText}");

    public static SluiceException Rowid(Table table) => table.RowidAlias >= 0
        ? new(ResultCode.ConstraintPrimaryKey, $"UNIQUE constraint failed: {table.Name}.{table.Columns[table.RowidAlias].Name}")
        : new(ResultCode.ConstraintRowid, $"UNIQUE constraint failed: {table.Name}.rowid");

    public static SluiceException Unique(Table table, TableIndex index) => new(
        index.Origin == 'p' ? ResultCode.ConstraintPrimaryKey : ResultCode.ConstraintUnique,
        $"UNIQUE constraint failed: {string.Join(", ", index.Columns.Select(column => $"{table.Name}.{table.Columns[column].Name}"))}");

    public static SluiceException Mismatch() => new(ResultCode.Mismatch, "datatype mismatch");
}
