using System.CommandLine;
using Sluice.Gateway.Configuration;

namespace Sluice.Gateway.Cli;

/// <summary><c>sluice check</c>: says whether a configuration is right, and what it means.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        Command command = new("check", "Check a configuration, with environment variables and options, and start nothing.");
        ConfigurationArguments configuration = new(command);
        command.SetAction(arguments =>
        {
            (GatewayOptions options, string source) = configuration.Load(arguments, opensFiles: true);
            TextWriter output = arguments.InvocationConfiguration.Output;
            output.WriteLine($"{source}: ok");
            output.WriteLine($"  gateway  {options.Id}");
            output.WriteLine($"  data     {options.DatabasePath}");
            output.WriteLine($"  http     {options.Http?.ToString() ?? "off"}");
            output.WriteLine($"  mqtt     {string.Join(", ", options.Mqtt.Listen)}");
            output.WriteLine($"  routes   {Count(options.Routes.Select(route => route.Topic))}");
            output.WriteLine($"  sensors  {Count(options.Sensors.Sensors.Select(sensor => sensor.Name))}");
            output.WriteLine($"  outputs  {Count(options.Sensors.Actuators.Select(actuator => actuator.Name))}");
            output.WriteLine($"  sync     {Count(options.Sync.Select(sync => sync.Name))}");
            return ExitCode.Success;
        });
        return command;
    }

    private static string Count(IEnumerable<string> items)
    {
        string[] all = [.. items];
        return all.Length == 0 ? "none" : string.Join(", ", all);
    }
}
