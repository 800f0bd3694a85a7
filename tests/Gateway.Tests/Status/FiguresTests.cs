using Sluice.Gateway.Status;

namespace Sluice.Gateway.Tests.Status;

public sealed class FiguresTests
{
    [Fact]
    public void A_quantile_is_interpolated_within_its_bucket()
    {
        LatencyHistogram histogram = new();
        long[] before = histogram.Snapshot().Counts;
        for (int i = 0; i < 90; i++)
        {
            histogram.Add(TimeSpan.FromMilliseconds(0.8));
        }

        for (int i = 0; i < 10; i++)
        {
            histogram.Add(TimeSpan.FromMilliseconds(20));
        }

        (long[] after, double sum) = histogram.Snapshot();
        Assert.Equal(0.0005 + (0.0005 * 50 / 90), LatencyHistogram.Quantile(0.5, before, after), 1e-9);
        Assert.Equal(0.01 + (0.015 * 9 / 10), LatencyHistogram.Quantile(0.99, before, after), 1e-9);
        Assert.Equal(0.272, sum, 1e-9);
        Assert.Equal(0, LatencyHistogram.Quantile(0.5, after, after));
    }

    [Fact]
    public void Prometheus_text_has_help_type_and_escaped_labels()
    {
        LatencyHistogram histogram = new();
        histogram.Add(TimeSpan.FromMilliseconds(3));
        histogram.Add(TimeSpan.FromSeconds(60));
        string text = new PrometheusText()
            .Counter("a_total", "Things.", 3)
            .Gauge("b", "Half.", 0.5)
            .Labelled("c", "Named.", "gauge", "name", [("x\"y\\z\n", 1)])
            .Histogram("d_seconds", "Times.", histogram)
            .ToString();
        Assert.StartsWith(
            """
            # HELP a_total Things.
            # TYPE a_total counter
            a_total 3
            # HELP b Half.
            # TYPE b gauge
            b 0.5
            # HELP c Named.
            # TYPE c gauge
            c{name="x\"y\\z\n"} 1
            # HELP d_seconds Times.
            # TYPE d_seconds histogram
            d_seconds_bucket{le="0.0005"} 0

            """,
            text,
            StringComparison.Ordinal);
        Assert.Contains("d_seconds_bucket{le=\"0.0025\"} 0\nd_seconds_bucket{le=\"0.005\"} 1\n", text, StringComparison.Ordinal);
        Assert.EndsWith("d_seconds_bucket{le=\"+Inf\"} 2\nd_seconds_sum 60.003\nd_seconds_count 2\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_problem_is_new_once_and_keeps_its_begin()
    {
        HealthState health = new(TimeProvider.System);
        Assert.True(health.Report("storage", ProblemSeverity.Failed, "disk full"));
        DateTimeOffset since = health.Problems[0].Since;
        Assert.False(health.Report("storage", ProblemSeverity.Failed, "disk still full"));
        Assert.Equal(new Problem("storage", ProblemSeverity.Failed, "disk still full", since), Assert.Single(health.Problems));
        Assert.Equal("disk still full", health.Clear("storage")!.Reason);
        Assert.Null(health.Clear("storage"));
        Assert.Empty(health.Problems);
    }
}
