using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;

namespace Sluice.Engine.Plan;

/// <summary>
/// Costs of reading, in units of stepping to the next entry of an index. The proportions are SQLite's ("The Next-Generation Query
/// Planner", and its where.c): so, without statistics, the same index is chosen.
/// </summary>
internal static class PathCosts
{
    /// <summary>How many rows a table is taken to have that ANALYZE has not seen.</summary>
    private const double TableRows = 1_048_576;

    /// <summary>Stepping to a row of a table.</summary>
    public const double RowStep = 3.0;

    /// <summary>Looking up a row of a table that lies anywhere.</summary>
    public const double RandomRead = 10.0;

    /// <summary>Finding a place in a tree of that many entries.</summary>
    public const double Seek = 20;

    /// <summary>Putting a row into a hash table, against stepping to one.</summary>
    public const double HashRow = 2.0;

    /// <summary>Stepping through an index, whose entries are smaller than the table's rows.</summary>
    public static double IndexStep(Table table, TableIndex index) =>
        index.StepCost ??= Math.Pow(2, (1 + (15 * Math.Log2(4 * IndexWidth(table, index)) / Math.Log2(4 * TableWidth(table)))) / 10);

    /// <summary>Whether an index's entries are smaller than the table's rows.</summary>
    public static bool IsNarrower(Table table, TableIndex index) => IndexWidth(table, index) < TableWidth(table);

    /// <summary>How many rows a table has.</summary>
    public static double RowsOf(Table table) => table.AnalyzedRows ?? TableRows;

    /// <summary>Rows that equal values in the first columns of an index that is not unique.</summary>
    public static double EqualRows(TableIndex index, int columns) =>
        columns < index.EntriesWhereEqual.Length ? index.EntriesWhereEqual[columns] : Math.Min(EqualRows(columns), index.EntriesWhereEqual.LastOrDefault(double.PositiveInfinity));

    /// <summary>How many different values the first columns of an index have.</summary>
    public static double GroupsOf(Table table, TableIndex index, int columns) => RowsOf(table) / EqualRows(index, columns);

    private static double EqualRows(int columns) => columns switch { 1 => 10, 2 => 9, 3 => 8, 4 => 7, _ => 6 };

    public static double Sort(double rows) => rows * 3 * Math.Max(1, Math.Log2(Math.Max(2, rows)));

    /// <summary>Grouping rows in a hash table.</summary>
    public static double Group(double rows) => rows * HashRow;

    private static double TableWidth(Table table) => table.Columns.Sum(Width) + (table.RowidAlias < 0 ? 1 : 0);

    private static double IndexWidth(Table table, TableIndex index) => index.Columns.Sum(column => column < 0 ? 1 : Width(table.Columns[column])) + 1;

    /// <summary>A column's width in units of four bytes, by its declared type: VARCHAR(40) is 11, TEXT 5, a number 1.</summary>
    private static double Width(Column column)
    {
        if (column.DeclaredType.Length == 0 || column.Affinity >= Affinity.Numeric)
        {
            return 1;
        }

        int digits = column.DeclaredType.AsSpan().IndexOfAnyInRange('0', '9');
        if (digits < 0)
        {
            return column.DeclaredType.Contains("CHAR", StringComparison.OrdinalIgnoreCase) ? 1 : 5;
        }

        ReadOnlySpan<char> rest = column.DeclaredType.AsSpan(digits);
        int length = rest.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(length < 0 ? rest : rest[..length], out int size) ? Math.Min(255, (size / 4) + 1) : 255;
    }
}
