using Sluice.Sensors.I2c;

namespace Sluice.Sensors.Tests;

/// <summary>A tree as the kernel makes it: what stands in /sys/class is links into /sys/devices, relative to where they really are.</summary>
public sealed class I2cRecoveryTests : IDisposable
{
    private readonly string _sysfs = Directory.CreateTempSubdirectory("sluice-recovery-").FullName;

    public void Dispose() => Directory.Delete(_sysfs, recursive: true);

    [Fact]
    public void The_driver_lets_go_of_the_adapter_and_takes_it_again()
    {
        string driver = Folder("bus/platform/drivers/i2c-bcm2835");
        File.WriteAllText(Path.Combine(driver, "bind"), "");
        File.WriteAllText(Path.Combine(driver, "unbind"), "");
        string device = Folder("devices/platform/soc/fe804000.i2c");
        Directory.CreateSymbolicLink(Path.Combine(device, "driver"), "../../../../bus/platform/drivers/i2c-bcm2835");
        string node = Folder("devices/platform/soc/fe804000.i2c/i2c-1/i2c-dev/i2c-1");
        Directory.CreateSymbolicLink(Path.Combine(node, "device"), "../../../i2c-1");
        Folder("class/i2c-dev");
        Directory.CreateSymbolicLink(Path.Combine(_sysfs, "class/i2c-dev/i2c-1"), "../../devices/platform/soc/fe804000.i2c/i2c-1/i2c-dev/i2c-1");

        using KernelI2cBus bus = new("/dev/i2c-1", _sysfs);
        Assert.True(bus.Recover());
        Assert.Equal("fe804000.i2c", File.ReadAllText(Path.Combine(driver, "unbind")));
        Assert.Equal("fe804000.i2c", File.ReadAllText(Path.Combine(driver, "bind")));
        using KernelI2cBus other = new("/dev/i2c-2", _sysfs);
        Assert.False(other.Recover());
    }

    private string Folder(string path) => Directory.CreateDirectory(Path.Combine(_sysfs, path)).FullName;
}
