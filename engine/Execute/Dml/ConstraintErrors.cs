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

    /// <summary>The rowid, or the primary key of a WITHOUT ROWID table.</summary>
    public static SluiceException Key(Table table, ConflictAction action) =>
        table.KeyColumns is { } key ? new(ResultCode.ConstraintPrimaryKey, $"UNIQUE constraint failed: {Names(table, key)}") { ConflictAction = action }
        : table.RowidAlias >= 0 ? new(ResultCode.ConstraintPrimaryKey, $"UNIQUE constraint failed: {Names(table, [table.RowidAlias])}") { ConflictAction = action }
        : new(ResultCode.ConstraintRowid, $"UNIQUE constraint failed: {table.Name}.rowid") { ConflictAction = action };

    public static SluiceException Unique(Table table, TableIndex index, ConflictAction action) => new(
        index.Origin == 'p' ? ResultCode.ConstraintPrimaryKey : ResultCode.ConstraintUnique,
        index.Expressions.Count > 0 ? $"UNIQUE constraint failed: index '{index.Name}'" : $"UNIQUE constraint failed: {Names(table, index.Columns)}")
    {
        ConflictAction = action,
    };

    public static SluiceException ForeignKey() => new(ResultCode.ConstraintForeignKey, "FOREIGN KEY constraint failed");

    public static SluiceException Mismatch() => new(ResultCode.Mismatch, "datatype mismatch");

    private static string Names(Table table, IReadOnlyList<int> columns) =>
        string.Join(", ", columns.Select(column => $"{table.Name}.{table.Columns[column].Name}"));
}
