using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>
/// What a CREATE TABLE or an added column may say. What SQLite refuses is refused in its words; what the engine would get wrong is
/// refused by name.
/// </summary>
internal static class TableDefinition
{
    /// <summary>SQLITE_MAX_COLUMN ("Implementation Limits For SQLite", item 2).</summary>
    private const int MaxColumns = 2000;

    public static void Check(CreateTableStatement node)
    {
        string table = node.Name.Name;
        if (node.Columns.Count > 0 && node.Columns.All(column => column.Constraints.Any(constraint => constraint is GeneratedColumn)))
        {
            throw new SluiceException(ResultCode.Error, "must have at least one non-generated column");
        }

        if (node.Columns.Count > MaxColumns)
        {
            throw new SluiceException(ResultCode.Error, $"too many columns on {table}");
        }

        if (node.Parameters.Count > 0)
        {
            throw new SluiceException(ResultCode.Error, "parameters prohibited in CHECK constraints");
        }

        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        foreach (ColumnDefinition column in node.Columns)
        {
            if (!names.Add(column.Name))
            {
                throw new SluiceException(ResultCode.Error, $"duplicate column name: {column.Name}");
            }

            CheckColumn(column, table, node.Columns, node.Strict);
        }

        foreach (TableConstraint constraint in node.Constraints)
        {
            CheckConstraint(constraint, node, names);
        }
    }

    /// <summary>One column; <paramref name="columns"/> are all that its CHECK may name.</summary>
    public static void CheckColumn(ColumnDefinition column, string table, IReadOnlyList<ColumnDefinition> columns, bool strict)
    {
        if (strict)
        {
            CheckStrictType(column, table);
        }

        foreach (ColumnConstraint constraint in column.Constraints)
        {
            switch (constraint)
            {
                case GeneratedColumn generated:
                    CheckGenerated(generated, column, table, columns);
                    break;
                case PrimaryKeyColumn { Autoincrement: true } when !IsInteger(column):
                    throw NotAnInteger();
                case CollateColumn collate:
                    _ = TableKeys.CollationNamed(collate.Collation);
                    break;
                case DefaultColumn value:
                    string message = $"default value of column [{column.Name}] is not constant";
                    _ = ExpressionBinder.Bind(value.Expression, new DefinitionScope([], table, message, message));                    break;
                case CheckColumn check:
                    BindCheck(check.Expression, table, columns);
                    break;
                case ReferencesColumn { Clause.Columns: { Count: > 1 } }:
                    throw new SluiceException(ResultCode.Error, $"foreign key on {column.Name} should reference only one column of table {((ReferencesColumn)constraint).Clause.Table}");
                default:
                    break;
            }
        }
    }

    private static void CheckConstraint(TableConstraint constraint, CreateTableStatement node, HashSet<string> names)
    {
        switch (constraint)
        {
            case PrimaryKeyTable { Autoincrement: true } key:
                ColumnDefinition? column = key.Columns is [{ Expression: ColumnNode named }]
                    ? node.Columns.FirstOrDefault(c => c.Name.Equals(named.Column, StringComparison.OrdinalIgnoreCase))
                    : null;
                if (column is null || !IsInteger(column))
                {
                    throw NotAnInteger();
                }

                break;
            case CheckTable check:
                BindCheck(check.Expression, node.Name.Name, node.Columns);
                break;
            case ForeignKeyTable { Clause: var clause } key:
                if (clause.Columns is { } target && target.Count != key.Columns.Count)
                {
                    throw new SluiceException(ResultCode.Error, "number of columns in foreign key does not match the number of columns in the referenced table");
                }

                if (key.Columns.FirstOrDefault(name => !names.Contains(name)) is { } unknown)
                {
                    throw new SluiceException(ResultCode.Error, $"unknown column \"{unknown}\" in foreign key definition");
                }

                break;
            default:
                break;
        }
    }

    private static void BindCheck(ExpressionNode expression, string table, IReadOnlyList<ColumnDefinition> columns) =>
        _ = ExpressionBinder.Bind(expression, new DefinitionScope(columns, table, "subqueries prohibited in CHECK constraints", null));

    /// <summary>The types of a STRICT table ("STRICT Tables", section 2).</summary>
    private static void CheckStrictType(ColumnDefinition column, string table)
    {
        if (column.TypeName is not { Length: > 0 } type)
        {
            throw new SluiceException(ResultCode.Error, $"missing datatype for {table}.{column.Name}");
        }

        if (type.ToUpperInvariant() is not ("INT" or "INTEGER" or "REAL" or "TEXT" or "BLOB" or "ANY"))
        {
            throw new SluiceException(ResultCode.Error, $"unknown datatype for {table}.{column.Name}: \"{type}\"");
        }
    }

    private static bool IsInteger(ColumnDefinition column) => "INTEGER".Equals(column.TypeName, StringComparison.OrdinalIgnoreCase);

    private static void CheckGenerated(GeneratedColumn generated, ColumnDefinition column, string table, IReadOnlyList<ColumnDefinition> columns)
    {
        ColumnConstraint[] values = [.. column.Constraints.Where(constraint => constraint is DefaultColumn or GeneratedColumn)];
        if (values.Length > 1)
        {
            throw new SluiceException(ResultCode.Error,
                values[1] is DefaultColumn ? "cannot use DEFAULT on a generated column" : $"error in generated column \"{column.Name}\"");
        }

        if (column.Constraints.Any(constraint => constraint is PrimaryKeyColumn))
        {
            throw new SluiceException(ResultCode.Error, "generated columns cannot be part of the PRIMARY KEY");
        }

        DefinitionExpressions.Check(generated.Expression, table, columns, "generated columns");
    }

    private static SluiceException NotAnInteger() => new(ResultCode.Error, "AUTOINCREMENT is only allowed on an INTEGER PRIMARY KEY");
}
