using System.Globalization;
using Sluice.Engine;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Commands about the session itself.</summary>
internal static class SessionCommands
{
    private const string ParameterDetails = """
          .parameter set @device pump-1     the value is an expression, or else a text
          .parameter set :from 1.5e15
          SELECT * FROM telemetry WHERE device = @device AND ts > :from;
          .parameter list
          .parameter unset @device
          .parameter clear
        """;

    public static IReadOnlyList<DotCommand> All { get; } =
    [
        new(".quit", "", "Leave; also Ctrl-D", call => call.Shell.QuitCode = 0),
        new(".exit", "?CODE?", "Leave with an exit code", Exit),
        new(".print", "TEXT...", "Print a text", call => call.Output.WriteLine(string.Join(' ', call.Arguments))),
        new(".parameter", "set|unset|list|clear ...", "Values for the parameters of statements", Parameter) { Details = ParameterDetails },
        new(".timeout", "MS", "How long to wait for others that write", Timeout),
        new(".version", "", "What this is", Version),
    ];

    private static void Exit(DotCall call) => call.Shell.QuitCode = call.Optional() is not { } code ? 0
        : int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < 256 ? number
        : throw new ShellException($"\"{code}\" is no exit code; it is 0 to 255");

    private static void Timeout(DotCall call)
    {
        if (!int.TryParse(call.Required(), NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds))
        {
            throw call.Wrong();
        }

        _ = call.Shell.Query($"PRAGMA busy_timeout = {milliseconds}");
    }

    private static void Version(DotCall call) => call.Output.WriteLine(
        $"Sluice {call.Shell.Connection.ServerVersion}, SQL as SQLite {call.Shell.Query("SELECT sqlite_version()")[0][0].DecodeText()} speaks it");

    private static void Parameter(DotCall call)
    {
        SortedDictionary<string, SqlValue> parameters = call.Shell.Parameters;
        switch (call.Arguments)
        {
            case ["set", string name, string value]:
                if (name.Length < 2 || name[0] is not ('@' or ':' or '$' or '?'))
                {
                    throw new ShellException($"\"{name}\" is no parameter; its name begins with @, :, $ or ?");
                }

                parameters[name] = Evaluate(call.Shell, value);
                break;
            case ["unset", string name]:
                _ = parameters.Remove(name);
                break;
            case ["clear"]:
                parameters.Clear();
                break;
            case ["init"]:
                break;
            case ["list"]:
                int width = parameters.Keys.Select(name => name.Length).DefaultIfEmpty().Max();
                foreach ((string name, SqlValue value) in parameters)
                {
                    call.Output.WriteLine($"{name.PadRight(width)} {Literals.Of(value, inOneLine: false)}");
                }

                break;
            default:
                throw call.Wrong();
        }
    }

    /// <summary>The value of an expression; what is none, such as a bare word, is a text.</summary>
    private static SqlValue Evaluate(SqlShell shell, string expression)
    {
        try
        {
            return shell.Query($"SELECT ({expression}\n)")[0][0];
        }
        catch (SluiceException)
        {
            return SqlValue.FromText(expression);
        }
    }
}
