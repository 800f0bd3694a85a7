using System.Text;
using System.Text.RegularExpressions;

namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    /// <summary>Subqueries in one statement: past this it takes long and teaches no more.</summary>
    private const int MostSubqueries = 4;

    private int _subqueries;

    /// <summary>One value: an aggregate, or the first row in a complete order.</summary>
    private string ScalarSubquery(Scope scope, Kind kind, int depth)
    {
        _subqueries++;
        if (dice.Percent(50))
        {
            (string from, Scope rows) = From(scope, 0, most: dice.Percent(80) ? 1 : 2);
            return $"(SELECT {Aggregate(rows, depth, isWindow: false).Sql}{from}{Where(rows, depth)})";
        }

        Query query = Core(scope, [kind], depth, most: 1);
        return $"({query.Sql} ORDER BY {string.Join(", ", Scope.Exactly("c1"))} LIMIT 1)";
    }

    /// <summary>A SELECT for FROM, IN or EXISTS.</summary>
    private Query Subselect(Scope? outer, IReadOnlyList<Kind> kinds, int depth)
    {
        _subqueries++;
        if (dice.Percent(10))
        {
            return Compound(outer, kinds, depth);
        }

        Query query = Core(outer, kinds, depth, most: 2);
        return dice.Percent(12) ? query with { Sql = $"{query.Sql} ORDER BY {CompleteOrder(query)} LIMIT {dice.Between(0, 8)}" } : query;
    }

    private Query Compound(Scope? outer, IReadOnlyList<Kind> kinds, int depth)
    {
        Query query = Core(outer, kinds, depth, most: 2);
        StringBuilder sql = new(query.Sql);
        for (int i = dice.Percent(75) ? 1 : 2; i > 0; i--)
        {
            string part = dice.Percent(85)
                ? Core(outer, kinds, depth, most: 1).Sql
                : $"VALUES ({string.Join(", ", kinds.Select(Literal))}), ({string.Join(", ", kinds.Select(Literal))})";
            sql.Append($" {dice.Of("UNION", "UNION ALL", "INTERSECT", "EXCEPT")} {part}");
        }

        return new(sql.ToString(), query.Columns);
    }

    private string CompleteOrder(Query query) =>
        string.Join(", ", query.Columns.SelectMany(column => Scope.Exactly(column.Name)).Select(term => dice.Percent(15) ? term + " DESC" : term));

    private string Where(Scope scope, int depth) => dice.Percent(70) ? $" WHERE {Condition(scope, depth)}" : "";

    /// <summary>One SELECT, its columns named c1, c2 and so on.</summary>
    private Query Core(Scope? outer, IReadOnlyList<Kind> kinds, int depth, int most)
    {
        if (dice.Percent(6))
        {
            var nothing = new Scope(outer);
            return Results("SELECT ", nothing, kinds, depth, "", windows: 0);
        }

        (string from, Scope rows) = From(outer, depth, most);
        StringBuilder tail = new();
        tail.Append(from).Append(Where(rows, depth));
        Scope scope = rows;
        int way = dice.Below(100);
        if (way < 22)
        {
            List<Leaf> keys = [.. Enumerable.Range(0, dice.Between(1, 2)).Select(_ => Key(rows, depth))];
            scope = Groups(rows, keys, depth);
            tail.Append(" GROUP BY ").AppendJoin(", ", keys.Select(key => key.Sql));
            if (dice.Percent(35))
            {
                tail.Append($" HAVING {Condition(scope, depth - 1)}");
            }
        }
        else if (way < 32)
        {
            scope = Groups(rows, [], depth);
        }

        string select = dice.Percent(12) ? "SELECT DISTINCT " : "SELECT ";
        if (dice.Percent(8) && scope.Order.Count > 0)
        {
            string window = $" WINDOW w AS ({Specification(scope, depth, isOfPeers: false, hasFrame: false)})";
            Query named = Results(select, scope, kinds, depth, tail + window, windows: 60, "w");

            // In one that nothing uses SQLite looks at the names of tables only.
            return UsesWindow().IsMatch(named.Sql) ? named : named with { Sql = named.Sql.Replace(window, "", StringComparison.Ordinal) };
        }

        return Results(select, scope, kinds, depth, tail.ToString(), windows: way >= 85 ? 60 : 0);
    }

    /// <summary>Always with a column: what comes to a whole number is the number of a result in SQLite, at times also if it is not written as one.</summary>
    private Leaf Key(Scope rows, int depth)
    {
        Kind kind = AnyKind();
        Leaf key = new($"({Expression(rows, kind, depth)})", kind, false);
        Leaf chosen = dice.Percent(30) && rows.Leaves.Exists(leaf => key.Sql.Contains(leaf.Sql, StringComparison.Ordinal)) ? key : dice.Of(rows.Leaves);
        // Of texts that another collation holds equal any may stand for the group.
        return chosen.Kind is Kind.Text or Kind.Any && dice.Percent(85) ? chosen with { Sql = $"{chosen.Sql} COLLATE BINARY" } : chosen;
    }

    /// <param name="select">SELECT, perhaps with DISTINCT.</param>
    /// <param name="scope">What results may name.</param>
    /// <param name="kinds">Of the results.</param>
    /// <param name="depth">Of their expressions.</param>
    /// <param name="tail">From FROM on.</param>
    /// <param name="windows">In percent, how many results are window functions.</param>
    /// <param name="window">A window that the tail names.</param>
    private Query Results(string select, Scope scope, IReadOnlyList<Kind> kinds, int depth, string tail, int windows, string? window = null)
    {
        StringBuilder sql = new(select);
        List<Column> columns = [];
        foreach (Kind kind in kinds)
        {
            string result = dice.Percent(windows) ? Window(scope, depth, window) : dice.Percent(40) ? LeafOf(scope, kind) : Expression(scope, kind, depth);
            string name = $"c{columns.Count + 1}";
            sql.Append(columns.Count > 0 ? ", " : "").Append(result).Append(" AS ").Append(name);
            columns.Add(new(name, kind));
        }

        return new(sql.Append(tail).ToString(), columns);
    }

    [GeneratedRegex(@"\bOVER \(?w\b")]
    private static partial Regex UsesWindow();
}
