using Sluice.Sensors.Drivers;

namespace Sluice.Gateway.Configuration;

/// <summary>A section as the drivers of sensors read it.</summary>
internal sealed class SectionSettings(SectionReader section) : SensorSettings
{
    public override string? Text(string key) => section.Text(key);

    public override void Fail(string key, string what) => section.Fail(key, what);
}
