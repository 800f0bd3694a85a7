using Sluice.Gateway.Ingress;
using Sluice.Gateway.Tests.Mqtt;
using Sluice.Sensors.Sampling;

namespace Sluice.Gateway.Tests.Pipeline;

public sealed class QualityNewsTests
{
    /// <summary>A loose contact: ten changes a second for half a minute. Some are told, and a minute later how it is.</summary>
    [Fact]
    public void A_sensor_that_goes_back_and_forth_is_told_of_some_times_and_then_as_it_is()
    {
        ManualTime time = new();
        List<string> told = [];
        using QualityNews news = new(time, (change, others) => told.Add($"{change.Text} {others}"));
        for (int i = 0; i < 301; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            news.Add(new QualityChange(i % 2 == 0 ? SensorQuality.Fault : SensorQuality.Good, i % 2 == 0 ? "fault: nack" : "good", "", DateTimeOffset.UnixEpoch));
        }

        string[] first = ["fault: nack 0", "good 0", "fault: nack 0", "good 0", "fault: nack 0", "good 0"];
        Assert.Equal(first, told);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal([.. first, "fault: nack 294"], told);
        news.Add(new QualityChange(SensorQuality.Good, "good", "", DateTimeOffset.UnixEpoch));
        Assert.Equal([.. first, "fault: nack 294", "good 0"], told);
    }
}
