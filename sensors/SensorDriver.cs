namespace Sluice.Sensors;

/// <summary>
/// How one kind of device is measured. The calls come one after the other from the worker of the device's bus and may
/// block it for as long as one transfer takes; a time in which the device works on its own (a conversion) is returned
/// instead, so that the bus serves others meanwhile:
/// <code>Initialize -> wait -> Begin -> wait -> Continue (again while it gives a time to wait) -> Read</code>
/// and from <c>Begin</c> on for each further turn.
/// Everything that fails throws <see cref="SensorException"/>; the next attempt then starts with <see cref="Initialize"/>
/// again, for a device that lost its power has lost its settings.
/// </summary>
public abstract class SensorDriver : IDisposable
{
    private static readonly ManualResetEventSlim Never = new(false);

    /// <summary>What it measures; null where only the device tells.</summary>
    public virtual IReadOnlyList<string>? Metrics => null;

    /// <summary>The lines that it takes of its GPIO chip, by name or offset.</summary>
    public virtual IReadOnlyList<string> Lines => [];

    /// <summary>Checks that the device is the right one and sets it up; returns how long it needs before <see cref="Begin"/>.</summary>
    public virtual TimeSpan Initialize() => TimeSpan.Zero;

    /// <summary>Starts a measurement; returns how long it takes until <see cref="Read"/> may be called.</summary>
    public virtual TimeSpan Begin() => TimeSpan.Zero;

    /// <summary>Does a further step of a measurement that has several, and returns how long it takes; null when all is done.</summary>
    public virtual TimeSpan? Continue() => null;

    /// <summary>Fetches what was measured.</summary>
    /// <param name="into">Takes the values; empty at the call.</param>
    public abstract void Read(ICollection<Measurement> into);

    /// <summary>True when the last value must not be lost at the end, as a counter's: it is read once more then.</summary>
    public virtual bool ReadsAtEnd => false;

    /// <summary>Asks for a turn now, for devices that report events. Set by the sampler; any thread.</summary>
    public Action Wake { get; internal set; } = () => { };

    /// <summary>Whether the turn that is under way is one of the schedule, and not one that <see cref="Wake"/> asked for. Set by the sampler.</summary>
    public bool IsScheduled { get; internal set; } = true;

    /// <summary>Counts something that went wrong without failing the turn, with its reason. Set by the sampler.</summary>
    public Action<FaultReason, string> Note { get; internal set; } = (_, _) => { };

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what the driver has of its own; buses are not its own.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Waits with the bus held, for the millisecond or two that a device needs between command and answer.</summary>
    protected static void Hold(TimeSpan time) => Never.Wait(time);

    /// <summary>A duration in milliseconds, for conversion times from data sheets.</summary>
    protected static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
