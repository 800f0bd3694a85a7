namespace Sluice.Sensors;

/// <summary>Why a measurement failed: what counters and the stored quality call it. The names are stable.</summary>
public enum FaultReason
{
    /// <summary>No acknowledgement on the bus: nothing answers at the address.</summary>
    Nack,

    /// <summary>The bus or the device did not answer in time: a line held low, a clock stretched too long, a hung device.</summary>
    Timeout,

    /// <summary>Somebody else has the bus or the address: arbitration lost, or a kernel driver is bound to the device.</summary>
    Busy,

    /// <summary>A checksum is wrong: the bytes were damaged on the way.</summary>
    Crc,

    /// <summary>The value is outside of what the device can measure.</summary>
    Range,

    /// <summary>The device gave the value that its registers have after power-on, and not a measurement.</summary>
    PowerOn,

    /// <summary>The device answers with the same bits whatever happens (all zeros or all ones): a broken wire or a dead device.</summary>
    Stuck,

    /// <summary>The bus, the file or the device is not there.</summary>
    Missing,

    /// <summary>Another device than the configured one answers.</summary>
    Identity,

    /// <summary>The device has no new value yet.</summary>
    NotReady,

    /// <summary>The process may not open or use the device.</summary>
    Permission,

    /// <summary>The device itself reports an error: an open probe, a short circuit, a Modbus exception.</summary>
    Device,

    /// <summary>Events came faster than they were read, and some were lost.</summary>
    Overflow,

    /// <summary>Any other error of the kernel's interface.</summary>
    Io,

    /// <summary>An error of the program itself.</summary>
    Internal,
}

/// <summary>A measurement that failed, with the reason in words for the operator.</summary>
public sealed class SensorException(FaultReason reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What it is counted under.</summary>
    public FaultReason Reason { get; } = reason;
}
