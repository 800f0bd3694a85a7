using System.Collections.Immutable;
using Sluice.Engine.Format;
using Sluice.Simulation.Model;

namespace Sluice.Simulation.Workload;

/// <summary>A statement that writes rows, and what it must do; no change when it must break a constraint.</summary>
internal sealed record WriteStatement(string Sql, SqlValue[] Parameters, Func<DbState, long, Change?> Expected);

/// <summary>Makes statements that write, from a seed.</summary>
internal static class Changes
{
    private const int Keys = 60;

    public static WriteStatement Next(Random random, DbState view, string table)
    {
        TableState state = view.Tables[table];
        return random.Next(11) switch
        {
            < 4 => InsertMany(random, table, 1),
            4 => InsertMany(random, table, random.Next(2, 30)),
            5 => InsertAt(random, state, table),
            6 or 7 => UpdateValue(random, state, table),
            8 => UpdateKey(random, state, table),
            9 => UpdateRange(random, table),
            _ => Delete(random, state, table),
        };
    }

    /// <summary>A statement whose outcome does not depend on a rowid that the engine chooses.</summary>
    public static WriteStatement NextWithoutRowids(Random random, DbState view, string table)
    {
        TableState state = view.Tables[table];
        return random.Next(5) switch
        {
            0 => UpdateValue(random, state, table),
            1 => UpdateKey(random, state, table),
            2 => Delete(random, state, table),
            _ => InsertAt(random, state, table),
        };
    }

    /// <summary>A statement that writes so much that it does not fit in a batch, a segment or the memory limit.</summary>
    public static WriteStatement Big(Random random, string table) => InsertMany(random, table, random.Next(30, 120), 900);

    /// <summary>Straight on the pages, if that is how the transaction writes, it empties the trees.</summary>
    public static WriteStatement DeleteAll(string table) => new($"DELETE FROM {table}", [], (view, _) =>
    {
        var all = view.Tables[table].Rows.Keys.Select(id => (table, id, (Row?)null)).ToArray();
        return Put(view, table, all, all.Length, mustBeNew: false);
    });

    private static WriteStatement InsertMany(Random random, string table, int count, int extraBytes = 0)
    {
        var parameters = new SqlValue[count * 2];
        var rows = new Row[count];
        for (int i = 0; i < count; i++)
        {
            rows[i] = new Row(NextKey(random), NextValue(random, extraBytes));
            parameters[2 * i] = KeyOf(rows[i]);
            parameters[(2 * i) + 1] = SqlValue.FromText(rows[i].V);
        }

        string places = string.Join(",", Enumerable.Repeat("(?,?)", count));
        return new WriteStatement($"INSERT INTO {table}(k,v) VALUES {places}", parameters, (view, lastRowid) =>
        {
            var ids = Enumerable.Range(0, count).Select(i => (table, lastRowid - count + 1 + i, (Row?)rows[i])).ToArray();
            return Put(view, table, ids, count, mustBeNew: true);
        });
    }

    private static WriteStatement InsertAt(Random random, TableState state, string table)
    {
        long id = state.Rows.Count > 0 && random.Next(2) == 0 ? Pick(random, state) : random.Next(1, 400);
        var row = new Row(NextKey(random), NextValue(random));
        if (random.Next(2) == 0)
        {
            return new WriteStatement($"INSERT INTO {table}(id,k,v) VALUES (?,?,?)", [SqlValue.FromInteger(id), KeyOf(row), SqlValue.FromText(row.V)],
                (view, _) => Put(view, table, [(table, id, row)], 1, mustBeNew: true));
        }

        return new WriteStatement($"INSERT OR REPLACE INTO {table}(id,k,v) VALUES (?,?,?)", [SqlValue.FromInteger(id), KeyOf(row), SqlValue.FromText(row.V)], (view, _) =>
        {
            List<(string, long, Row?)> writes = [];
            if (view.Tables[table] is { UniqueK: true } now && now.OwnerOf(row.K, id) is { } owner)
            {
                writes.Add((table, owner, null));
            }

            writes.Add((table, id, row));
            return Put(view, table, writes, 1, mustBeNew: false);
        });
    }

