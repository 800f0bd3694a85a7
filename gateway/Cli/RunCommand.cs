using System.CommandLine;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Hosting;

namespace Sluice.Gateway.Cli;

/// <summary><c>sluice run</c>, and <c>sluice</c> alone: the gateway until a signal stops it.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        Command command = new("run", "Run the gateway until Ctrl+C or SIGTERM (the default command).");
        AddTo(command);
        return command;
    }

    /// <summary>Gives a command the options and the action of running.</summary>
    public static void AddTo(Command command)
    {
        ConfigurationArguments configuration = new(command);
        Option<bool> verbose = new("--verbose", "-v") { Description = "Log more: clients that come and go, batches sent upstream." };
        command.Options.Add(verbose);
        command.SetAction((arguments, cancellation) =>
        {
            (GatewayOptions options, string source) = configuration.Load(arguments, opensFiles: true);
            return GatewayHost.RunAsync(options, source, arguments.GetValue(verbose), arguments.InvocationConfiguration.Output, cancellation);
        });
    }
}
