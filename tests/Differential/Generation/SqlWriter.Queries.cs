using System.Globalization;

namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    /// <summary>A whole query, with what of the order of its rows counts.</summary>
    public Step Query()
    {
        _aliases = 0;
        _subqueries = 0;
        int known = _relations.Count;
        string with = dice.Percent(12) ? CommonTables() : "";
        int depth = dice.Below(10) switch { < 3 => 1, < 8 => 2, _ => 3 };
        Step step = dice.Percent(4) ? Star() : Ordered(depth);
        _relations.RemoveRange(known, _relations.Count - known);
        return step with { Sql = with + step.Sql };
    }

    private Step Star()
    {
        (string from, Scope scope) = From(null, 1, most: 2);
        return new(StepKind.Query, $"SELECT *{from}{Where(scope, 2)}");
    }

    private Step Ordered(int depth)
    {
        Kind[] kinds = [.. Enumerable.Range(0, dice.Between(1, 4)).Select(_ => AnyKind())];
        bool isCompound = dice.Percent(12);
        Query query = isCompound ? Compound(null, kinds, depth) : Core(null, kinds, depth, most: 3);
        int way = dice.Below(100);
        if (way < 40)
        {
            return new(StepKind.Query, query.Sql);
        }

        if (way < 58)
        {
            string inner = isCompound ? $"SELECT * FROM ({query.Sql})" : query.Sql;
            // Integers in a compound are at times reals in SQLite, and then the types decide which rows a LIMIT takes.
            return new(StepKind.Query, $"{inner} ORDER BY {CompleteOrder(query)}{(isCompound ? "" : Limit())}", RowOrder.Total);
        }

        List<int> keys = dice.Some([.. Enumerable.Range(0, kinds.Length)], dice.Between(1, kinds.Length));
        IEnumerable<string> terms = keys.Select(key => (dice.Percent(50) ? (key + 1).ToString(CultureInfo.InvariantCulture) : $"c{key + 1}") + Direction());
        bool hasLimit = dice.Percent(40);
        return new(StepKind.Query, $"{query.Sql} ORDER BY {string.Join(", ", terms)}{(hasLimit ? Limit() : "")}", hasLimit ? RowOrder.KeysOnly : RowOrder.Keys, keys);
    }

    private string Limit() => dice.Below(6) switch
    {
        0 => $" LIMIT {dice.Between(0, 5)} OFFSET {dice.Between(0, 5)}",
        1 => $" LIMIT {dice.Between(0, 3)}, {dice.Between(0, 9)}",
        2 => $" LIMIT -1 OFFSET {dice.Between(0, 6)}",
        _ => $" LIMIT {dice.Between(0, 12)}",
    };

    private string CommonTables()
    {
        List<string> tables = [];
        for (int i = dice.Between(1, 2); i > 0; i--)
        {
            string name = $"q{tables.Count + 1}";
            Kind[] kinds = [.. Enumerable.Range(0, dice.Between(1, 3)).Select(_ => AnyKind())];
            if (dice.Percent(40))
            {
                tables.Add($"{name}(n, x) AS ({Recursion(name)})");
                _relations.Add(new(name, [new("n", Kind.Integer, true), new("x", Kind.Any)], []));
                continue;
            }

            Query query = Subselect(null, kinds, 1);
            tables.Add($"{name} AS {dice.Of("", "", "MATERIALIZED ", "NOT MATERIALIZED ")}({query.Sql})");
            _relations.Add(new(name, query.Columns, []));
        }

        return $"WITH {dice.Of("", "RECURSIVE ")}{string.Join(", ", tables)} ";
    }

    private string Recursion(string name)
    {
        string first = dice.Percent(70) ? $"SELECT {dice.Between(0, 3)}, {Literal(AnyKind())}" : $"VALUES (1, {Literal(AnyKind())}), (2, {Literal(AnyKind())})";
        var scope = new Scope(null);
        scope.Add(name, new(name, [new("n", Kind.Integer), new("x", Kind.Any)], []));
        string more = dice.Below(4) switch
        {
            0 => $"SELECT {name}.n + 1, {Expression(scope, AnyKind(), 1)} FROM {name} WHERE {name}.n < {dice.Between(2, 12)} AND ({Condition(scope, 1)})",
            1 => Joined(),
            _ => $"SELECT {name}.n + 1, {Expression(scope, AnyKind(), 1)} FROM {name} WHERE {name}.n < {dice.Between(2, 12)}",
        };
        return $"{first} UNION {(dice.Percent(60) ? "ALL " : "")}{more}{(dice.Percent(20) ? dice.Of(" ORDER BY 1", " ORDER BY 1 DESC") : "")}";

        string Joined()
        {
            Relation relation = dice.Of(_relations);
            string alias = Alias();
            scope.Add(alias, relation);
            return $"SELECT {name}.n + 1, {dice.Of(scope.Leaves).Sql} FROM {name} JOIN {relation.Name} AS {alias} ON {alias}.{dice.Of(relation.Columns).Name} = {name}.n WHERE {name}.n < 4";
        }
    }
}
