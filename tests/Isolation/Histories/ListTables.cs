namespace Sluice.Isolation.Histories;

/// <summary>
/// The lists, kept in two ways. Lists with even numbers are one row each, which an append updates: writers meet at the row. Lists with
/// odd numbers have a row for each element, found through an index: writers meet at the unique key of the next place, readers
/// read a range of keys, so that an append is a phantom to them.
/// </summary>
internal static class ListTables
{
    public const string Schema = """
        CREATE TABLE list(id INTEGER PRIMARY KEY, elements TEXT NOT NULL);
        CREATE TABLE element(list INTEGER NOT NULL, place INTEGER NOT NULL, value INTEGER NOT NULL, UNIQUE(list, place));
        """;

    public static bool IsOneRow(int list) => list % 2 == 0;

    public static string AppendTo(int list) => IsOneRow(list)
        ? "INSERT INTO list VALUES(@list, @value) ON CONFLICT(id) DO UPDATE SET elements = elements || ',' || excluded.elements"
        : "INSERT INTO element SELECT @list, coalesce(max(place), 0) + 1, @value FROM element WHERE list = @list";

    public static string Read(int list) => IsOneRow(list)
        ? "SELECT elements FROM list WHERE id = @list"
        : "SELECT value FROM element WHERE list = @list ORDER BY place";
}
