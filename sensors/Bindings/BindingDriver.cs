using System.Reflection;
using Sluice.Sensors.Drivers;
using UnitsNet;

namespace Sluice.Sensors.Bindings;

/// <summary>
/// A device of Iot.Device.Bindings by its type's name: <c>kind: binding, type: Iot.Device.Hts221.Hts221</c>. It is made with our I2C or SPI
/// device as its first argument, all others by their defaults; what it measures are the members with a telemetry attribute.
/// </summary>
public sealed class BindingDriver : SensorDriver
{
    private readonly DriverSetup _setup;
    private readonly Type? _type;
    private readonly BusKind _bus;
    private object? _device;

    private BindingDriver(DriverSetup setup, BusKind bus)
    {
        _setup = setup;
        _bus = bus;
        string name = setup.Settings.Required("type", "Iot.Device.Hts221.Hts221");
        _type = Type.GetType($"{name}, Iot.Device.Bindings");
        if (_type is null && name.Length > 0)
        {
            setup.Settings.Fail("type", $"\"{name}\" is no type of Iot.Device.Bindings");
        }
        else if (_type is not null && Constructor(_type, bus) is null)
        {
            setup.Settings.Fail("type", $"{name} cannot be made from a device on {(bus == BusKind.Spi ? "SPI" : "I2C")} alone");
        }
        else if (_type is not null && Telemetry(_type).Count == 0)
        {
            setup.Settings.Fail("type", $"{name} has no members with a telemetry attribute");
        }
    }

    /// <summary>Devices over I2C: <c>kind: binding</c>. The address must be given.</summary>
    public static DriverKind I2c { get; } = new()
    {
        Name = "binding",
        Summary = "a device of Iot.Device.Bindings over I2C",
        Bus = BusKind.I2c,
        Addresses = [.. Enumerable.Range(0x08, 0x70)],
        Create = setup => new BindingDriver(setup, BusKind.I2c),
    };

    /// <summary>Devices over SPI: <c>kind: binding-spi</c>.</summary>
    public static DriverKind Spi { get; } = new()
    {
        Name = "binding-spi",
        Summary = "a device of Iot.Device.Bindings over SPI",
        Bus = BusKind.Spi,
        Spi = new(Mode: 0, SpeedHz: 1_000_000),
        Create = setup => new BindingDriver(setup, BusKind.Spi),
    };

    public override TimeSpan Initialize()
    {
        Dispose(true);
        ConstructorInfo constructor = Constructor(_type!, _bus)!;
        object bus = _bus == BusKind.Spi ? new BusSpiDevice(_setup.Spi) : new BusI2cDevice(_setup.I2c);
        object?[] arguments = [bus, .. constructor.GetParameters().Skip(1).Select(parameter => parameter.DefaultValue)];
        _device = Call(() => constructor.Invoke(arguments));
        return TimeSpan.Zero;
    }

    public override void Read(ICollection<Measurement> into)
    {
        foreach (MemberInfo member in Telemetry(_type!))
        {
            if (Value(member) is { } value)
            {
                (double number, string? unit) = Number(value);
                into.Add(new Measurement(Name(member), unit, number));
            }
        }

        if (into.Count == 0)
        {
            throw new SensorException(FaultReason.NotReady, $"{_type!.Name} gave no value");
        }
    }

    protected override void Dispose(bool disposing)
    {
        (_device as IDisposable)?.Dispose();
        _device = null;
    }

    private object? Value(MemberInfo member)
    {
        if (member is PropertyInfo property)
        {
            return Call(() => property.GetValue(_device));
        }

        MethodInfo method = (MethodInfo)member;
        if (method.GetParameters().Length == 0)
        {
            return Call(() => method.Invoke(_device, []));
        }

        // bool TryReadTemperature(out Temperature temperature)
        object?[] result = [null];
        return Call(() => method.Invoke(_device, result)) is true ? result[0] : null;
    }

    /// <summary>What a bus of ours throws within a binding comes out as it was; a binding's own errors are the device's.</summary>
    private object? Call(Func<object?> call)
    {
        try
        {
            return call();
        }
        catch (TargetInvocationException e)
        {
            throw e.InnerException as SensorException
                ?? new SensorException(FaultReason.Device, $"{_type!.Name}: {e.InnerException?.Message}", e.InnerException);
        }
    }

    private static ConstructorInfo? Constructor(Type type, BusKind bus)
    {
        Type first = bus == BusKind.Spi ? typeof(System.Device.Spi.SpiDevice) : typeof(System.Device.I2c.I2cDevice);
        return type.GetConstructors().FirstOrDefault(constructor => constructor.GetParameters() is [{ } device, .. { } others]
            && device.ParameterType == first && others.All(parameter => parameter.HasDefaultValue));
    }

    private static List<MemberInfo> Telemetry(Type type) =>
    [
        .. type.GetMembers(BindingFlags.Public | BindingFlags.Instance).Where(member =>
            member.CustomAttributes.Any(attribute => attribute.AttributeType.Name == "TelemetryAttribute")
            && member is PropertyInfo { CanRead: true } or MethodInfo),
    ];

    /// <summary>The attribute's name, else the member's, in small letters: <c>TryReadTemperature</c> is <c>temperature</c>.</summary>
    private static string Name(MemberInfo member)
    {
        string? given = member.CustomAttributes.First(attribute => attribute.AttributeType.Name == "TelemetryAttribute")
            .ConstructorArguments.Select(argument => argument.Value as string).FirstOrDefault(text => !string.IsNullOrEmpty(text));
        string name = given ?? member.Name;
        foreach (string prefix in (string[])["TryRead", "TryGet", "Read", "Get"])
        {
            name = name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length ? name[prefix.Length..] : name;
        }

        return name.ToLowerInvariant();
    }

    private static (double Number, string? Unit) Number(object value) => value switch
    {
        Temperature temperature => (temperature.DegreesCelsius, "°C"),
        RelativeHumidity humidity => (humidity.Percent, "%"),
        Pressure pressure => (pressure.Hectopascals, "hPa"),
        Illuminance illuminance => (illuminance.Lux, "lx"),
        Length length => (length.Meters, "m"),
        ElectricPotential voltage => (voltage.Volts, "V"),
        ElectricCurrent current => (current.Amperes, "A"),
        Power power => ((double)power.Watts, "W"),
        VolumeConcentration concentration => (concentration.PartsPerMillion, "ppm"),
        IQuantity quantity => ((double)quantity.Value, null),
        bool flag => (flag ? 1 : 0, null),
        IConvertible number => (number.ToDouble(null), null),
        _ => throw new SensorException(FaultReason.Device, $"a {value.GetType().Name} is no single number"),
    };
}
