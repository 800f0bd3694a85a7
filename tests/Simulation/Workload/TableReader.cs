using System.Collections.Immutable;
using Sluice.Engine;
using Sluice.Engine.Format;
using Sluice.Simulation.Model;

namespace Sluice.Simulation.Workload;

/// <summary>Reads a whole database through SQL, as a state of the model.</summary>
internal static class TableReader
{
    /// <summary>Null in <paramref name="state"/> with the error when a statement fails.</summary>
    public static SluiceException? TryRead(Session session, out DbState state)
    {
        state = DbState.Empty;
        using var names = new Run(session, "SELECT type, name, tbl_name FROM sqlite_schema ORDER BY rowid", []);
        if (names.Error is { } error)
        {
            return error;
        }

        foreach (SqlValue[] row in names.Rows)
        {
            string table = row[2].DecodeText();
            if (row[0].DecodeText() == "table")
            {
                if (TryReadRows(session, table, out ImmutableSortedDictionary<long, Row> rows) is { } failed)
                {
                    return failed;
                }

                state = state.With(table, TableState.Empty with { Rows = rows });
            }
            else
            {
                TableState found = state.Tables[table];
                state = state.With(table, row[1].DecodeText().EndsWith("_k", StringComparison.Ordinal) ? found with { UniqueK = true } : found with { IndexV = true });
            }
        }

        return null;
    }

    private static SluiceException? TryReadRows(Session session, string table, out ImmutableSortedDictionary<long, Row> rows)
    {
        rows = ImmutableSortedDictionary<long, Row>.Empty;
        using var scan = new Run(session, $"SELECT id, k, v FROM {table}", []);
        if (scan.Error is { } error)
        {
            return error;
        }

        ImmutableSortedDictionary<long, Row>.Builder builder = rows.ToBuilder();
        foreach (SqlValue[] row in scan.Rows)
        {
            if (!builder.TryAdd(row[0].Integer, RowOf(row)))
            {
                throw new SimulationFailure($"row {row[0].Integer} of {table} is there twice");
            }
        }

        rows = builder.ToImmutable();
        return null;
    }

    public static Row RowOf(SqlValue[] row) =>
        new(row[1].Type switch { SqlType.Null => null, SqlType.Real => (long)row[1].Real, _ => row[1].Integer }, row[2].DecodeText());
}
