using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Ddl;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>
/// PRAGMA foreign_key_check: the rows whose foreign keys have no parent. The newest table first, row by row, and of a row its newest key first,
/// as SQLite lists them.
/// </summary>
internal static class ForeignKeyCheck
{
    public static IReadOnlyList<SqlValue[]> Run(PragmaCall call)
    {
        List<SqlValue[]> rows = [];
        IEnumerable<Table> tables = !call.HasValue ? call.Home.Tables.Reverse() : call.RequireTable() is { } only ? [only] : [];
        foreach (Table table in tables.Where(table => table.ForeignKeys.Count > 0))
        {
            Check(table, [.. table.ForeignKeys.Reverse()], call, rows);
        }

        return rows;
    }

    private static void Check(Table table, ForeignKeyTable[] keys, PragmaCall call, List<SqlValue[]> rows)
    {
        string rowid = table.KeyColumns is null ? $"c.{Names.AlwaysQuoted(RowidNames.Of(table))}" : "NULL";
        string sql = $"SELECT {rowid}, {string.Join(", ", keys.Select(key => Broken(table, key, call)))} FROM {Named(table, call)} AS c NOT INDEXED";
        CompiledStatement query = Planner.Compile(Parser.ParseStatement(sql), call.Whole.Schemas);
        using Execution children = query.Start(call.Whole, call.Session, []);
        while (children.Next())
        {
            for (int id = 0; id < keys.Length; id++)
            {
                if (children.Column(id + 1).Integer != 0)
                {
                    rows.Add([SqlValue.FromText(table.Name), children.Column(0), SqlValue.FromText(keys[id].Clause.Table), SqlValue.FromInteger(id)]);
                }
            }
        }
    }

    /// <summary>The condition under which a row c has no parent by a key.</summary>
    private static string Broken(Table table, ForeignKeyTable key, PragmaCall call)
    {
        List<string> conditions = [.. key.Columns.Select(column => $"c.{Names.AlwaysQuoted(column)} IS NOT NULL")];
        if (call.Home.TryGetTable(key.Clause.Table, out Table? parent))
        {
            int[] parentColumns = ForeignKeyCompiler.ParentColumns(table, key, parent);
            IEnumerable<string> equal = parentColumns.Select(
                (column, i) => $"p.{Names.AlwaysQuoted(parent.Columns[column].Name)} = +c.{Names.AlwaysQuoted(key.Columns[i])}");
            conditions.Add($"NOT EXISTS (SELECT 1 FROM {Named(parent, call)} AS p WHERE {string.Join(" AND ", equal)})");
        }
        else if (call.Home.TryGetView(key.Clause.Table, out _))
        {
            throw ForeignKeyCompiler.Mismatch(table, key);
        }

        return $"({string.Join(" AND ", conditions)})";
    }

    private static string Named(Table table, PragmaCall call) => $"{Names.AlwaysQuoted(call.HomeName)}.{Names.AlwaysQuoted(table.Name)}";
}
