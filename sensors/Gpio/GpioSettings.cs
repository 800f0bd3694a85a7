using Sluice.Sensors.Drivers;

namespace Sluice.Sensors.Gpio;

/// <summary>The keys that all inputs have: <c>line</c>, <c>active_low</c>, <c>bias</c>, <c>debounce</c>.</summary>
internal static class GpioSettings
{
    public static string Line(SensorSettings settings) => settings.Required("line", "17");

    public static GpioLineSettings Input(SensorSettings settings, GpioEdges edges) => new()
    {
        IsActiveLow = settings.Flag("active_low", false),
        Bias = settings.Choice("bias", "default", "off", "pull-up", "pull-down") switch
        {
            "off" => GpioBias.Off,
            "pull-up" => GpioBias.PullUp,
            "pull-down" => GpioBias.PullDown,
            _ => GpioBias.Default,
        },
        Edges = edges,
        Debounce = TimeSpan.FromMilliseconds(settings.Number("debounce_ms", 0, 0, 10_000)),
    };
}
