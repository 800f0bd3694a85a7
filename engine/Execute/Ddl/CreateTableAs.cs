using System.Text;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>CREATE TABLE AS SELECT: columns get the names and affinities of the result ("CREATE TABLE", section 2.1).</summary>
internal static class CreateTableAs
{
    /// <summary>Below this many characters of names SQLite writes the definition in one line.</summary>
    private const int OneLineLength = 50;

    public static void Execute(CreateTableStatement node, Transaction transaction, Transaction whole, IStatementContext context, SqlValue[] parameters)
    {
        string name = node.Name.Name;
        if (!Names.IsFreeForTable(transaction.Schema, name, node.IfNotExists))
        {
            return;
        }

        transaction.BecomeExclusive();
        if (!Names.IsFreeForTable(transaction.Schema, name, node.IfNotExists))
        {
            return;
        }

        CompiledStatement select = Planner.Compile(node.AsSelect!, whole.Schemas);
        string[] columns = FromBuilder.Distinct([.. select.Columns.Select(column => column.Name)]);
        Affinity[] affinities = [.. select.Columns.Select((column, i) => AffinityOf(column, node.AsSelect!, i))];

        // The table is not in the schema while the SELECT runs, so the SELECT cannot see it.
        uint root = transaction.Trees.CreateTable();
        using (Execution rows = select.Start(whole, context, parameters))
        {
            Fill(root, affinities, rows, transaction);
        }

        SchemaRows.Add(transaction, new SchemaRow("table", name, name, root, Definition(name, columns, affinities)));
        transaction.SchemaChanged();
    }

    private static void Fill(uint root, Affinity[] affinities, Execution execution, Transaction transaction)
    {
        SqlValue[] row = new SqlValue[affinities.Length];
        long rowid = 0;
        while (execution.Next())
        {
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = SqlConvert.ApplyAffinity(execution.Column(i), affinities[i]);
            }

            transaction.Trees.PutRow(root, ++rowid, RecordWriter.Encode(row));
        }
    }

    /// <summary>A table column's affinity, that of a CAST, or none.</summary>
    private static Affinity AffinityOf(ResultColumnDescription column, SelectStatement select, int index)
    {
        if (column.OriginColumn is not null)
        {
            return SqlConvert.AffinityOfColumn(column.DeclaredType ?? "");
        }

        IReadOnlyList<ResultColumn> written = select.First.Columns;
        bool asWritten = written.All(result => result.Expression is not null);
        return asWritten && index < written.Count && written[index].Expression is CastNode cast ? SqlConvert.AffinityOfType(cast.TypeName) : Affinity.Blob;
    }

    /// <summary>The text that SQLite makes up for such a table.</summary>
    private static string Definition(string table, string[] columns, Affinity[] affinities)
    {
        int length = Names.AlwaysQuoted(table).Length + columns.Sum(column => Names.AlwaysQuoted(column).Length + 5);
        (string first, string separator, string end) = length < OneLineLength ? ("", ",", ")") : ("\n  ", ",\n  ", "\n)");
        StringBuilder text = new("CREATE TABLE ");
        text.Append(Names.Quoted(table)).Append('(').Append(first);
        for (int i = 0; i < columns.Length; i++)
        {
            text.Append(i == 0 ? "" : separator).Append(Names.Quoted(columns[i])).Append(affinities[i] switch
            {
                Affinity.Text => " TEXT",
                Affinity.Numeric => " NUM",
                Affinity.Integer => " INT",
                Affinity.Real => " REAL",
                _ => "",
            });
        }

        return text.Append(end).ToString();
    }
}
