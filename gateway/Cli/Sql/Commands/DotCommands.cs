using Sluice.Engine;
using Sluice.Gateway.Configuration;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>The shell's own commands: finds the one that a line names and runs it.</summary>
internal static class DotCommands
{
    private const string Opening = """
        A statement ends with a semicolon and may go over several lines; Ctrl-C stops the one that runs.

          SELECT device, avg(value) FROM telemetry GROUP BY device;

          .tables                          what is there
          .schema readings                 how a table was made
          .import --csv plant.csv plant    a CSV file into a table, which is made if it is not there
          .mode json                       rows as JSON from now on; .mode box for tables again
          .once out.json                   the next statement's rows into a file
          .read script.sql                 statements from a file
          .dump                            everything as SQL, which sqlite3 reads too

        """;

    private const string Closing = """

        The beginning of a name is enough where it is clear. .help COMMAND tells more, .help keys lists the keys of the line editor.
        """;

    private const string Keys = """
        Enter               run the statement if it is complete, else go on in a new line; Alt-Enter: a new line in any case
        Tab                 complete a keyword, table, column, command or file name; twice: list what is possible
        Up, Down            lines of the statement, then earlier statements (Ctrl-P, Ctrl-N); Ctrl-R searches them
        Left, Right         a character (Ctrl-B, Ctrl-F), with Ctrl or Alt a word (Alt-B, Alt-F)
        Home, End           the line's begin and end (Ctrl-A, Ctrl-E)
        Backspace, Delete   a character (Ctrl-H, Ctrl-D); Ctrl-W, Alt-Backspace and Alt-D a word
        Ctrl-U, Ctrl-K      everything before or after the cursor in the line; Ctrl-Y puts back what was cut
        Ctrl-L              clear the screen
        Ctrl-C              stop the statement that runs, or forget the one being typed
        Ctrl-D, .quit       leave
        Ctrl-Z              suspend the shell; fg goes on
        """;

    /// <summary>By name.</summary>
    public static IReadOnlyList<DotCommand> All { get; } =
    [
        .. SettingCommands.All.Concat(SchemaCommands.All).Concat(FileCommands.All).Concat(SessionCommands.All)
            .Append(new DotCommand(".help", "?COMMAND|keys?", "This list, or more about one command", Help) { Takes = DotArgument.Command })
            .OrderBy(command => command.Name, StringComparer.Ordinal),
    ];

    /// <summary>Other names that users have in their fingers.</summary>
    private static readonly Dictionary<string, string> s_otherNames = new(StringComparer.OrdinalIgnoreCase)
    {
        [".header"] = ".headers",
        [".h"] = ".help",
        [".q"] = ".quit",
        [".e"] = ".exit",
        [".t"] = ".tables",
        [".s"] = ".schema",
        [".d"] = ".dump",
        [".r"] = ".read",
        [".m"] = ".mode",
        [".indices"] = ".indexes",
        [".param"] = ".parameter",
        [".sep"] = ".separator",
    };

    /// <summary>Runs one; false if it failed, which has then been printed.</summary>
    /// <param name="shell">The shell.</param>
    /// <param name="line">The whole line.</param>
    /// <param name="place">Where it is in a script, to be put behind "Error".</param>
    public static bool Run(SqlShell shell, string line, string place)
    {
        string[] words = DotArguments.Split(line);
        if (shell.Settings.Echo)
        {
            shell.Output.WriteLine(line);
        }

        try
        {
            DotCommand command = Find(words[0]);
            DotCall call = new(shell, command, words[1..]);
            command.Run(call);
            return !call.HasFailed;
        }
        catch (OutputClosedException)
        {
            return true;
        }
        catch (Exception error) when (error is SluiceException or ShellException or OperationCanceledException or UnauthorizedAccessException)
        {
            shell.Output.Flush();
            string message = ErrorReport.Describe(error);
            if (place.Length > 0)
            {
                shell.Errors.WriteLine($"Error{place}: {message}");
            }
            else
            {
                shell.PrintError(message);
            }

            return false;
        }
        finally
        {
            shell.Output.EndOnce(afterStatement: false);
        }
    }

    /// <summary>The command of that name, or the only one that begins so.</summary>
    /// <exception cref="ShellException">There is none; the message names the one that was probably meant.</exception>
    public static DotCommand Find(string name)
    {
        string whole = s_otherNames.GetValueOrDefault(name, name);
        if (All.FirstOrDefault(command => command.Name.Equals(whole, StringComparison.OrdinalIgnoreCase)) is { } exact)
        {
            return exact;
        }

        DotCommand[] begun = [.. All.Where(command => whole.Length > 1 && command.Name.StartsWith(whole, StringComparison.OrdinalIgnoreCase))];
        return begun switch
        {
            [DotCommand only] => only,
            [] => throw new ShellException(Suggestion.For(name, All.Select(command => command.Name)) is { } meant
                ? $"unknown command '{name}'; did you mean {meant}?"
                : $"unknown command '{name}'; .help lists them"),
            _ => throw new ShellException($"'{name}' may be {string.Join(", ", begun.Select(command => command.Name))}"),
        };
    }

    private static void Help(DotCall call)
    {
        if (call.Optional() is not { } name)
        {
            call.Output.WriteLine(Opening);
            PrintAll(call.Output);
            call.Output.WriteLine(Closing);
            return;
        }

        if (name == "keys")
        {
            call.Output.WriteLine(Keys);
            return;
        }

        if (name is "-all" or "--all")
        {
            PrintAll(call.Output);
            return;
        }

        DotCommand command = Find(name.StartsWith('.') ? name : "." + name);
        call.Output.WriteLine($"{command.Usage}\n{command.Summary}");
        if (command.Details.Length > 0)
        {
            call.Output.WriteLine("\n" + command.Details);
        }
    }

    private static void PrintAll(ShellOutput output)
    {
        int width = All.Max(command => command.Usage.Length);
        foreach (DotCommand command in All)
        {
            output.WriteLine($"{command.Usage.PadRight(width)}  {command.Summary}");
        }
    }
}
