using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Dml;

/// <summary>A broken constraint, with the conflict action that then applies: ABORT, FAIL or ROLLBACK.</summary>
internal sealed class ConstraintException(ResultCode code, string message, ConflictAction action) : SluiceException(code, message)
{
    public ConflictAction Action { get; } = action;
}

/// <summary>What a row that breaks a constraint is told, in SQLite's words.</summary>
internal static class ConstraintErrors
{
    public static SluiceException NotNull(Table table, Column column, ConflictAction action) =>
        new ConstraintException(ResultCode.ConstraintNotNull, $"NOT NULL constraint failed: {table.Name}.{column.Name}", action);

    /// <summary>A named constraint by its name, another by its expression's text.</summary>
    public static SluiceException Check(string nameOrText, ConflictAction action) =>
        new ConstraintException(ResultCode.ConstraintCheck, $"CHECK constraint failed: {nameOrText}", action);

    public static SluiceException Rowid(Table table, ConflictAction action) => table.RowidAlias >= 0
        ? new ConstraintException(ResultCode.ConstraintPrimaryKey, $"UNIQUE constraint failed: {table.Name}.{table.Columns[table.RowidAlias].Name}", action)
        : new ConstraintException(ResultCode.ConstraintRowid, $"UNIQUE constraint failed: {table.Name}.rowid", action);

    public static SluiceException Unique(Table table, TableIndex index, ConflictAction action) => new ConstraintException(
        index.Origin == 'p' ? ResultCode.ConstraintPrimaryKey : ResultCode.ConstraintUnique,
        $"UNIQUE constraint failed: {string.Join(", ", index.Columns.Select(column => $"{table.Name}.{table.Columns[column].Name}"))}",
        action);

    public static SluiceException Mismatch() => new(ResultCode.Mismatch, "datatype mismatch");
}
