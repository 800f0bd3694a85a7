using System.Text;

namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    private static readonly (string Name, Kind Kind)[] s_types =
    [
        ("INTEGER", Kind.Integer), ("INT", Kind.Integer), ("REAL", Kind.Real), ("TEXT", Kind.Text), ("TEXT", Kind.Text), ("BLOB", Kind.Blob), ("NUMERIC", Kind.Any), ("", Kind.Any),
        ("VARCHAR(10)", Kind.Text), ("DOUBLE", Kind.Real), ("BOOLEAN", Kind.Integer), ("BIGINT", Kind.Integer),
    ];

    private static readonly (string Name, Kind Kind)[] s_strictTypes =
        [("INTEGER", Kind.Integer), ("INT", Kind.Integer), ("REAL", Kind.Real), ("TEXT", Kind.Text), ("BLOB", Kind.Blob), ("ANY", Kind.Any)];

    /// <summary>A new table: CREATE TABLE, and the writer knows it from now on.</summary>
    public string CreateTable()
    {
        string name = $"t{_tables.Count}";
        bool isStrict = dice.Percent(20);
        bool hasRowid = dice.Percent(75);
        bool hasParent = false;
        List<Column> columns = [];
        List<string> definitions = [];
        List<string> unique = [];
        List<string> key = [];
        foreach (string column in dice.Some(["a", "b", "c", "d", "e"], dice.Between(2, 5)).Order(StringComparer.Ordinal))
        {
            (string type, Kind kind) = dice.Of(isStrict ? s_strictTypes : s_types);
            bool isSmall = kind is Kind.Integer && dice.Percent(60);
            StringBuilder definition = new($"{column} {type}");
            if (columns.Count == 0 && hasRowid && dice.Percent(45))
            {
                definition = new($"{column} INTEGER PRIMARY KEY{(dice.Percent(15) ? " AUTOINCREMENT" : "")}");
                (kind, isSmall) = (Kind.Integer, true);
                key.Add(column);
                unique.Add(column);
            }
            else if (columns.Count == 0 && !hasRowid)
            {
                key.Add(column);
            }
            else if (kind is Kind.Integer && dice.Percent(40) && Parent() is { } parent)
            {
                isSmall = hasParent = true;
                definition.Append(parent);
            }
            else
            {
                ColumnConstraints(definition, column, kind, unique);
            }

            columns.Add(new(column, kind, isSmall));
            definitions.Add(definition.ToString());
        }

        if (!hasRowid)
        {
            if (columns.Count > 2 && dice.Percent(40))
            {
                key.Add(columns[1].Name);
            }

            unique.Add(string.Join(", ", key));
            definitions.Add($"PRIMARY KEY({string.Join(", ", key.Select(column => column + dice.Of("", "", " DESC", " COLLATE NOCASE")))})");
            // A key by another collation is no key for all who compare by the column's own.
            key.Clear();
        }
        else if (key.Count == 0)
        {
            key.Add("rowid");
        }

        if (dice.Percent(20) && columns.Count > 1)
        {
            string both = $"{columns[0].Name}, {columns[1].Name}";
            if (!key.Contains(columns[0].Name))
            {
                // SQLite does not find a UNIQUE with the INTEGER PRIMARY KEY among its columns by these names.
                unique.Add(both);
            }

            definitions.Add($"UNIQUE({both})");
        }

        if (dice.Percent(10))
        {
            definitions.Add($"CHECK ({columns[^1].Name} IS NOT {Literal(columns[^1].Kind)})");
        }

        List<Column> writable = [.. columns];
        if (dice.Percent(25))
        {
            Generated(columns, definitions, isStrict);
        }

        string options = string.Join(", ", new[] { hasRowid ? "" : "WITHOUT ROWID", isStrict ? "STRICT" : "" }.Where(option => option.Length > 0));
        var relation = new Relation(name, columns, key);
        _relations.Add(relation);
        _tables.Add(new(relation, writable, unique, isStrict, hasRowid, hasParent));
        return $"CREATE TABLE {name}({string.Join(", ", definitions)}){(options.Length > 0 ? " " + options : "")}";
    }

    /// <summary>A foreign key to small numbers, of which most are there; null when no table has such a key.</summary>
    private string? Parent()
    {
        List<(Table Table, string Key)> keys =
            [.. _tables.SelectMany(table => table.Unique.Where(key => table.Relation.Columns.Any(column => column.Name == key && column.IsSmall)).Select(key => (table, key)))];
        if (keys.Count == 0)
        {
            return null;
        }

        (Table table, string key) = dice.Of(keys);
        string Action() => dice.Of("CASCADE", "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION");
        return $" REFERENCES {table.Name}({key}){(dice.Percent(70) ? $" ON DELETE {Action()}" : "")}{(dice.Percent(60) ? $" ON UPDATE {Action()}" : "")}{(dice.Percent(20) ? " DEFERRABLE INITIALLY DEFERRED" : "")}";
    }

    private void ColumnConstraints(StringBuilder definition, string column, Kind kind, List<string> unique)
    {
        if (kind is Kind.Text && dice.Percent(35))
        {
            definition.Append($" COLLATE {Collation()}");
        }

        if (dice.Percent(12))
        {
            definition.Append(" NOT NULL").Append(dice.Percent(40) ? " ON CONFLICT " + dice.Of("IGNORE", "REPLACE", "FAIL") : "");
        }

        if (dice.Percent(15))
        {
            definition.Append($" DEFAULT {(kind is Kind.Any ? "7" : Literal(kind))}");
        }

        if (dice.Percent(12))
        {
            definition.Append(" UNIQUE").Append(dice.Percent(25) ? " ON CONFLICT " + dice.Of("IGNORE", "REPLACE") : "");
            unique.Add(column);
        }
    }

    private void Generated(List<Column> columns, List<string> definitions, bool isStrict)
    {
        var scope = new Scope(null);
        scope.Leaves.AddRange(columns.Select(column => new Leaf(column.Name, column.Kind, false)));
        _subqueries = MostSubqueries;
        Kind kind = dice.Of(Kind.Integer, Kind.Text);
        string type = isStrict ? "ANY" : dice.Of("", kind is Kind.Text ? "TEXT" : "INTEGER");
        definitions.Insert(columns.Count, $"f {type} AS ({Expression(scope, kind, 2)}) {dice.Of("STORED", "VIRTUAL", "")}");
        columns.Add(new("f", kind));
    }

    public string CreateIndex(int number)
    {
        Table table = dice.Of(_tables);
        bool isUnique = dice.Percent(15);
        var scope = new Scope(null);
        scope.Leaves.AddRange(table.Relation.Columns.Select(column => new Leaf(column.Name, column.Kind, false)));
        _subqueries = MostSubqueries;
        // SQLite takes a unique index that has a column twice for one that ON CONFLICT names with another column.
        List<Column> distinct = dice.Some(table.Relation.Columns, 3);
        IEnumerable<string> terms = Enumerable.Range(0, dice.Between(1, isUnique ? distinct.Count : 3)).Select(i =>
            (dice.Percent(80) ? (isUnique ? distinct[i] : dice.Of(table.Relation.Columns)).Name : $"({dice.Of(table.Relation.Columns).Name} || {Operand(scope, AnyKind(), 1)})") + dice.Of("", "", "", " DESC", " COLLATE NOCASE", " COLLATE BINARY"));
        string where = dice.Percent(25) ? $" WHERE {(dice.Percent(50) ? $"{dice.Of(scope.Leaves).Sql} {dice.Of("IS NOT NULL", "> 3", "< 'b'")}" : Condition(scope, 1))}" : "";
        return $"CREATE {(isUnique ? "UNIQUE " : "")}INDEX i{number} ON {table.Name}({string.Join(", ", terms)}){where}";
    }

    public string CreateView(int number)
    {
        _subqueries = 2;
        Kind[] kinds = [.. Enumerable.Range(0, dice.Between(1, 3)).Select(_ => AnyKind())];
        Query query = dice.Percent(20) ? Compound(null, kinds, 1) : Core(null, kinds, 1, most: 2);
        _relations.Add(new($"v{number}", query.Columns, []));
        return $"CREATE VIEW v{number} AS {query.Sql}";
    }

    /// <summary>A trigger that notes rows in the table log, or changes them on the way.</summary>
    public string CreateTrigger(int number)
    {
        Table table = dice.Of(_tables);
        string what = dice.Of("INSERT", "UPDATE", "DELETE");
        string time = dice.Of("BEFORE", "AFTER", "AFTER");
        var scope = new Scope(null);
        foreach (string row in what switch { "INSERT" => ["new"], "DELETE" => ["old"], _ => new[] { "new", "old" } })
        {
            scope.Leaves.AddRange(table.Relation.Columns.Where(column => column.Name != "f").Select(column => new Leaf($"{row}.{column.Name}", column.Kind, false)));
        }

        _subqueries = MostSubqueries;
        string when = dice.Percent(30) ? $" WHEN {Condition(scope, 1)}" : "";
        string of = what == "UPDATE" && dice.Percent(40) ? $" OF {dice.Of(table.Writable).Name}" : "";
        string action = dice.Below(10) switch
        {
            0 => $"SELECT RAISE({dice.Of("IGNORE", "ABORT, 'no'", "FAIL, 'no'")}) WHERE {Condition(scope, 1)}",
            _ => $"INSERT INTO log VALUES('{what}', {Expression(scope, AnyKind(), 1)}, {Expression(scope, AnyKind(), 1)})",
        };
        return $"CREATE TRIGGER g{number} {time} {what}{of} ON {table.Name}{when} BEGIN {action}; END";
    }
}
