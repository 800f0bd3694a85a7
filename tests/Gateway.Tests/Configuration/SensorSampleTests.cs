using Sluice.Gateway.Configuration;
using Sluice.Sensors.Drivers;

namespace Sluice.Gateway.Tests.Configuration;

public sealed class SensorSampleTests
{
    /// <summary>Each kind has a sample beside its driver, and each sample is right.</summary>
    [Fact]
    public void Every_kind_has_a_sample_that_is_a_right_configuration()
    {
        HashSet<string> shown = [];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "sensors"), "sample.yaml", SearchOption.AllDirectories))
        {
            GatewayOptions options = ConfigurationLoader.Load(file, []);
            Assert.NotEmpty(options.Sensors.Sensors);
            shown.UnionWith(options.Sensors.Sensors.Select(sensor => sensor.Kind.Name));
            Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(file)!, "README.md")), file);
        }

        Assert.Equal(DriverCatalog.All.Select(kind => kind.Name).Order(), shown.Order());
    }
}
