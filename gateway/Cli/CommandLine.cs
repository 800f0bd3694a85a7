using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Sluice.Engine;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Hosting;

namespace Sluice.Gateway.Cli;

/// <summary>The program's commands. Running the gateway is the default one.</summary>
public static class CommandLine
{
    private const string ProgramName = "sluice";

    private const string Examples = """
        Examples:
          sluice                                           the demonstration: broker, simulated sensors, page; data in ./data
          sluice run --config /etc/sluice/sluice.yaml      the gateway as configured
          sluice run --data /tmp/try --http 127.0.0.1:9090 the demonstration elsewhere
          sluice run --set writers.count=8                 any key of the configuration, see configs/reference.yaml
          SLUICE_GATEWAY__ID=plant-7 sluice                the same by an environment variable
          sluice check --config sluice.yaml                what is wrong with a configuration, by line and key
          sluice sensors scan                              what is connected to this machine, and what to write for it
          sluice sql data/gateway.db                       look at the database, interactively
          sluice sql data/gateway.db "select * from telemetry order by id desc limit 5"
          sluice sql plant.db --create ".import plant.csv plant"   a CSV file into a new database

        Exit codes: 0 done, 1 failed, 2 wrong command line or configuration.
        """;

    /// <summary>Runs what the arguments ask for and returns the exit code.</summary>
    public static async Task<int> InvokeAsync(string[] args, TextWriter output, TextWriter error)
    {
        Command root = Create();
        ParseResult arguments = root.Parse(SqlCommand.WithTwoDashes(args));
        if (arguments.Errors.Count > 0)
        {
            foreach (string message in arguments.Errors.Select(e => e.Message).Distinct())
            {
                await error.WriteLineAsync($"sluice: {message}");
            }

            await error.WriteLineAsync("Try 'sluice --help'.");
            return ExitCode.Usage;
        }

        // Signals are the host's: it stops the gateway in order, however long storing takes.
        InvocationConfiguration configuration = new()
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            return await arguments.InvokeAsync(configuration);
        }
        catch (ConfigurationException e)
        {
            foreach (string line in e.Errors)
            {
                await error.WriteLineAsync($"sluice: {line}");
            }

            return ExitCode.Usage;
        }
        catch (Exception e) when (e is GatewayException or SluiceException)
        {
            await error.WriteLineAsync($"sluice: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failed;
        }
    }

    private static Command Create()
    {
        // Not the library's RootCommand: it takes its name from the assembly, and the program has another.
        Command root = new(ProgramName, "Sluice: MQTT and sensors in, durable in an embedded SQL database, batches on to PostgreSQL.");
        root.Options.Add(new HelpOption { Action = new TeachingHelp() });
        root.Options.Add(new VersionOption());
        RunCommand.AddTo(root);
        root.Subcommands.Add(RunCommand.Create());
        root.Subcommands.Add(CheckCommand.Create());
        root.Subcommands.Add(SqlCommand.Create());
        root.Subcommands.Add(UserCommand.Create());
        root.Subcommands.Add(SensorsCommand.Create());
        return root;
    }

    /// <summary>The library's help, and examples after it.</summary>
    private sealed class TeachingHelp : SynchronousCommandLineAction
    {
        /// <summary>Who asks for help need not have got the rest right.</summary>
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            // Made only now: it asks for the terminal's width, and with that .NET takes the terminal over for Console.ReadKey.
            int code = new HelpAction().Invoke(parseResult);
            if (parseResult.CommandResult.Command.Name == ProgramName)
            {
                parseResult.InvocationConfiguration.Output.WriteLine(Examples);
            }

            return code;
        }
    }
}
