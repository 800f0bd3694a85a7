using System.CommandLine;
using Sluice.Gateway.Configuration;

namespace Sluice.Gateway.Cli;

/// <summary>The options by which a command takes its configuration, and the configuration that they give.</summary>
internal sealed class ConfigurationArguments
{
    private readonly Option<string?> _file = new("--config", "-c")
    {
        Description = "The configuration file. Default: the file that SLUICE_CONFIG names, else the built-in demonstration.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _data = new("--data")
    {
        Description = "The folder of the database. Short for --set gateway.data=FOLDER.",
        HelpName = "FOLDER",
    };

    private readonly Option<string?> _http = new("--http")
    {
        Description = "The address of page, health and metrics, or off. Short for --set http.listen=HOST:PORT.",
        HelpName = "HOST:PORT",
    };

    private readonly Option<string[]> _mqtt = new("--mqtt")
    {
        Description = "An endpoint of the broker; may stand several times. Short for --set mqtt.listen=URL.",
        HelpName = "URL",
    };

    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Sets any key of the configuration; may stand several times.",
        HelpName = "KEY=VALUE",
    };

    /// <param name="command">Gets the options.</param>
    public ConfigurationArguments(Command command)
    {
        command.Options.Add(_file);
        command.Options.Add(_data);
        command.Options.Add(_http);
        command.Options.Add(_mqtt);
        command.Options.Add(_set);
    }

    /// <summary>Loads and validates what the command line asks for; see <see cref="ConfigurationLoader.Load"/>.</summary>
    public (GatewayOptions Options, string Source) Load(ParseResult arguments, bool opensFiles = false)
    {
        string? file = arguments.GetValue(_file) ?? Environment.GetEnvironmentVariable(Override.FileVariable);
        List<Override> overrides = [.. Override.FromEnvironment(Environment.GetEnvironmentVariables())];
        if (arguments.GetValue(_data) is { } data)
        {
            overrides.Add(new Override(["gateway", "data"], data, "option --data"));
        }

        if (arguments.GetValue(_http) is { } http)
        {
            // Unlike a value from the environment, [::1]:8080 is not meant as YAML here.
            overrides.Add(new Override(["http", "listen"], http, "option --http") { IsPlainText = true });
        }

        if (arguments.GetValue(_mqtt) is { Length: > 0 } mqtt)
        {
            overrides.Add(new Override(["mqtt", "listen"], "[]", "option --mqtt"));
            for (int i = 0; i < mqtt.Length; i++)
            {
                overrides.Add(new Override(["mqtt", "listen", $"{i}"], mqtt[i], "option --mqtt") { IsPlainText = true });
            }
        }

        overrides.AddRange((arguments.GetValue(_set) ?? []).Select(Override.FromOption));
        return (ConfigurationLoader.Load(file, overrides, opensFiles), file ?? ConfigurationLoader.DemoSource);
    }
}
