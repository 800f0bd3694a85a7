using Sluice.Sensors.Configuration;
using Sluice.Sensors.Drivers;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.Modbus;

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
            string kind = settings.Choice("kind", "gpio", "modbus-rtu", "modbus-tcp");
            string bus = item.RequiredText("bus", kind switch { "gpio" => "/dev/gpiochip0", "modbus-rtu" => "/dev/ttyUSB0", _ => "192.168.1.20:502" });
            ActuatorDefinition actuator = new()
            {
                Name = SensorReader.CheckLevel(item, "name", item.RequiredText("name", "pump")),
                Bus = bus,
                Line = kind == "gpio" ? item.RequiredText("line", "17") : "",
                IsActiveLow = kind == "gpio" && settings.Flag("active_low", false),
                Modbus = kind == "gpio" ? null : ReadPoint(settings, bus, isTcp: kind == "modbus-tcp"),
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
                claims.TakeLine(
                    item, actuator.Name, actuator.Bus,
                    actuator.Modbus is { } point ? $"{(point.IsCoil ? "coil" : "register")} {point.Address} of unit {point.Unit}" : actuator.Line);
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

    private static ModbusPoint ReadPoint(SensorSettings settings, string bus, bool isTcp)
    {
        CapturedSettings captured = new(settings);
        using ModbusTransport tried = isTcp ? ModbusSettings.Tcp(bus, captured) : ModbusSettings.Rtu(bus, captured, TimeProvider.System);
        bool isCoil = settings.Text("coil") is not null;
        bool isRegister = settings.Text("register") is not null;
        if (isCoil == isRegister)
        {
            settings.Fail("coil", isCoil ? "stands beside register; keep one of the two" : "is missing, and register is, too; add coil: 0 or register: 0");
        }

        ModbusPoint point = new()
        {
            IsTcp = isTcp,
            Unit = (byte)settings.Integer("unit", isTcp ? 255 : 1, 1, 255),
            IsCoil = isCoil,
            Address = (ushort)settings.Integer(isCoil ? "coil" : "register", 0, 0, ushort.MaxValue),
            Settings = captured,
        };
        if (isCoil)
        {
            return point;
        }

        point = point with { On = (ushort)settings.Integer("on", 1, 0, ushort.MaxValue), Off = (ushort)settings.Integer("off", 0, 0, ushort.MaxValue) };
        if (point.On == point.Off)
        {
            settings.Fail("on", $"is {point.On}, as off is; a register holds another value for each");
        }

        return point;
    }
}
