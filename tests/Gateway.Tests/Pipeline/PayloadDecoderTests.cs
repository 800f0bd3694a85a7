using System.Globalization;
using System.Text;
using Sluice.Engine.Format;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Pipeline;

namespace Sluice.Gateway.Tests.Pipeline;

public sealed class PayloadDecoderTests
{
    private const long Received = 1_700_000_000_000_000;

    [Theory]
    [InlineData("21.5", "temp=21.5")]
    [InlineData(" 22\n", "temp=22")]
    [InlineData("-3", "temp=-3")]
    [InlineData("+4.25", "temp=4.25")]
    [InlineData("1e3", "temp=1000.0")]
    [InlineData("9223372036854775807", "temp=9223372036854775807")]
    [InlineData("true", "temp=1")]
    [InlineData("false", "temp=0")]
    [InlineData("\"open\"", "temp='open'")]
    [InlineData("{\"value\":21.5}", "temp=21.5")]
    [InlineData("{\"value\":\"zu\",\"seq\":7}", "temp='zu'")]
    [InlineData("{\"unit\":\"°C\",\"value\":1,\"ts\":1700000001}", "temp=1°C@+1000000")]
    [InlineData("{\"temp\":21.5,\"rpm\":900}", "temp=21.5 rpm=900")]
    [InlineData("{\"a\":{\"value\":1,\"unit\":\"V\"},\"ts\":1700000002,\"b\":true,\"c\":null}", "a=1V@+2000000 b=1@+2000000")]
    [InlineData("{\"a\":{\"value\":1,\"ts\":1700000003},\"ts\":1700000002}", "a=1@+3000000")]
    [InlineData("{\"na\\u006de\":1}", "name=1")]
    public void Payloads_become_readings(string payload, string expected) => Assert.Equal(expected, Decode(payload));

    [Theory]
    [InlineData("", "the payload is empty")]
    [InlineData("NaN", "neither a number nor valid JSON")]
    [InlineData("not a number {", "neither a number nor valid JSON")]
    [InlineData("-Infinity", "is not a finite number")]
    [InlineData("1e999", "is not a finite number")]
    [InlineData("1,5", "\"1,5\" is not a finite number")]
    [InlineData("12 C", "\"12 C\" is not a finite number")]
    [InlineData("0x10", "is not a finite number")]
    [InlineData("null", "the payload is null")]
    [InlineData("[1,2]", "the payload is a list")]
    [InlineData("{}", "the object holds no value")]
    [InlineData("{\"ts\":1}", "the object holds no value")]
    [InlineData("{\"value\":null}", "\"value\" is null")]
    [InlineData("{\"value\":1e999}", "\"value\" is too large")]
    [InlineData("{\"value\":{\"value\":1}}", "\"value\" is an object")]
    [InlineData("{\"a\":1,\"b\":[1]}", "\"b\" is a list")]
    [InlineData("{\"a\":{\"v\":1}}", "\"a\" is an object without \"value\"")]
    [InlineData("{\"a\":{\"value\":[]}}", "\"value\" of \"a\" is a list")]
    [InlineData("{\"value\":1,\"ts\":\"yesterday\"}", "\"ts\" is neither")]
    [InlineData("{\"value\":1,\"ts\":true}", "\"ts\" is neither")]
    [InlineData("{\"value\":1,\"unit\":5}", "\"unit\" is not a text")]
    [InlineData("{\"value\":1,\"value\":2}", "\"value\" stands twice in the object")]
    [InlineData("{\"value\":1,\"ts\":1,\"ts\":2}", "\"ts\" stands twice in the object")]
    [InlineData("{\"a\":1,\"unit\":\"V\",\"unit\":null}", "\"unit\" stands twice in the object")]
    [InlineData("{\"a\":1,\"b\":2,\"\\u0061\":3}", "\"a\" stands twice in the object")]
    [InlineData("{\"a\":{\"value\":1,\"value\":2}}", "\"value\" stands twice in \"a\"")]
    [InlineData("{\"value\":1} x", "neither a number nor valid JSON")]
    [InlineData("{\"value\":1", "neither a number nor valid JSON")]
    [InlineData("{\"\":1}", "a metric's name must have 1 to 256 bytes")]
    public void What_cannot_be_decoded_has_a_reason_and_gives_no_reading(string payload, string reason)
    {
        List<Reading> readings = [];
        string? actual = PayloadDecoder.Decode(Encoding.UTF8.GetBytes(payload), Route("temp"), Received, readings);
        Assert.Contains(reason, actual, StringComparison.Ordinal);
        Assert.Empty(readings);
    }

    [Fact]
    public void Invalid_utf8_in_a_text_has_a_reason()
    {
        byte[] payload = [.. "{\"value\":\""u8, 0xff, 0xfe, .. "\"}"u8];
        Assert.Contains("neither a number nor valid JSON", PayloadDecoder.Decode(payload, Route("temp"), Received, []), StringComparison.Ordinal);
    }

    [Fact]
    public void A_metric_that_stands_twice_among_many_has_a_reason()
    {
        string many = string.Join(',', Enumerable.Range(0, 40).Select(i => $"\"m{i}\":{i}"));
        List<Reading> readings = [];
        Assert.Null(PayloadDecoder.Decode(Encoding.UTF8.GetBytes($"{{{many}}}"), Route(null), Received, readings));
        Assert.Equal(40, readings.Count);
        string? reason = PayloadDecoder.Decode(Encoding.UTF8.GetBytes($"{{{many},\"m7\":0}}"), Route(null), Received, readings);
        Assert.Equal("\"m7\" stands twice in the object", reason);
        Assert.Equal(40, readings.Count);
    }

