using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Ddl;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>PRAGMA foreign_key_check: the rows whose foreign keys have no parent, table by table.</summary>
internal static class ForeignKeyCheck
{
    public static IReadOnlyList<SqlValue[]> Run(PragmaCall call)
    {
        Schema schema = call.Transaction.Schema;
        List<SqlValue[]> rows = [];
        foreach (Table table in schema.Tables)
        {
            if (call.HasValue && !table.Name.Equals(call.Text, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            for (int id = 0; id < table.ForeignKeys.Count; id++)
            {
                Check(table, table.ForeignKeys[^(id + 1)], id, call, rows);
            }
        }

        return rows;
    }

    private static void Check(Table table, ForeignKeyTable key, int id, PragmaCall call, List<SqlValue[]> rows)
    {
        string result = table.KeyColumns is null ? "c.rowid" : "NULL";
        List<string> conditions = [.. key.Columns.Select(column => $"c.{Names.AlwaysQuoted(column)} IS NOT NULL")];
        if (call.Transaction.Schema.TryGetTable(key.Clause.Table, out Table? parent))
        {
            int[] parentColumns = ForeignKeyCompiler.ParentColumns(table, key, parent);
            IEnumerable<string> equal = parentColumns.Select(
                (column, i) => $"p.{Names.AlwaysQuoted(parent.Columns[column].Name)} = +c.{Names.AlwaysQuoted(key.Columns[i])}");
            conditions.Add($"NOT EXISTS (SELECT 1 FROM {Names.AlwaysQuoted(parent.Name)} AS p WHERE {string.Join(" AND ", equal)})");
        }

        string sql = $"SELECT {result} FROM {Names.AlwaysQuoted(table.Name)} AS c WHERE {string.Join(" AND ", conditions)}";
        CompiledStatement query = Planner.Compile(Parser.ParseStatement(sql), call.Transaction.Schemas);
        using Execution broken = query.Start(call.Transaction, call.Session, []);
        while (broken.Next())
        {
            rows.Add([SqlValue.FromText(table.Name), broken.Column(0), SqlValue.FromText(key.Clause.Table), SqlValue.FromInteger(id)]);
        }
    }
}
