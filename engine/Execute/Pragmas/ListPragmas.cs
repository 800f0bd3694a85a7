using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Execute.TableFunctions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>PRAGMA function_list, module_list and compile_options: what there is to be named.</summary>
internal static class ListPragmas
{
    /// <summary>SQLITE_DETERMINISTIC ("Function Flags").</summary>
    private const int Deterministic = 0x800;

    /// <summary>SQLITE_INNOCUOUS ("Function Flags").</summary>
    private const int Innocuous = 0x200000;

    /// <summary>Columns name, builtin, type (s, or w for aggregates too: they all work over windows), enc, narg (-1: several numbers), flags.</summary>
    public static IReadOnlyList<SqlValue[]> Functions(PragmaCall call)
    {
        List<SqlValue[]> rows = [];
        foreach ((string name, int min, int max, ScalarFunction? scalar) in FunctionCatalog.All)
        {
            rows.Add(Row(name, true, scalar is not null, min == max ? min : -1, scalar?.Stability == Stability.Deterministic));
        }

        foreach ((string name, int min, int max) in ExpressionBinder.SpecialForms)
        {
            rows.Add(Row(name, true, isScalar: true, min == max ? min : -1, isDeterministic: true));
        }

        foreach (string name in ExpressionBinder.WindowFunctions)
        {
            rows.Add(Row(name, true, isScalar: false, -1, isDeterministic: false));
        }

        foreach ((string name, int arguments, bool isScalar) in call.Session.Functions.Made)
        {
            rows.Add(Row(name, false, isScalar, arguments, isDeterministic: false));
        }

        return rows;
    }

    public static IReadOnlyList<SqlValue[]> Modules() => [.. TableFunctionCatalog.Modules.Select(name => new[] { SqlValue.FromText(name) })];

    public static IReadOnlyList<SqlValue[]> Options() => [.. CompileOptions.All.Select(option => new[] { SqlValue.FromText(option) })];

    private static SqlValue[] Row(string name, bool isBuiltIn, bool isScalar, int arguments, bool isDeterministic) =>
    [
        SqlValue.FromText(name),
        SqlValue.FromBoolean(isBuiltIn),
        SqlValue.FromText(isScalar ? "s" : "w"),
        SqlValue.FromText("utf8"),
        SqlValue.FromInteger(arguments),
        SqlValue.FromInteger((isBuiltIn ? Innocuous : 0) | (isDeterministic ? Deterministic : 0)),
    ];
}
