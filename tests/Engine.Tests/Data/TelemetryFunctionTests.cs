using Sluice.Engine.Data;

namespace Sluice.Engine.Tests.Data;

/// <summary>The functions for telemetry, which SQLite's library does not have; the numbers were worked out by hand.</summary>
public class TelemetryFunctionTests
{
    private const string Readings = """
        CREATE TABLE r(ts INTEGER, s TEXT, v);
        INSERT INTO r VALUES(30, 'a', 3.0), (10, 'a', 1.0), (20, 'a', 2.0), (40, 'b', 10), (50, 'b', NULL), (NULL, 'b', 99), (45, 'b', 20);
        """;

    [Theory]
    [InlineData("time_bucket(10, 37)", 30L)]
    [InlineData("time_bucket(10, -1)", -10L)]
    [InlineData("time_bucket(10, 40)", 40L)]
    [InlineData("time_bucket(0.5, 1.75)", 1.5)]
    [InlineData("time_bucket('5 minutes', 1700000123)", 1700000100L)]
    [InlineData("time_bucket('5 minutes', 1700000123456)", 1700000100000L)]
    [InlineData("time_bucket('5min', 1700000123456789)", 1700000100000000L)]
    [InlineData("time_bucket('1 h', 1700000123456789012)", 1699999200000000000L)]
    [InlineData("time_bucket('250 ms', 1700000123456)", 1700000123250L)]
    [InlineData("time_bucket('1 day', -1)", -86400L)]
    [InlineData("time_bucket('1 week', unixepoch('2024-02-29'))", 1708905600L)]
    [InlineData("time_bucket('15 minutes', '2024-02-29 13:44:59')", "2024-02-29 13:30:00")]
    [InlineData("time_bucket('1 week', '2024-02-29T13:44')", "2024-02-26 00:00:00")]
    [InlineData("time_bucket('1 day', NULL)", null)]
    [InlineData("time_bucket('1 day', 'no time')", null)]
    public void Time_buckets(string expression, object? expected)
    {
        using SluiceConnection connection = Providers.Sluice();
        Assert.Equal(expected ?? DBNull.Value, connection.CreateCommand($"SELECT {expression}").ExecuteScalar());
    }

    [Theory]
    [InlineData("time_bucket(0, 1)", "above 0")]
    [InlineData("time_bucket('0 s', 1)", "above 0")]
    [InlineData("time_bucket('5 months', 1)", "'5 months' is not a width of time")]
    [InlineData("time_bucket('s', 1)", "is not a width of time")]
    [InlineData("time_bucket('1 ms', 1700000000)", "below a second")]
    [InlineData("(SELECT percentile(v, 101) FROM r)", "not between 0.0 and 100.0")]
    [InlineData("(SELECT percentile(v, ts) FROM r WHERE ts < 40)", "not the same for all input rows")]
    [InlineData("(SELECT median(s) FROM r)", "input to median() is not numeric")]
    public void What_is_refused(string expression, string message)
    {
        using SluiceConnection connection = Providers.Sluice(Readings);
        SluiceException error = Assert.Throws<SluiceException>(() => connection.CreateCommand($"SELECT {expression}").ExecuteScalar());
        Assert.Contains(message, error.Message);
    }

    [Theory]
    [InlineData("first(v, ts)", "a", 1.0)]
    [InlineData("last(v, ts)", "a", 3.0)]
    [InlineData("first(v, ts)", "b", 10L)]
    [InlineData("last(v, ts)", "b", null)]
    [InlineData("last(v, ts) FILTER (WHERE v IS NOT NULL)", "b", 20L)]
    [InlineData("median(v)", "a", 2.0)]
    [InlineData("median(v)", "b", 20.0)]
    [InlineData("median(v)", "none", null)]
    [InlineData("percentile(v, 25)", "a", 1.5)]
    [InlineData("percentile(v, 100)", "a", 3.0)]
    [InlineData("percentile_cont(v, 0.75)", "a", 2.5)]
    [InlineData("percentile_disc(v, 0.75)", "a", 2.0)]
    [InlineData("variance(v)", "a", 1.0)]
    [InlineData("stddev(v)", "a", 1.0)]
    [InlineData("var_pop(v)", "a", 2.0 / 3)]
    [InlineData("round(stddev_pop(v), 12)", "a", 0.816496580928)]
    [InlineData("stddev(v + 1000000000)", "a", 1.0)]
    [InlineData("stddev(v) FILTER (WHERE v = 10)", "b", null)]
    [InlineData("stddev_pop(v) FILTER (WHERE v = 10)", "b", 0.0)]
    public void Aggregates(string call, string series, object? expected)
    {
        using SluiceConnection connection = Providers.Sluice(Readings);
        Assert.Equal(expected ?? DBNull.Value, connection.CreateCommand($"SELECT {call} FROM r WHERE s = '{series}'").ExecuteScalar());
    }

    [Fact]
    public void They_are_window_functions_too()
    {
        using SluiceConnection connection = Providers.Sluice(Readings);
        using SluiceDataReader reader = connection.CreateCommand("""
            SELECT median(v) OVER w, stddev_pop(v) OVER w, first(v, ts) OVER w, last(v, ts) OVER w FROM r
            WHERE s = 'a' OR v = 20 WINDOW w AS (ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY ts
            """).ExecuteReader();
        List<object[]> rows = [];
        while (reader.Read())
        {
            object[] row = new object[4];
            _ = reader.GetValues(row);
            rows.Add(row);
        }

        Assert.Equal([[1.0, 0.0, 1.0, 1.0], [1.5, 0.5, 1.0, 2.0], [2.5, 0.5, 2.0, 3.0], [11.5, 8.5, 3.0, 20L]], rows);
    }
}
