using Sluice.Gateway.Configuration;

namespace Sluice.Gateway.Tests.Cli;

/// <summary>The installer for Raspberry Pis, into a folder instead of this machine.</summary>
public sealed class InstallerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-install-").FullName;

    private static string Script => Path.Combine(RepositoryRoot.Path, "deploy", "raspberrypi", "install.sh");

    private string Root => Path.Combine(_folder, "root");

    [Fact]
    public async Task It_installs_updates_without_touching_the_configuration_and_removes()
    {
        string published = Path.Combine(_folder, "published");
        Publish(published, "old");
        await Programs.OutputAsync(Script, "--root", Root, "--from", published);
        string configuration = Path.Combine(Root, "etc/sluice/sluice.yaml");
        Assert.DoesNotContain("@HOSTNAME@", await File.ReadAllTextAsync(configuration), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Root, "etc/systemd/system/sluice.service")));
        Assert.Equal("/opt/sluice/sluice", new FileInfo(Path.Combine(Root, "usr/local/bin/sluice")).LinkTarget);
        GatewayConfigurationIsValid(configuration);

        await File.AppendAllTextAsync(configuration, "# mine\n");
        Publish(published, "new");
        await Programs.OutputAsync(Script, "--root", Root, "--from", published);
        Assert.Equal("new", (await Programs.OutputAsync(Path.Combine(Root, "opt/sluice/sluice"))).Trim());
        Assert.EndsWith("# mine\n", await File.ReadAllTextAsync(configuration), StringComparison.Ordinal);

        await Programs.OutputAsync(Script, "--root", Root, "--uninstall");
        Assert.False(Directory.Exists(Path.Combine(Root, "opt/sluice")));
        Assert.True(File.Exists(configuration));
        await Programs.OutputAsync(Script, "--root", Root, "--uninstall", "--purge");
        Assert.False(File.Exists(configuration));
    }

    [Fact]
    public async Task Help_says_that_the_user_goes_with_the_data_only()
    {
        string help = await Programs.OutputAsync(Script, "--help");
        Assert.Matches("--uninstall +remove program and service; configuration, data and the user who owns them stay\n", help);
        Assert.Matches("--purge +remove configuration, data and user as well\n", help);
    }

    [Fact]
    public async Task The_unit_and_the_script_agree_on_the_places()
    {
        string unit = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Path, "deploy", "raspberrypi", "sluice.service"));
        Assert.Contains("\nType=notify\n", unit, StringComparison.Ordinal);
        Assert.Contains("\nExecStart=/opt/sluice/sluice run --config /etc/sluice/sluice.yaml\n", unit, StringComparison.Ordinal);
        Assert.Contains("\nStateDirectory=sluice\n", unit, StringComparison.Ordinal);
        Assert.Contains("\nSupplementaryGroups=gpio i2c spi\n", unit, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void GatewayConfigurationIsValid(string file)
    {
        GatewayOptions options = ConfigurationLoader.Load(file, []);
        Assert.Equal("/var/lib/sluice", options.DataFolder);
    }

    private static void Publish(string folder, string says)
    {
        Directory.CreateDirectory(folder);
        string program = Path.Combine(folder, "sluice");
        File.WriteAllText(program, $"#!/bin/sh\necho {says}\n");
        File.SetUnixFileMode(program, (UnixFileMode)0x1ED);
    }
}
