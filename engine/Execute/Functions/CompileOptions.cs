using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>What SQLite would have been compiled with to be as this engine is: PRAGMA compile_options and the functions that ask about it.</summary>
internal static class CompileOptions
{
    private const string Prefix = "SQLITE_";

    /// <summary>In alphabetical order.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "DEFAULT_PAGE_SIZE=4096",
        "DEFAULT_SYNCHRONOUS=2",
        "ENABLE_MATH_FUNCTIONS",
        "ENABLE_PERCENTILE",
        "ENABLE_UPDATE_DELETE_LIMIT",
        "MAX_COLUMN=2000",
        "MAX_EXPR_DEPTH=1000",
        "MAX_PAGE_SIZE=65536",
        "OMIT_LOAD_EXTENSION",
        "THREADSAFE=1",
    ];

    /// <summary>sqlite_compileoption_get(n): the option of that number, from 0.</summary>
    public static SqlValue At(ReadOnlySpan<SqlValue> arguments)
    {
        long number = SqlConvert.ToInteger(arguments[0]);
        return number >= 0 && number < All.Count ? SqlValue.FromText(All[(int)number]) : SqlValue.Null;
    }

    /// <summary>sqlite_compileoption_used(name): 1 or 0, with or without SQLITE_ before the name and the value after it.</summary>
    public static SqlValue IsUsed(ReadOnlySpan<SqlValue> arguments)
    {
        if (arguments[0].IsNull)
        {
            return SqlValue.Null;
        }

        string name = SqlConvert.ToText(arguments[0]).DecodeText();
        name = name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? name[Prefix.Length..] : name;
        return SqlValue.FromBoolean(All.Any(option => option.Equals(name, StringComparison.OrdinalIgnoreCase)
            || option.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase)));
    }
}
