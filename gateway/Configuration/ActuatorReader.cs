using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;

namespace Sluice.Gateway.Configuration;

/// <summary>Reads <c>actuators</c>.</summary>
internal static class ActuatorReader
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(1);

    public static List<ActuatorDefinition> Read(SectionReader root, SensorClaims claims)
    {
        List<ActuatorDefinition> actuators = [];
        foreach (SectionReader item in root.Sections("actuators"))
        {
            SensorSettings settings = new SectionSettings(item);
            ActuatorDefinition actuator = new()
            {
                Name = SensorReader.CheckLevel(item, "name", item.RequiredText("name", "pump")),
                Bus = item.RequiredText("bus", "/dev/gpiochip0"),
                Line = item.RequiredText("line", "17"),
                IsActiveLow = settings.Flag("active_low", false),
                SafeState = settings.Flag("safe", false),
                Timeout = item.Duration("timeout", TimeSpan.Zero, TimeSpan.Zero, LongestTimeout),
                Interlock = [.. (item.Texts("interlock") ?? []).Select(text => text.Text)],
            };
            item.RefuseUnknownKeys();
            if (actuators.Exists(other => other.Name == actuator.Name))
            {
                item.Fail("name", $"\"{actuator.Name}\" stands above already; give each its own");
            }
            else
            {
                claims.TakeLine(item, actuator.Name, actuator.Bus, actuator.Line);
                claims.TakeSeries(item, actuator.Name, actuator.Name, ["state"]);
            }

            actuators.Add(actuator);
        }

        foreach ((SectionReader item, ActuatorDefinition actuator) in root.Sections("actuators").Zip(actuators))
        {
            if (actuator.Interlock.FirstOrDefault(name => !actuators.Exists(other => other.Name == name)) is { } unknown)
            {
                item.Fail("interlock", $"there is no actuator \"{unknown}\"");
            }

            if (actuator.SafeState && actuators.Find(other => other.Interlock.Contains(actuator.Name) || actuator.Interlock.Contains(other.Name)) is { } interlocked)
            {
                item.Fail("safe", $"\"{actuator.Name}\" is interlocked with \"{interlocked.Name}\": two of which only one may be on are safe when they are off");
            }
        }

        return actuators;
    }
}
