using Sluice.Simulation.Model;

namespace Sluice.Simulation.Workload;

/// <summary>DDL, and what it does to the state; null when it must fail because a key is there twice.</summary>
internal static class SchemaChanges
{
    private const int Tables = 4;

    public static (string Sql, Func<DbState, DbState?> Change) Next(Random random, DbState view)
    {
        string name = $"t{random.Next(Tables)}";
        if (!view.Tables.TryGetValue(name, out TableState? table))
        {
            return ($"CREATE TABLE {name}(id INTEGER PRIMARY KEY, k INTEGER, v TEXT)", state => state.With(name, TableState.Empty));
        }

        return random.Next(10) switch
        {
            0 => ($"DROP TABLE {name}", state => state.Without(name)),
            < 6 when table.UniqueK => ($"DROP INDEX {name}_k", state => state.With(name, state.Tables[name] with { UniqueK = false })),
            < 6 => ($"CREATE UNIQUE INDEX {name}_k ON {name}(k)", state =>
                state.Tables[name].HasDuplicates() ? null : state.With(name, state.Tables[name] with { UniqueK = true })),
            _ when table.IndexV => ($"DROP INDEX {name}_v", state => state.With(name, state.Tables[name] with { IndexV = false })),
            _ => ($"CREATE INDEX {name}_v ON {name}(v, k)", state => state.With(name, state.Tables[name] with { IndexV = true })),
        };
    }
}
