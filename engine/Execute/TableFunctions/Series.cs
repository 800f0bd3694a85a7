using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.TableFunctions;

/// <summary>generate_series(start, stop, step) ("The generate_series Table-Valued Function", sqlite.org/series.html).</summary>
internal sealed class Series() : TableFunction("generate_series", ColumnsOf(["value"], ["start", "stop", "step"]))
{
    /// <summary>The last value where none is given.</summary>
    private const long DefaultStop = 4294967295;

    public override IEnumerable<SqlValue[]> Rows(SqlValue[] arguments, Run run)
    {
        if (arguments.Length == 0)
        {
            throw new SluiceException(ResultCode.Error, "first argument to \"generate_series()\" missing or unusable");
        }

        return Array.Exists(arguments, argument => argument.IsNull) ? [] : Values(arguments);
    }

    private static IEnumerable<SqlValue[]> Values(SqlValue[] arguments)
    {
        SqlValue[] row = new SqlValue[1];
        Int128 stop = arguments.Length > 1 ? SqlConvert.ToInteger(arguments[1]) : DefaultStop;
        long step = arguments.Length > 2 ? SqlConvert.ToInteger(arguments[2]) : 1;
        step = step == 0 ? 1 : step;
        for (Int128 value = SqlConvert.ToInteger(arguments[0]); step > 0 ? value <= stop : value >= stop; value += step)
        {
            row[0] = SqlValue.FromInteger((long)value);
            yield return row;
        }
    }
}
