using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Dml;

/// <summary>What a row that breaks a constraint is told, in SQLite's words.</summary>
internal static class ConstraintErrors
{
    public static SluiceException NotNull(Table table, Column column, ConflictAction action) =>
        new(ResultCode.ConstraintNotNull, $"NOT NULL constraint failed: {table.Name}.{column.Name}") { ConflictAction = action };

    /// <summary>A named constraint by its name, another by its expression's text.</summary>
    public static SluiceException Check(string nameOrText, ConflictAction action) =>
        new(ResultCode.ConstraintCheck, $"CHECK constraint failed: {nameOrText}") { ConflictAction = action };

    public static SluiceException Rowid(Table table, ConflictAction action) => table.RowidAlias >= 0
        ? new(ResultCode.ConstraintPrimaryKey, $"UNIQUE constraint failed: {table.Name}.{table.Columns[table.RowidAlias].Name}") { ConflictAction = action }
        : new(ResultCode.ConstraintRowid, $"UNIQUE constraint failed: {table.Name}.rowid") { ConflictAction = action };

    public static SluiceException Unique(Table table, TableIndex index, ConflictAction action) => new(
        index.Origin == 'p' ? ResultCode.ConstraintPrimaryKey : ResultCode.ConstraintUnique,
        $"UNIQUE constraint failed: {string.Join(", ", index.Columns.Select(column => $"{table.Name}.{table.Columns[column].Name}"))}")
    {
        ConflictAction = action,
    };

    public static SluiceException Mismatch() => new(ResultCode.Mismatch, "datatype mismatch");
}
