using Sluice.Sensors.Drivers;

namespace Sluice.Sensors.Tests;

/// <summary>Settings from pairs.</summary>
internal sealed class TestSettings(params (string Key, string Value)[] pairs) : SensorSettings
{
    public List<string> Errors { get; } = [];

    public override string? Text(string key) => pairs.FirstOrDefault(pair => pair.Key == key).Value;

    public override void Fail(string key, string what) => Errors.Add($"{key}: {what}");
}
