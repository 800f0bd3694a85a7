using System.Globalization;
using System.Text;

namespace Sluice.Gateway.Status;

/// <summary>Writes the Prometheus text exposition format, version 0.0.4: HELP and TYPE once a metric, then its samples.</summary>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    public PrometheusText Counter(string name, string help, double value) => Single(name, help, "counter", value);

    public PrometheusText Gauge(string name, string help, double value) => Single(name, help, "gauge", value);

    /// <summary>A metric with one sample for each value of a label.</summary>
    public PrometheusText Labelled(string name, string help, string type, string label, IEnumerable<(string Value, double Sample)> samples)
    {
        Head(name, help, type);
        foreach ((string value, double sample) in samples)
        {
            _text.Append(name).Append('{').Append(label).Append("=\"").Append(Escape(value)).Append("\"} ").Append(Number(sample)).Append('\n');
        }

        return this;
    }

    /// <summary>A metric with one sample for each pair of two labels' values.</summary>
    public PrometheusText Labelled(
        string name, string help, string type, string first, string second, IEnumerable<(string First, string Second, double Sample)> samples)
    {
        Head(name, help, type);
        foreach ((string one, string other, double sample) in samples)
        {
            _text.Append(name).Append('{').Append(first).Append("=\"").Append(Escape(one)).Append("\",").Append(second).Append("=\"").Append(Escape(other))
                .Append("\"} ").Append(Number(sample)).Append('\n');
        }

        return this;
    }

    public PrometheusText Histogram(string name, string help, LatencyHistogram histogram)
    {
        Head(name, help, "histogram");
        (long[] counts, double sum) = histogram.Snapshot();
        long total = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            total += counts[i];
            string bound = i < LatencyHistogram.BoundsSeconds.Count ? Number(LatencyHistogram.BoundsSeconds[i]) : "+Inf";
            _text.Append(name).Append("_bucket{le=\"").Append(bound).Append("\"} ").Append(total).Append('\n');
        }

        _text.Append(name).Append("_sum ").Append(Number(sum)).Append('\n');
        _text.Append(name).Append("_count ").Append(total).Append('\n');
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private PrometheusText Single(string name, string help, string type, double value)
    {
        Head(name, help, type);
        _text.Append(name).Append(' ').Append(Number(value)).Append('\n');
        return this;
    }

    private void Head(string name, string help, string type)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    private static string Escape(string label) => label
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
