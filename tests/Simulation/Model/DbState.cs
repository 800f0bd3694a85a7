using System.Collections.Immutable;

namespace Sluice.Simulation.Model;

internal sealed record Row(long? K, string V);

/// <summary>
/// A table t(id INTEGER PRIMARY KEY, k INTEGER, v TEXT), with a unique index on k, an index on v, or none.
/// </summary>
internal sealed record TableState(ImmutableSortedDictionary<long, Row> Rows, bool UniqueK, bool IndexV)
{
    public static TableState Empty { get; } = new(ImmutableSortedDictionary<long, Row>.Empty, false, false);

    /// <summary>The row that has a key, among those of other ids.</summary>
    public long? OwnerOf(long? k, long? except)
    {
        if (k is not null)
        {
            foreach ((long id, Row row) in Rows)
            {
                if (row.K == k && id != except)
                {
                    return id;
                }
            }
        }

        return null;
    }

    public bool HasDuplicates()
    {
        HashSet<long> seen = [];
        return Rows.Values.Any(row => row.K is { } k && !seen.Add(k));
    }
}

/// <summary>Everything that a database holds. Immutable: a snapshot is a reference.</summary>
internal sealed record DbState(ImmutableSortedDictionary<string, TableState> Tables)
{
    public static DbState Empty { get; } = new(ImmutableSortedDictionary.Create<string, TableState>(StringComparer.Ordinal));

    public DbState With(string table, TableState state) => new(Tables.SetItem(table, state));

    public DbState Without(string table) => new(Tables.Remove(table));

    public bool SameAs(DbState other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (Tables.Count != other.Tables.Count)
        {
            return false;
        }

        foreach ((string name, TableState table) in Tables)
        {
            if (!other.Tables.TryGetValue(name, out TableState? twin)
                || table.UniqueK != twin.UniqueK || table.IndexV != twin.IndexV || table.Rows.Count != twin.Rows.Count
                || !(ReferenceEquals(table.Rows, twin.Rows) || table.Rows.SequenceEqual(twin.Rows)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The first difference, for people.</summary>
    public string DifferenceTo(DbState other)
    {
        foreach (string name in Tables.Keys.Union(other.Tables.Keys).Order(StringComparer.Ordinal))
        {
            TableState? mine = Tables.GetValueOrDefault(name);
            TableState? twin = other.Tables.GetValueOrDefault(name);
            if (mine is null || twin is null)
            {
                return $"table {name} is {(mine is null ? "missing" : "there")}";
            }

            if ((mine.UniqueK, mine.IndexV) != (twin.UniqueK, twin.IndexV))
            {
                return $"indexes of {name}: unique {mine.UniqueK}/{twin.UniqueK}, plain {mine.IndexV}/{twin.IndexV}";
            }

            foreach (long id in mine.Rows.Keys.Union(twin.Rows.Keys).Order())
            {
                Row? a = mine.Rows.GetValueOrDefault(id);
                Row? b = twin.Rows.GetValueOrDefault(id);
                if (a != b)
                {
                    return $"row {id} of {name} is {Describe(a)} instead of {Describe(b)}; {mine.Rows.Count} rows instead of {twin.Rows.Count}";
                }
            }
        }

        return "none";
    }

    private static string Describe(Row? row) =>
        row is null ? "missing" : $"(k {row.K?.ToString() ?? "null"}, v {row.V[..Math.Min(12, row.V.Length)]}… of {row.V.Length})";
}
