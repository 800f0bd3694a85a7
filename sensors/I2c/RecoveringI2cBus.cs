namespace Sluice.Sensors.I2c;

/// <summary>
/// A bus that is freed when it hangs: after <see cref="HangsBeforeRecovery"/> time-outs in a row, whichever devices they
/// were for, it asks the bus to recover, at most once in <see cref="RecoveryPause"/>.
/// </summary>
/// <param name="inner">Owned from now on.</param>
/// <param name="time">The clock.</param>
public sealed class RecoveringI2cBus(II2cBus inner, TimeProvider time) : II2cBus
{
    /// <summary>One or two may be a device that is busy.</summary>
    public const int HangsBeforeRecovery = 3;

    /// <summary>A bus that cannot be helped is not reset all the time: that would disturb the devices that still work.</summary>
    public static readonly TimeSpan RecoveryPause = TimeSpan.FromSeconds(30);

    private int _hangs;
    private long? _lastTimestamp;
    private long _recoveries;

    public string Name => inner.Name;

    /// <summary>How often the bus was recovered.</summary>
    public long Recoveries => Interlocked.Read(ref _recoveries);

    public void Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read)
    {
        try
        {
            inner.Transfer(address, write, read);
            _hangs = 0;
        }
        catch (SensorException e) when (e.Reason == FaultReason.Timeout)
        {
            if (++_hangs >= HangsBeforeRecovery && (_lastTimestamp is not { } last || time.GetElapsedTime(last) >= RecoveryPause))
            {
                _lastTimestamp = time.GetTimestamp();
                _hangs = 0;
                if (inner.Recover())
                {
                    Interlocked.Increment(ref _recoveries);
                }
            }

            throw;
        }
    }

    public bool? Probe(int address) => inner.Probe(address);

    public bool Recover() => inner.Recover();

    public void Dispose() => inner.Dispose();
}
