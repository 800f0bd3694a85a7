namespace Sluice.Differential.Generation;

/// <summary>Writes the case of a seed: tables with rows, indexes, views and triggers, then queries and changes.</summary>
internal static class CaseWriter
{
    private const int Statements = 50;

    public static Case Write(int seed)
    {
        var dice = new Dice(seed);
        var writer = new SqlWriter(dice);
        List<Step> steps = [];
        void Setup(string sql) => steps.Add(new(StepKind.Setup, sql));

        Setup($"PRAGMA foreign_keys = {(dice.Percent(90) ? "ON" : "OFF")}");
        Setup("CREATE TABLE log(w, x, y)");
        for (int i = dice.Between(1, 3); i >= 0; i--)
        {
            Setup(writer.CreateTable());
        }

        int indexes = dice.Between(0, 6);
        for (int i = 0; i < indexes; i += 2)
        {
            Setup(writer.CreateIndex(i));
        }

        foreach (Table table in writer.Tables)
        {
            int rows = dice.Below(100) switch { < 5 => 0, < 40 => dice.Between(1, 8), _ => dice.Between(9, 40) };
            if (table.HasParent)
            {
                // A row without a parent is refused and takes those of its statement with it.
                steps.AddRange(Enumerable.Range(0, rows).Select(_ => new Step(StepKind.Setup, writer.Fill(table, 1))));
            }
            else if (rows > 0)
            {
                steps.Add(new(StepKind.Change, writer.Fill(table, rows)));
            }
        }

        for (int i = 1; i < indexes; i += 2)
        {
            Setup(writer.CreateIndex(i));
        }

        for (int i = dice.Between(0, 2); i > 0; i--)
        {
            Setup(writer.CreateView(i));
        }

        for (int i = dice.Percent(40) ? dice.Between(1, 2) : 0; i > 0; i--)
        {
            Setup(writer.CreateTrigger(i));
        }

        if (dice.Percent(50))
        {
            steps.Add(new(StepKind.Ours, "PRAGMA wal_checkpoint"));
        }

        if (dice.Percent(20))
        {
            Setup("ANALYZE");
        }

        int open = 0;
        for (int i = 0; i < Statements; i++)
        {
            switch (dice.Below(100))
            {
                case < 78:
                    steps.Add(writer.Query());
                    break;
                case < 94:
                    steps.Add(writer.Change());
                    break;
                case < 96 when open == 0:
                    steps.Add(new(StepKind.Ours, "PRAGMA wal_checkpoint"));
                    break;
                case < 98:
                    Setup($"SAVEPOINT p{++open}");
                    break;
                default:
                    Setup(open == 0 ? "BEGIN" : dice.Percent(50) ? $"ROLLBACK TO p{open}" : $"RELEASE p{open}");
                    open = Math.Max(0, open - 1);
                    break;
            }
        }

        IEnumerable<string> contents = writer.Tables.Select(table => $"SELECT {(table.HasRowid ? "rowid AS rowid, " : "")}* FROM {table.Name}").Append("SELECT * FROM log");
        return new(steps, [.. contents.Select(sql => new Step(StepKind.Query, sql))]);
    }
}
