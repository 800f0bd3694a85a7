namespace Sluice.Sensors.Gpio;

/// <summary>A driver whose value goes on from where it was before a restart.</summary>
public interface IRestorable
{
    /// <summary>What it has counted, before any calibration. Any thread.</summary>
    long Total { get; }

    /// <summary>Goes on from the total that was kept last; before the first turn.</summary>
    void Restore(long total);
}
