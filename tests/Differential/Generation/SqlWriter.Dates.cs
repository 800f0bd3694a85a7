namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    private static readonly string[] s_times =
    [
        "'2024-02-29'", "'2023-12-31 23:59:59.999'", "'2000-01-01T00:00Z'", "'1970-01-01'", "'12:30'", "'12:30:15.5'", "2460000.5", "0", "1700000000", "'2024-05-06 07:08:09+02:00'",
        "'9999-12-31'", "'0000-01-01'", "'-4713-11-24 12:00'", "'2024-13-01'", "'2023-02-30'", "'abc'", "NULL", "1.5", "-1", "'2451545.25'", "'2024-01-31'", "5373484.5",
    ];

    private static readonly string[] s_modifiers =
    [
        "'+1 day'", "'-1 month'", "'+1 year'", "'start of month'", "'start of year'", "'start of day'", "'weekday 0'", "'weekday 3'", "'+90 minutes'", "'-1.5 hours'", "'+10 seconds'",
        "'unixepoch'", "'auto'", "'julianday'", "'+01:30'", "'-0001-02-03'", "'+0000-01-00 01:02'", "'ceiling'", "'floor'", "'subsec'", "'+1 months'", "'+13 months'", "'nonsense'", "'+1.25 years'",
    ];

    private static readonly string[] s_strftime =
    [
        "%Y-%m-%d", "%H:%M:%S", "%f", "%j", "%J", "%s", "%w", "%u", "%W", "%U", "%V", "%G", "%g", "%e", "%k", "%I", "%l", "%p", "%P", "%R", "%T", "%F", "%d%%", "x%Yy", "%z",
    ];

    private string DateArguments(Scope scope, int depth)
    {
        string time = dice.Percent(75) ? dice.Of(s_times) : Expression(scope, dice.Of(Kind.Integer, Kind.Real, Kind.Text), Math.Min(depth, 1));
        return string.Join(", ", Enumerable.Range(0, dice.Between(0, 3)).Select(_ => dice.Of(s_modifiers)).Prepend(time));
    }

    private string DateText(Scope scope, int depth) => dice.Below(5) switch
    {
        0 => $"timediff({dice.Of(s_times)}, {dice.Of(s_times)})",
        1 => $"strftime('{dice.Of(s_strftime)}', {DateArguments(scope, depth)})",
        _ => $"{dice.Of("date", "time", "datetime")}({DateArguments(scope, depth)})",
    };

    private string DateNumber(Scope scope, int depth) => $"unixepoch({DateArguments(scope, depth)})";
}
