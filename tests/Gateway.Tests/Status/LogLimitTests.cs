using Sluice.Gateway.Tests.Mqtt;

namespace Sluice.Gateway.Tests.Status;

public sealed class LogLimitTests
{
    [Fact]
    public void Lines_past_the_limit_are_counted_and_told_by_the_next_that_is_written()
    {
        ManualTime time = new();
        LogLimit limit = new(time, linesPerMinute: 2);

        Assert.True(limit.Allows(out long first));
        Assert.True(limit.Allows(out _));
        for (int i = 0; i < 5; i++)
        {
            Assert.False(limit.Allows(out _));
        }

        Assert.Equal(0, first);
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(limit.Allows(out _));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(limit.Allows(out long left));
        Assert.Equal(6, left);
        Assert.True(limit.Allows(out long none));
        Assert.Equal(0, none);
    }
}
