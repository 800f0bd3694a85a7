using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>
/// The functions of "Built-In Mathematical SQL Functions" (sqlite.org/lang_mathfunc.html): NULL for arguments that are no
/// numbers, and where the result is none.
/// </summary>
internal static class MathFunctions
{
    public static void AddTo(FunctionTable<ScalarFunction> table)
    {
        AddOne(table, "acos", Math.Acos);
        AddOne(table, "acosh", Math.Acosh);
        AddOne(table, "asin", Math.Asin);
        AddOne(table, "asinh", Math.Asinh);
        AddOne(table, "atan", Math.Atan);
        AddOne(table, "atanh", Math.Atanh);
        AddOne(table, "cos", Math.Cos);
        AddOne(table, "cosh", Math.Cosh);
        AddOne(table, "degrees", x => x * (180.0 / Math.PI));
        AddOne(table, "exp", Math.Exp);
        AddOne(table, "ln", x => x > 0 ? Math.Log(x) : double.NaN);
        AddOne(table, "log", x => x > 0 ? Math.Log10(x) : double.NaN);
        AddOne(table, "log10", x => x > 0 ? Math.Log10(x) : double.NaN);
        AddOne(table, "log2", x => x > 0 ? Math.Log2(x) : double.NaN);
        AddOne(table, "radians", x => x * (Math.PI / 180.0));
        AddOne(table, "sin", Math.Sin);
        AddOne(table, "sinh", Math.Sinh);
        AddOne(table, "sqrt", Math.Sqrt);
        AddOne(table, "tan", Math.Tan);
        AddOne(table, "tanh", Math.Tanh);
        AddTwo(table, "atan2", Math.Atan2);
        table.Add("log", 2, 2, new PureFunction("log", LogOfBase));
        AddTwo(table, "mod", (x, y) => x % y);
        AddTwo(table, "pow", Math.Pow);
        AddTwo(table, "power", Math.Pow);
        AddRounding(table, "ceil", Math.Ceiling);
        AddRounding(table, "ceiling", Math.Ceiling);
        AddRounding(table, "floor", Math.Floor);
        AddRounding(table, "trunc", Math.Truncate);
        table.Add("pi", 0, 0, new PureFunction("pi", _ => SqlValue.FromReal(Math.PI)));
    }

    /// <summary>log(base, x). As in SQLite a text that only begins with a number counts as x, but not as base.</summary>
    private static SqlValue LogOfBase(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue radix = SqlConvert.TextToNumber(arguments[0]);
        double x = SqlConvert.ToReal(arguments[1]);
        return radix.IsNumeric && SqlConvert.ToReal(radix) > 1 && x > 0
            ? SqlValue.FromReal(Math.Log(x) / Math.Log(SqlConvert.ToReal(radix)))
            : SqlValue.Null;
    }

    private static void AddOne(FunctionTable<ScalarFunction> table, string name, Func<double, double> function) =>
        table.Add(name, 1, 1, new PureFunction(name, arguments =>
        {
            SqlValue x = SqlConvert.TextToNumber(arguments[0]);
            return x.IsNumeric ? SqlValue.FromReal(function(SqlConvert.ToReal(x))) : SqlValue.Null;
        }));

    private static void AddTwo(FunctionTable<ScalarFunction> table, string name, Func<double, double, double> function) =>
        table.Add(name, 2, 2, new PureFunction(name, arguments =>
        {
            SqlValue x = SqlConvert.TextToNumber(arguments[0]);
            SqlValue y = SqlConvert.TextToNumber(arguments[1]);
            return x.IsNumeric && y.IsNumeric
                ? SqlValue.FromReal(function(SqlConvert.ToReal(x), SqlConvert.ToReal(y)))
                : SqlValue.Null;
        }));

    /// <summary>Integers stay as they are.</summary>
    private static void AddRounding(FunctionTable<ScalarFunction> table, string name, Func<double, double> function) =>
        table.Add(name, 1, 1, new PureFunction(name, arguments =>
        {
            SqlValue x = SqlConvert.TextToNumber(arguments[0]);
            return x.Type == SqlType.Real ? SqlValue.FromReal(function(x.Real)) : x.Type == SqlType.Integer ? x : SqlValue.Null;
        }));
}
