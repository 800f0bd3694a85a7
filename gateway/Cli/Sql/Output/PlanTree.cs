using Sluice.Engine.Data;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Draws the rows of EXPLAIN QUERY PLAN (id, parent, -, detail) as sqlite3 does.</summary>
internal static class PlanTree
{
    public static void Print(SluiceDataReader reader, ShellOutput output)
    {
        List<(long Id, long Parent, string Detail)> steps = [];
        while (reader.Read())
        {
            steps.Add((reader.GetInt64(0), reader.GetInt64(1), reader.GetString(3)));
        }

        ILookup<long, (long Id, long Parent, string Detail)> children = steps.ToLookup(step => step.Parent);
        output.WriteLine("QUERY PLAN");
        PrintBelow(0, "");

        void PrintBelow(long parent, string indent)
        {
            (long Id, long Parent, string Detail)[] siblings = [.. children[parent]];
            for (int i = 0; i < siblings.Length; i++)
            {
                bool isLast = i == siblings.Length - 1;
                output.WriteLine($"{indent}{(isLast ? "`--" : "|--")}{siblings[i].Detail}");
                PrintBelow(siblings[i].Id, indent + (isLast ? "   " : "|  "));
            }
        }
    }
}
