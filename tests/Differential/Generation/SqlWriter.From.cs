using System.Text;

namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    private static readonly string[] s_joins =
        ["JOIN", "JOIN", "INNER JOIN", "CROSS JOIN", "LEFT JOIN", "LEFT JOIN", "LEFT OUTER JOIN", "RIGHT JOIN", "FULL JOIN"];

    /// <summary>A FROM clause of at most so many tables, and what it names.</summary>
    private (string Sql, Scope Scope) From(Scope? outer, int depth, int most)
    {
        var scope = new Scope(outer);
        int count = Math.Min(most, dice.Below(100) switch { < 55 => 1, < 88 => 2, _ => 3 });
        StringBuilder sql = new(" FROM ");
        List<Relation> before = [];
        for (int i = 0; i < count; i++)
        {
            (string source, string alias, Relation relation) = Source(outer, depth);
            if (i == 0)
            {
                sql.Append(source);
                scope.Add(alias, relation);
            }
            else
            {
                Join(sql, scope, before, source, alias, relation, depth, isLast: i == count - 1);
            }

            before.Add(relation);
        }

        return (sql.ToString(), scope);
    }

    private void Join(StringBuilder sql, Scope scope, List<Relation> before, string source, string alias, Relation relation, int depth, bool isLast)
    {
        string join = dice.Of(s_joins);
        // Values of one kind: where text meets numbers, SQLite shows at times the one and at times the other.
        List<string> common = [.. relation.Columns
            .Where(column => column.Kind is not Kind.Any && before.All(other => other.Columns.Any(same => same.Name == column.Name && same.Kind == column.Kind)))
            .Select(column => column.Name)];
        bool isNatural = relation.Columns.All(column => common.Contains(column.Name) || !before.Exists(other => other.Columns.Any(same => same.Name == column.Name)));
        List<Leaf> left = [.. scope.Leaves];
        scope.Add(alias, relation);
        int way = dice.Below(100);
        if (way < 10 && before.Count == 1)
        {
            sql.Append($", {source}");
        }
        else if (way < 16 && isNatural && join != "CROSS JOIN")
        {
            sql.Append($" NATURAL {join} {source}");
        }
        else if (way < 30 && common.Count > 0)
        {
            List<string> names = dice.Some(common, dice.Between(1, 2));
            sql.Append($" {join} {source} USING ({string.Join(", ", names)})");
            if (before.Count == 1 && isLast)
            {
                // A third table might have the name, too.
                scope.Leaves.AddRange(names.Select(name => new Leaf(name, relation.Columns.First(column => column.Name == name).Kind, false)));
            }
        }
        else
        {
            var right = new Scope(null);
            right.Add(alias, relation);
            Leaf one = dice.Of(right.Leaves);
            List<Leaf> fitting = left.FindAll(leaf => leaf.Kind == one.Kind);
            string equality = $"{one.Sql} = {dice.Of(fitting.Count > 0 ? fitting : left).Sql}";
            string on = dice.Below(10) switch
            {
                < 6 => equality,
                < 8 => $"{equality} AND {Condition(scope, Math.Min(depth, 1))}",
                _ => Condition(scope, Math.Min(depth, 1)),
            };
            sql.Append($" {join} {source} ON {on}");
        }
    }

    private (string Sql, string Alias, Relation Relation) Source(Scope? outer, int depth)
    {
        string alias = Alias();
        int way = dice.Below(100);
        if (way < 12 && depth > 0 && _subqueries < MostSubqueries)
        {
            Kind[] kinds = [.. Enumerable.Range(0, dice.Between(1, 3)).Select(_ => AnyKind())];
            Query query = Subselect(null, kinds, depth - 1);
            return ($"({query.Sql}) AS {alias}", alias, new Relation(alias, query.Columns, []));
        }

        if (way < 15)
        {
            Kind[] kinds = [.. Enumerable.Range(0, dice.Between(1, 2)).Select(_ => AnyKind())];
            IEnumerable<string> rows = Enumerable.Range(0, dice.Between(1, 4)).Select(_ => $"({string.Join(", ", kinds.Select(Literal))})");
            return ($"(VALUES {string.Join(", ", rows)}) AS {alias}", alias, new Relation(alias, [.. kinds.Select((kind, i) => new Column($"column{i + 1}", kind))], []));
        }

        if (way < 19)
        {
            string root = dice.Percent(20) ? $", {dice.Of("'$'", "'$.x'")}" : "";
            string document = dice.Percent(20) && outer is not null ? $"json_array({JsonValue(outer, 0)}, {JsonValue(outer, 0)})" : $"'{dice.Of(s_documents)}'";
            Column[] columns = [new("key", Kind.Any), new("value", Kind.Any), new("type", Kind.Text), new("atom", Kind.Any), new("fullkey", Kind.Text), new("path", Kind.Text)];
            return ($"{dice.Of("json_each", "json_tree")}({document}{root}) AS {alias}", alias, new Relation(alias, columns, ["id"]));
        }

        Relation relation = dice.Of(_relations);
        return ($"{relation.Name} AS {alias}", alias, relation);
    }
}