    [Fact]
    public void Names_from_topics_are_as_long_as_those_from_payloads_at_most()
    {
        TopicRoute route = new() { Topic = "t/{device}/{metric}", Origin = default };
        DeviceCatalog devices = new();
        RouteTable table = new([route], devices, 1);
        string name = new('é', Series.MaximumNameBytes / 2);
        List<Reading> readings = [];
        Assert.Null(PayloadDecoder.Decode("1"u8, table.Route(new TopicName($"t/d/{name}")), Received, readings));
        Assert.Equal(
            "the metric that the topic names has 257 bytes, at most 256 are taken",
            PayloadDecoder.Decode("1"u8, table.Route(new TopicName($"t/d/{name}x")), Received, readings));
        Assert.Equal(
            "the device that the topic names has 257 bytes, at most 256 are taken",
            PayloadDecoder.Decode("1"u8, table.Route(new TopicName($"t/{name}x/m")), Received, readings));
        Assert.Single(readings);
        Assert.Equal(["d"], devices.Devices.Select(device => device.Name));
    }

    [Fact]
    public void A_topic_without_a_metric_needs_an_object_of_metrics()
    {
        List<Reading> readings = [];
        Assert.Null(PayloadDecoder.Decode("{\"a\":1}"u8, Route(null), Received, readings));
        Assert.Equal("a", Assert.Single(readings).Series.Metric);
        Assert.Contains("names no metric", PayloadDecoder.Decode("5"u8, Route(null), Received, readings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1700000000", "2023-11-14T22:13:20.000000Z")]
    [InlineData("1700000000.25", "2023-11-14T22:13:20.250000Z")]
    [InlineData("1700000000123", "2023-11-14T22:13:20.123000Z")]
    [InlineData("1700000000123456", "2023-11-14T22:13:20.123456Z")]
    [InlineData("1700000000123456789", "2023-11-14T22:13:20.123456Z")]
    [InlineData("0", "1970-01-01T00:00:00.000000Z")]
    [InlineData("-1", "1969-12-31T23:59:59.000000Z")]
    [InlineData("\"2023-11-14T22:13:20.123456Z\"", "2023-11-14T22:13:20.123456Z")]
    [InlineData("\"2023-11-14T23:13:20+01:00\"", "2023-11-14T22:13:20.000000Z")]
    [InlineData("\"2023-11-14T22:13:20\"", "2023-11-14T22:13:20.000000Z")]
    [InlineData("\"2023-11-14\"", "2023-11-14T00:00:00.000000Z")]
    public void Timestamps_are_told_by_form_and_size(string ts, string expected)
    {
        List<Reading> readings = [];
        Assert.Null(PayloadDecoder.Decode(Encoding.UTF8.GetBytes($"{{\"value\":1,\"ts\":{ts}}}"), Route("temp"), Received, readings));
        Assert.Equal(expected, Timestamps.ToUtc(readings[0].TsUs).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_known_unit_is_not_told_again()
    {
        RoutedTopic route = Route("temp");
        route.Device!.Get("temp").Unit = "V";
        List<Reading> readings = [];
        PayloadDecoder.Decode("{\"value\":1,\"unit\":\"V\"}"u8, route, Received, readings);
        PayloadDecoder.Decode("{\"value\":1,\"unit\":\"mV\"}"u8, route, Received, readings);
        Assert.Equal([null, "mV"], readings.Select(reading => reading.Unit));
    }

    [Theory]
    [InlineData("21.5")]
    [InlineData("{\"value\":21.5,\"ts\":1700000001,\"unit\":\"kPa\"}")]
    [InlineData("{\"temp\":21.5,\"rpm\":{\"value\":900,\"unit\":\"1/min\"}}")]
    public void Decoding_allocates_nothing_once_the_series_is_known(string payload)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(payload);
        RoutedTopic route = Route("temp");
        List<Reading> readings = new(16);
        PayloadDecoder.Decode(bytes, route, Received, readings);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            readings.Clear();
            PayloadDecoder.Decode(bytes, route, Received, readings);
        }

        // Less than a byte a message leaves room for what the runtime itself does on this thread.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 999);
    }

    private static string Decode(string payload)
    {
        List<Reading> readings = [];
        Assert.Null(PayloadDecoder.Decode(Encoding.UTF8.GetBytes(payload), Route("temp"), Received, readings));
        return string.Join(' ', readings.Select(Text));
    }

    private static string Text(Reading reading)
    {
        string value = reading.Value.Type == SqlType.Real
            ? reading.Value.Real.ToString(reading.Value.Real == Math.Floor(reading.Value.Real) ? "F1" : "R", CultureInfo.InvariantCulture)
            : reading.Value.ToString();
        string ts = reading.TsUs == Received ? "" : $"@+{reading.TsUs - Received}";
        return $"{reading.Series.Metric}={value}{reading.Unit}{ts}";
    }

    private static RoutedTopic Route(string? metric)
    {
        TopicRoute route = new() { Topic = "t/{device}", Metric = metric, Origin = default };
        return new RouteTable([route], new DeviceCatalog(), 1).Route(new TopicName("t/d"));
    }
}
