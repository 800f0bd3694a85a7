using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Tests.Simulation;

public sealed class WaveformTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, double, double> Kinds => new()
    {
        { "temperature", 10, 35 },
        { "humidity", 0, 100 },
        { "pressure", 980, 1045 },
        { "vibration", 0, 30 },
        { "counter", 0, 1e9 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Values_are_plausible_move_and_are_multiples_of_the_step(string kind, double least, double most)
    {
        Waveform waveform = Waveform.Find(kind)!;
        HashSet<double> distinct = [];
        for (int second = 0; second < 86400; second += 37)
        {
            double value = waveform.At(Noon.AddSeconds(second), 7);
            Assert.InRange(value, least, most);
            Assert.Equal(Math.Round(value / waveform.Step), value / waveform.Step, 1e-6);
            distinct.Add(value);
        }

        Assert.True(distinct.Count > 100, $"{distinct.Count} different values in a day");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_same_seed_and_moment_give_the_same_value(string kind, double least, double most)
    {
        Waveform waveform = Waveform.Find(kind)!;
        Assert.Equal(waveform.At(Noon, 1), waveform.At(Noon, 1));
        Assert.InRange(waveform.At(Noon, ulong.MaxValue), least, most);
    }

    [Fact]
    public void Seeds_tell_sensors_apart()
    {
        Waveform waveform = Waveform.Find("temperature")!;
        double[] values = [.. Enumerable.Range(0, 50).Select(seed => waveform.At(Noon, (ulong)seed))];
        Assert.True(values.Distinct().Count() > 40, string.Join(' ', values));
    }

    [Fact]
    public void A_counter_never_falls_and_follows_its_rate()
    {
        Waveform waveform = Waveform.Find("counter")!;
        double first = waveform.At(Noon, 0);
        double last = first;
        for (int second = 1; second <= 86400; second++)
        {
            double value = waveform.At(Noon.AddSeconds(second), 0);
            Assert.True(value >= last, $"{value} after {last}");
            last = value;
        }

        // The day's mean rate is 0.5 a second: the sine's integral over a whole period is zero.
        Assert.Equal(43200, last - first, 1.0);
    }

    [Fact]
    public void An_unknown_kind_is_not_found() => Assert.Null(Waveform.Find("tempratur"));

    [Fact]
    public void Noise_has_the_mean_and_deviation_that_it_claims()
    {
        double[] normal = [.. Enumerable.Range(0, 20_000).Select(i => Noise.Normal(3, i))];
        Assert.Equal(0, normal.Average(), 0.05);
        Assert.Equal(1, Math.Sqrt(normal.Average(value => value * value)), 0.05);
        double[] uniform = [.. Enumerable.Range(0, 20_000).Select(i => Noise.Uniform(3, i))];
        Assert.Equal(0.5, uniform.Average(), 0.02);
        Assert.True(uniform.Min() >= 0 && uniform.Max() < 1);
    }

    [Fact]
    public void A_sensor_without_a_device_gives_the_waveform()
    {
        Waveform waveform = Waveform.Find("humidity")!;
        using WaveformDriver driver = new(waveform, 5, new ManualTime(Noon));
        List<Measurement> measured = [];
        driver.Read(measured);
        Assert.Equal([new Measurement("humidity", "%", waveform.At(Noon, 5))], measured);
    }
}
