using Sluice.Gateway.Ingress;

namespace Sluice.Gateway.Tests.Mqtt;

public class PayloadSlabTests
{
    [Fact]
    public void Payloads_stay_readable_until_the_last_message_is_completed()
    {
        var slab = new PayloadSlab(64);
        Assert.True(slab.TryAppend("first"u8, out ReadOnlyMemory<byte> first));
        Assert.True(slab.TryAppend("second"u8, out ReadOnlyMemory<byte> second));
        slab.Release();
        slab.Release();
        Assert.True(first.Span.SequenceEqual("first"u8));
        Assert.True(second.Span.SequenceEqual("second"u8));
        slab.Release();
        Assert.Throws<ObjectDisposedException>(() => slab.TryAppend("third"u8, out _));
        Assert.Throws<InvalidOperationException>(slab.Release);
    }

    [Fact]
    public void A_payload_that_does_not_fit_takes_no_reference()
    {
        var slab = new PayloadSlab(16);
        Assert.False(slab.TryAppend(new byte[100_000], out _));
        slab.Release();
        Assert.Throws<InvalidOperationException>(slab.Release);
    }
}
