using Sluice.Sensors.Drivers;

namespace Sluice.Sensors.Configuration;

/// <summary>Keeps what a driver asked for when its configuration was checked, to make the real one from later; what is wrong was told then.</summary>
public sealed class CapturedSettings(SensorSettings source) : SensorSettings
{
    private readonly Dictionary<string, string?> _texts = new(StringComparer.Ordinal);

    public override string? Text(string key)
    {
        if (!_texts.TryGetValue(key, out string? text))
        {
            text = source.Text(key);
            _texts.Add(key, text);
        }

        return text;
    }

    public override void Fail(string key, string what) => source.Fail(key, what);
}