    private static WriteStatement UpdateValue(Random random, TableState state, string table)
    {
        long id = Pick(random, state);
        string v = NextValue(random);
        return new WriteStatement($"UPDATE {table} SET v = ? WHERE id = ?", [SqlValue.FromText(v), SqlValue.FromInteger(id)],
            (view, _) => Update(view, table, (rowid, row) => rowid == id ? row with { V = v } : null));
    }

    private static WriteStatement UpdateKey(Random random, TableState state, string table)
    {
        long id = Pick(random, state);
        long? k = NextKey(random);
        return new WriteStatement($"UPDATE {table} SET k = ? WHERE id = ?", [k is { } key ? SqlValue.FromInteger(key) : SqlValue.Null, SqlValue.FromInteger(id)],
            (view, _) => Update(view, table, (rowid, row) => rowid == id ? row with { K = k } : null));
    }

    private static WriteStatement UpdateRange(Random random, string table)
    {
        long low = random.Next(Keys);
        long high = low + random.Next(8);
        string v = NextValue(random);
        return new WriteStatement($"UPDATE {table} SET v = ? WHERE k BETWEEN ? AND ?", [SqlValue.FromText(v), SqlValue.FromInteger(low), SqlValue.FromInteger(high)],
            (view, _) => Update(view, table, (_, row) => row.K >= low && row.K <= high ? row with { V = v } : null));
    }

    private static WriteStatement Delete(Random random, TableState state, string table)
    {
        long low = Pick(random, state);
        long high = low + random.Next(6);
        return new WriteStatement($"DELETE FROM {table} WHERE id BETWEEN ? AND ?", [SqlValue.FromInteger(low), SqlValue.FromInteger(high)], (view, _) =>
        {
            var gone = view.Tables[table].Rows.Keys.Where(id => id >= low && id <= high).Select(id => (table, id, (Row?)null)).ToArray();
            return Put(view, table, gone, gone.Length, mustBeNew: false);
        });
    }

    private static Change? Update(DbState view, string table, Func<long, Row, Row?> change)
    {
        var writes = view.Tables[table].Rows
            .Select(row => (table, row.Key, change(row.Key, row.Value)))
            .Where(write => write.Item3 is not null)
            .ToArray();
        return Put(view, table, writes, writes.Length, mustBeNew: false);
    }

    /// <summary>The state after the writes; null when a unique key or a rowid would be there twice.</summary>
    private static Change? Put(DbState view, string table, IReadOnlyList<(string Table, long Id, Row? Row)> writes, int count, bool mustBeNew)
    {
        TableState before = view.Tables[table];
        ImmutableSortedDictionary<long, Row>.Builder rows = before.Rows.ToBuilder();
        foreach ((_, long id, Row? row) in writes)
        {
            if (row is null)
            {
                rows.Remove(id);
                continue;
            }

            if (mustBeNew && rows.ContainsKey(id))
            {
                return null;
            }

            rows[id] = row;
        }

        TableState after = before with { Rows = rows.ToImmutable() };
        return after.UniqueK && after.HasDuplicates() ? null : new Change(view.With(table, after), writes, count);
    }

    private static long Pick(Random random, TableState state) =>
        state.Rows.Count == 0 ? random.Next(1, 100) : state.Rows.ElementAt(random.Next(state.Rows.Count)).Key;

    private static long? NextKey(Random random) => random.Next(4) switch
    {
        0 => null,
        1 => random.Next(Keys),
        _ => random.Next(1_000, 1_000_000_000),
    };

    /// <summary>Mostly short, at times as long as to need pages of its own.</summary>
    private static string NextValue(Random random, int extraBytes = 0)
    {
        int length = random.Next(20) == 0 ? random.Next(4000) : random.Next(60);
        return $"{random.Next()}:".PadRight(length + extraBytes, (char)('a' + random.Next(26)));
    }

    private static SqlValue KeyOf(Row row) => row.K is { } k ? SqlValue.FromInteger(k) : SqlValue.Null;
}
