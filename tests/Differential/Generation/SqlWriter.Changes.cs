namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    /// <summary>An INSERT, UPDATE or DELETE.</summary>
    public Step Change()
    {
        _aliases = 0;
        _subqueries = 0;
        Table table = dice.Of(_tables);
        string sql = dice.Below(10) switch
        {
            < 4 => Insert(table),
            < 8 => Update(table),
            _ => Delete(table),
        };
        return new(StepKind.Change, sql);
    }

    /// <summary>Rows of random values, so that a table has some.</summary>
    public string Fill(Table table, int rows)
    {
        IEnumerable<string> values = Enumerable.Range(0, rows).Select(_ => Row(table.Writable, table.IsStrict));
        return $"INSERT OR IGNORE INTO {table.Name}({Names(table.Writable)}) VALUES {string.Join(", ", values)}";
    }

    private static string Names(IEnumerable<Column> columns) => string.Join(", ", columns.Select(column => column.Name));

    private string Row(IEnumerable<Column> columns, bool isStrict) => $"({string.Join(", ", columns.Select(column => Value(column, isStrict)))})";

    private string Conflict() => dice.Of("", "", "", "", " OR IGNORE", " OR REPLACE", " OR FAIL", " OR ABORT", " OR ROLLBACK");

    private string Returning(Scope scope) => dice.Below(100) switch
    {
        < 60 => "",
        < 75 => " RETURNING *",
        _ => $" RETURNING {LeafOf(scope, Kind.Any)} AS r1, {Expression(scope, AnyKind(), 1)} AS r2",
    };

    /// <summary>The columns of a table under its own name.</summary>
    private static Scope ScopeOf(Table table, string? alias = null)
    {
        var scope = new Scope(null);
        scope.Add(alias ?? table.Name, table.Relation);
        return scope;
    }

    private string Insert(Table table)
    {
        List<Column> columns = dice.Percent(70) ? [.. table.Writable] : dice.Some(table.Writable, dice.Between(1, table.Writable.Count));
        string verb = dice.Percent(10) ? "REPLACE" : $"INSERT{Conflict()}";
        string into = $"{verb} INTO {table.Name}({Names(columns)})";
        string returning = Returning(ScopeOf(table));
        int way = dice.Below(100);
        if (way < 4)
        {
            return $"{verb} INTO {table.Name} DEFAULT VALUES{returning}";
        }

        if (way < 30)
        {
            Kind[] kinds = [.. columns.Select(column => column.Kind)];
            Query query = Core(null, kinds, 1, most: 2);
            string source = $"{query.Sql} ORDER BY {CompleteOrder(query)} LIMIT {dice.Between(1, 12)}";
            // Sums over small numbers must not overflow.
            return columns.Exists(column => column.IsSmall)
                ? $"{into} SELECT {string.Join(", ", columns.Zip(query.Columns, (column, given) => column.IsSmall ? $"CAST({given.Name} AS INTEGER) % 100" : given.Name))} FROM ({source}){returning}"
                : $"{into} {source}{returning}";
        }

        string upsert = verb == "INSERT" && table.Unique.Count > 0 && dice.Percent(40) ? Upsert(table) : "";
        // Whether excluded.* has the column's type already depends on the table's indexes in SQLite; so what is given has it.
        bool isStrict = table.IsStrict || upsert.Length > 0;
        string values = string.Join(", ", Enumerable.Range(0, dice.Between(1, 4)).Select(_ => Row(columns, isStrict)));
        return $"{into} VALUES {values}{upsert}{returning}";
    }

    private string Upsert(Table table)
    {
        if (dice.Percent(25))
        {
            return dice.Percent(50) ? " ON CONFLICT DO NOTHING" : $" ON CONFLICT({dice.Of(table.Unique)}) DO NOTHING";
        }

        Scope scope = ScopeOf(table);
        scope.Leaves.AddRange(table.Writable.Select(column => new Leaf($"excluded.{column.Name}", column.Kind, false)));
        string where = dice.Percent(25) ? $" WHERE {Condition(scope, 1)}" : "";
        string target = dice.Percent(85) ? $"({dice.Of(table.Unique)})" : "";
        return $" ON CONFLICT{target} DO UPDATE SET {Assignments(table, scope)}{where}";
    }

    private string Assignments(Table table, Scope scope)
    {
        List<Column> columns = dice.Some(table.Writable, dice.Between(1, 2));
        if (columns.Count == 2 && dice.Percent(20))
        {
            return $"({Names(columns)}) = ({NewValue(table, columns[0], scope)}, {NewValue(table, columns[1], scope)})";
        }

        return string.Join(", ", columns.Select(column => $"{column.Name} = {NewValue(table, column, scope)}"));
    }

    private string NewValue(Table table, Column column, Scope scope)
    {
        if (column.IsSmall)
        {
            // Sums over it must not overflow.
            return dice.Percent(50) ? Value(column, table.IsStrict) : $"({Operand(scope, Kind.Integer, 1)}) % 100";
        }

        return dice.Percent(30) ? Value(column, table.IsStrict) : Expression(scope, column.Kind, 2);
    }

    private string Update(Table table)
    {
        if (dice.Percent(20))
        {
            // FROM is joined by what tells its rows apart, so that no more than one belongs to a row.
            List<Relation> sources = _relations.FindAll(relation => relation.Key.Count == 1 && relation.Name != table.Name);
            if (sources.Count > 0)
            {
                Relation source = dice.Of(sources);
                string alias = Alias();
                Scope both = ScopeOf(table);
                both.Add(alias, source);
                string on = $"{alias}.{source.Key[0]} = {table.Name}.{dice.Of(table.Relation.Columns).Name}";
                return $"UPDATE{Conflict()} {table.Name} SET {Assignments(table, both)} FROM {source.Name} AS {alias} WHERE {on}{(dice.Percent(40) ? $" AND {Condition(both, 1)}" : "")}{Returning(ScopeOf(table))}";
            }
        }

        Scope scope = ScopeOf(table);
        return $"UPDATE{Conflict()} {table.Name} SET {Assignments(table, scope)}{Where(scope, 2)}{Returning(scope)}";
    }

    private string Delete(Table table)
    {
        Scope scope = ScopeOf(table);
        return dice.Percent(8)
            ? $"DELETE FROM {table.Name}{Returning(scope)}"
            : $"DELETE FROM {table.Name} WHERE {Condition(scope, 2)} AND {Condition(scope, 1)}{Returning(scope)}";
    }
}
