namespace Sluice.Differential.Generation;

/// <summary>What kind of values an expression mostly has.</summary>
internal enum Kind
{
    Any,
    Integer,
    Real,
    Text,
    Blob,
}

/// <summary>A column of a table, a view or a subquery.</summary>
/// <param name="Name">As written.</param>
/// <param name="Kind">Of its values, mostly.</param>
/// <param name="IsSmall">Whether all values are integers so small that their sum never overflows.</param>
internal sealed record Column(string Name, Kind Kind, bool IsSmall = false);

/// <summary>What can stand in FROM by its name.</summary>
/// <param name="Name">As written.</param>
/// <param name="Columns">All of them.</param>
/// <param name="Key">Columns that together tell its rows apart; empty when nothing but all columns does.</param>
internal sealed record Relation(string Name, IReadOnlyList<Column> Columns, IReadOnlyList<string> Key);

/// <summary>A table that is changed.</summary>
/// <param name="Relation">Its columns.</param>
/// <param name="Writable">The columns that may be given a value: not the generated ones.</param>
/// <param name="Unique">Sets of columns for ON CONFLICT.</param>
/// <param name="IsStrict">Whether values must be of the column's type.</param>
/// <param name="HasRowid">Whether rows have a rowid.</param>
/// <param name="HasParent">Whether it has a foreign key.</param>
internal sealed record Table(Relation Relation, IReadOnlyList<Column> Writable, IReadOnlyList<string> Unique, bool IsStrict, bool HasRowid, bool HasParent)
{
    public string Name => Relation.Name;
}

/// <summary>An expression from which larger ones are made: a column, a key of a group, an aggregate.</summary>
/// <param name="Sql">As written.</param>
/// <param name="Kind">Of its values, mostly.</param>
/// <param name="IsSmall">Whether its values are small integers.</param>
/// <param name="IsAggregate">Whether it is an aggregate, which no subquery within its query can name in a WHERE.</param>
internal sealed record Leaf(string Sql, Kind Kind, bool IsSmall, bool IsAggregate = false);

/// <summary>What expressions at one place may name.</summary>
internal sealed class Scope(Scope? outer)
{
    public Scope? Outer { get; } = outer;

    public List<Leaf> Leaves { get; } = [];

    /// <summary>Terms of an ORDER BY that decides the place of each row, but for rows that are alike.</summary>
    public List<string> Order { get; } = [];

    public void Add(string alias, Relation relation)
    {
        Leaves.AddRange(relation.Columns.Select(column => new Leaf($"{alias}.{column.Name}", column.Kind, column.IsSmall)));
        Order.AddRange(relation.Key.Count > 0
            ? relation.Key.Select(key => $"{alias}.{key}")
            : relation.Columns.SelectMany(column => Exactly($"{alias}.{column.Name}")));
    }

    /// <summary>Terms by which only values that are alike in every way are equal.</summary>
    public static string[] Exactly(string expression) => [$"{expression} COLLATE BINARY", $"typeof({expression})"];
}

/// <summary>A SELECT and the columns that it gives.</summary>
internal sealed record Query(string Sql, IReadOnlyList<Column> Columns);
