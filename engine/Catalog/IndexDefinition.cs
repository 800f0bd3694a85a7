using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Catalog;

/// <summary>What a CREATE INDEX comes to on its table.</summary>
internal static class IndexDefinition
{
    /// <param name="node">The statement.</param>
    /// <param name="table">The table, or what is known of it so far.</param>
    /// <param name="name">The index's name.</param>
    /// <param name="root">Its root page.</param>
    /// <param name="sql">Its text for sqlite_schema.</param>
    /// <param name="descendingWorks">In files of schema formats 1 to 3, DESC has no effect ("SQLite file format", section 1.3.10).</param>
    /// <exception cref="SluiceException">A column or collation that is not there.</exception>
    public static TableIndex Describe(CreateIndexStatement node, Table table, string name, uint root, string sql, bool descendingWorks)
    {
        int[] columns = new int[node.Columns.Count];
        KeyColumn[] order = new KeyColumn[columns.Length];
        ExpressionNode?[] expressions = new ExpressionNode?[columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            IndexedColumn column = node.Columns[i];
            columns[i] = OrdinalOf(column.Expression, table);
            Collation collation = Collation.Binary;
            if (columns[i] == TableIndex.ExpressionColumn)
            {
                expressions[i] = column.Expression;
                collation = CollationOf(column.Expression);
            }
            else
            {
                collation = table.Columns[columns[i]].Collation;
            }

            order[i] = new KeyColumn(column.Collation is { } given ? TableKeys.CollationNamed(given) : collation, column.Descending && descendingWorks);
        }

        return new TableIndex
        {
            Name = name,
            TableName = table.Name,
            RootPage = root,
            Columns = columns,
            Expressions = Array.TrueForAll(expressions, expression => expression is null) ? [] : expressions,
            Where = node.Where,
            Order = new KeyOrder(order, node.Unique),
            Sql = sql,
        };
    }

    private static Collation CollationOf(ExpressionNode expression) =>
        expression is CollateNode collate ? TableKeys.CollationNamed(collate.Collation) : Collation.Binary;

    /// <summary>The ordinal of a plain column; <see cref="TableIndex.ExpressionColumn"/> for anything else.</summary>
    private static int OrdinalOf(ExpressionNode expression, Table table)
    {
        if (expression is not ColumnNode name)
        {
            return TableIndex.ExpressionColumn;
        }

        int ordinal = table.OrdinalOf(name.Column);

        // A name in double quotes that is no column is a string.
        return ordinal >= 0 ? ordinal
            : name is { DoubleQuoted: true, Table: null } ? TableIndex.ExpressionColumn
            : throw new SluiceException(ResultCode.Error, $"no such column: {name.Column}");
    }
}
