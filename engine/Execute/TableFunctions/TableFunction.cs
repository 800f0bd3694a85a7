using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.TableFunctions;

/// <summary>A column of a table-valued function. Hidden ones hold the arguments and are not part of *.</summary>
internal sealed record FunctionColumn(string Name, string DeclaredType, bool IsHidden);

/// <summary>A function that stands in FROM ("The Virtual Table Mechanism", section 2.1.2: table-valued functions). Stateless.</summary>
internal abstract class TableFunction(string name, FunctionColumn[] columns)
{
    public string Name { get; } = name;

    /// <summary>The hidden ones last, in the order of the arguments.</summary>
    public FunctionColumn[] Columns { get; } = columns;

    /// <summary>The rowid of the first row; each has the next one.</summary>
    public virtual long FirstRowid => 1;

    public int MaxArguments { get; } = columns.Count(column => column.IsHidden);

    /// <summary>The rows for these arguments, of which there are as many as were written; a value a visible column.</summary>
    public abstract IEnumerable<SqlValue[]> Rows(SqlValue[] arguments, Run run);

    protected static FunctionColumn[] ColumnsOf(string[] visible, string[] hidden) =>
        [.. visible.Select(column => new FunctionColumn(column, "", false)), .. hidden.Select(column => new FunctionColumn(column, "", true))];
}

/// <summary>The table-valued functions that there are.</summary>
internal static class TableFunctionCatalog
{
    private static readonly Dictionary<string, TableFunction> s_functions = new(StringComparer.OrdinalIgnoreCase);

    static TableFunctionCatalog()
    {
        foreach (TableFunction function in (TableFunction[])[
            new JsonTable("json_each", deep: false, binary: false), new JsonTable("json_tree", deep: true, binary: false),
            new JsonTable("jsonb_each", deep: false, binary: true), new JsonTable("jsonb_tree", deep: true, binary: true),
            new Series(), .. PragmaTable.All()])
        {
            s_functions.Add(function.Name, function);
        }
    }

    /// <summary>The names of those that are no PRAGMAs.</summary>
    public static IEnumerable<string> Modules => s_functions.Values.Where(function => function is not PragmaTable).Select(function => function.Name);

    public static TableFunction? Find(string name) => s_functions.GetValueOrDefault(name);
}
