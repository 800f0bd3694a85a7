namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    /// <summary>The scope of results over groups: the keys, and some aggregates of what <paramref name="rows"/> names.</summary>
    private Scope Groups(Scope rows, IReadOnlyList<Leaf> keys, int depth)
    {
        var groups = new Scope(rows.Outer);
        groups.Leaves.AddRange(keys);
        groups.Order.AddRange(keys.SelectMany(key => Scope.Exactly($"({key.Sql})")));
        for (int i = dice.Between(1, 3); i > 0; i--)
        {
            groups.Leaves.Add(Aggregate(rows, depth, isWindow: false) with { IsAggregate = true });
        }

        return groups;
    }

    /// <summary>
    /// A call of an aggregate function, without OVER. Its arguments are of its own SELECT: with columns of a query around it alone it would be that one's.
    /// </summary>
    private Leaf Aggregate(Scope scope, int depth, bool isWindow)
    {
        var rows = new Scope(null);
        rows.Leaves.AddRange(scope.Leaves);
        rows.Order.AddRange(scope.Order);
        string filter = dice.Percent(15) ? $" FILTER (WHERE {Condition(rows, depth - 1)})" : "";
        string distinct = dice.Percent(15) && !isWindow ? "DISTINCT " : "";
        Kind kind = AnyKind();
        string Argument() => Expression(rows, kind, Math.Min(depth, 1));
        switch (dice.Below(12))
        {
            case 0 or 1:
                return new($"count(*){filter}", Kind.Integer, true);
            case 2:
                return new($"count({distinct}{Argument()}){filter}", Kind.Integer, true);
            case 3:
                List<Leaf> small = rows.Leaves.FindAll(leaf => leaf.IsSmall);
                return small.Count > 0
                    ? new($"sum({distinct}{dice.Of(small).Sql}){filter}", Kind.Integer, false)
                    : new($"sum(0.0 + {Argument()}){filter}", Kind.Real, false);
            case 4:
                return new($"total({distinct}{Argument()}){filter}", Kind.Real, false);
            case 5:
                return new($"avg({distinct}{Argument()}){filter}", Kind.Real, false);
            case 6 or 7:
                return new($"min({Argument()}){filter}", kind, false);
            case 8:
                return new($"max({Argument()}){filter}", kind, false);
            case 9 when !isWindow:
                string text = Argument();
                return new($"{dice.Of("group_concat", "string_agg")}({text}, '{dice.Of(",", "", "--")}' ORDER BY {string.Join(", ", Scope.Exactly($"({text})"))}){filter}", Kind.Text, false);
            case 10 when !isWindow:
                string value = JsonValue(rows, 0);
                return new($"json_group_array({value} ORDER BY {string.Join(", ", Scope.Exactly($"({value})"))}){filter}", Kind.Text, false);
            default:
                return new($"max({Argument()}){filter}", kind, false);
        }
    }

    /// <summary>A window function over rows of the scope, in the window that the query calls <paramref name="name"/> if that is given.</summary>
    private string Window(Scope scope, int depth, string? name)
    {
        // What is the same for peers has one answer also where the order of rows is not complete.
        int function = dice.Below(16);
        bool isOfPeers = function is >= 1 and <= 4;
        string Argument() => Expression(scope, AnyKind(), Math.Min(depth, 1));
        string call = function switch
        {
            0 => "row_number()",
            <= 4 => dice.Of("rank()", "dense_rank()", "percent_rank()", "cume_dist()"),
            5 => $"ntile({dice.Between(1, 5)})",
            6 => $"lag({Argument()})",
            7 => $"lead({Argument()}, {dice.Between(0, 3)})",
            8 => $"lag({Argument()}, {dice.Between(0, 3)}, {Argument()})",
            9 => $"first_value({Argument()})",
            10 => $"last_value({Argument()})",
            11 => $"nth_value({Argument()}, {dice.Between(1, 4)})",
            12 => $"group_concat({Argument()}, '{dice.Of(",", "/")}')",
            _ => Aggregate(scope, depth, isWindow: true).Sql,
        };
        return name is null ? $"{call} OVER ({Specification(scope, depth, isOfPeers)})" : dice.Percent(70) ? $"{call} OVER {name}" : $"{call} OVER ({name} {Frame(hasOneKey: false)})";
    }

    private string Specification(Scope scope, int depth, bool isOfPeers, bool hasFrame = true)
    {
        string partition = dice.Percent(45) ? $"PARTITION BY {Expression(scope, AnyKind(), Math.Min(depth, 1))} " : "";
        List<Leaf> small = scope.Leaves.FindAll(leaf => leaf.IsSmall);
        if (hasFrame && small.Count > 0 && isOfPeers && dice.Percent(50))
        {
            return $"{partition}ORDER BY {dice.Of(small).Sql}{dice.Of("", " DESC", " NULLS LAST")} {Frame(hasOneKey: true)}";
        }

        IEnumerable<string> terms = scope.Order.Count > 0 ? scope.Order : ["1"];
        if (dice.Percent(40))
        {
            terms = terms.Prepend($"{Expression(scope, AnyKind(), Math.Min(depth, 1))}{Direction()}");
        }

        return $"{partition}ORDER BY {string.Join(", ", terms)} {(hasFrame ? Frame(hasOneKey: false) : "")}";
    }

    private string Direction() => dice.Of("", "", " ASC", " DESC", " NULLS LAST", " DESC NULLS FIRST", " COLLATE NOCASE");

    private string Frame(bool hasOneKey)
    {
        if (dice.Percent(35))
        {
            return "";
        }

        string unit = hasOneKey ? dice.Of("GROUPS", "RANGE", "RANGE") : dice.Of("ROWS", "GROUPS", "RANGE");
        bool hasOffsets = hasOneKey || unit != "RANGE";
        string Bound(string direction) => hasOffsets && dice.Percent(60) ? $"{dice.Of("0", "1", "2", "3")} {direction}" : dice.Of("CURRENT ROW", $"UNBOUNDED {direction}");
        string frame = dice.Below(6) switch
        {
            0 => $"{unit} {Bound("PRECEDING")}",
            1 when hasOffsets => $"{unit} BETWEEN {dice.Between(1, 3)} PRECEDING AND {dice.Between(0, 3)} PRECEDING",
            2 when hasOffsets => $"{unit} BETWEEN {dice.Between(0, 2)} FOLLOWING AND {dice.Between(0, 3)} FOLLOWING",
            _ => $"{unit} BETWEEN {Bound("PRECEDING")} AND {Bound("FOLLOWING")}",
        };
        return frame + dice.Of("", "", " EXCLUDE NO OTHERS", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES");
    }
}
