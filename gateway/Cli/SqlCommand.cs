using System.CommandLine;
using System.Runtime.InteropServices;
using Sluice.Engine;
using Sluice.Engine.Data;
using Sluice.Gateway.Cli.Sql;

namespace Sluice.Gateway.Cli;

/// <summary><c>sluice sql FILE [SQL]</c>: asks a database file with SQL.</summary>
internal static class SqlCommand
{
    /// <summary>What a shell reports for a program that Ctrl-C ended: 128 + SIGINT.</summary>
    private const int Interrupted = 130;

    private const string DescriptionText = """
        Query a database file with SQL.

          sluice sql data/gateway.db "SELECT * FROM telemetry LIMIT 10"
          sluice sql data/gateway.db --csv --header "SELECT * FROM telemetry" > telemetry.csv
          sluice sql data/gateway.db --json "SELECT device, count(*) AS n FROM telemetry GROUP BY device"
          sluice sql data/gateway.db < script.sql          (--bail ends it at its first error)
          sluice sql plant.db --create ".import plant.csv plant"
          sluice sql data/gateway.db .dump > gateway.sql
          sluice sql data/gateway.db                       (interactive; .help there)

        Rows are printed with | between the values and nothing for NULL. While another process has the file open (the
        gateway, for one), statements run through it: they see what it has committed and may write. Options may be
        written with one dash, as sqlite3 has them. Exit codes: 0 done, 1 something failed, 130 stopped by Ctrl-C, and
        what .exit says.
        """;

    /// <summary>The modes that an option of their name sets, as sqlite3 has them.</summary>
    private static readonly string[] s_modes = ["ascii", "box", "column", "csv", "html", "json", "line", "list", "markdown", "quote", "table", "tabs"];

    public static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "The database file" };
        Argument<string[]> sql = new("SQL")
        {
            Description = "Statements and dot commands to run; without them, they are read from standard input or typed",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<bool>[] modes = [.. s_modes.Select(mode => new Option<bool>($"--{mode}") { Description = ModeDescription(mode), Hidden = mode is not ("json" or "csv" or "box" or "line") })];
        Option<bool> header = Flag("header", "Print column names above the rows");
        Option<bool> noHeader = Flag("noheader", "Print no column names");
        Option<bool> create = Flag("create", "Make the file if it is not there");
        Option<bool> readOnly = Flag("readonly", "Refuse to write");
        Option<bool> bail = Flag("bail", "End a script at its first error");
        Option<bool> echo = Flag("echo", "Print each statement before it runs");
        Option<string?> separator = new("--separator") { Description = "What is printed between values" };
        Option<string?> nullValue = new("--nullvalue") { Description = "What is printed for NULL" };
        Option<string[]> commands = new("--cmd") { Description = "Run a dot command or statement first; may be given more than once" };
        Command command = new("sql", DescriptionText) { file, sql, header, noHeader, create, readOnly, bail, echo, separator, nullValue, commands };
        foreach (Option<bool> mode in modes)
        {
            command.Options.Add(mode);
        }

        command.Validators.Add(result =>
        {
            string[] given = [.. modes.Where(result.GetValue).Select(mode => mode.Name)];
            if (given.Length > 1)
            {
                result.AddError($"{string.Join(" and ", given)} exclude each other.");
            }

            // What looks like an option and is none would else be taken for a statement.
            foreach (string text in result.GetValue(sql) ?? [])
            {
                if (text is ['-', .. { Length: > 1 } rest] && rest.TrimStart('-').All(char.IsAsciiLetter))
                {
                    result.AddError($"Unknown option '{text}'.");
                }
            }

            if (result.GetValue(create) && result.GetValue(readOnly))
            {
                result.AddError("--create and --readonly exclude each other.");
            }
        });
        SqlRequest Request(ParseResult result) => new()
        {
            File = result.GetRequiredValue(file),
            Statements = result.GetValue(sql) ?? [],
            Commands = result.GetValue(commands) ?? [],
            Mode = modes.FirstOrDefault(result.GetValue) is { } mode ? Enum.Parse<OutputMode>(mode.Name.TrimStart('-'), ignoreCase: true) : null,
            Header = result.GetValue(header) ? true : result.GetValue(noHeader) ? false : null,
            Separator = result.GetValue(separator),
            NullValue = result.GetValue(nullValue),
            Bail = result.GetValue(bail),
            Echo = result.GetValue(echo),
            Open = result.GetValue(create) ? SluiceOpenMode.ReadWriteCreate
                : result.GetValue(readOnly) ? SluiceOpenMode.ReadOnly
                : SluiceOpenMode.ReadWrite,
        };
        command.SetAction(result => Run(Request(result), result.InvocationConfiguration.Error));
        return command;
    }

    /// <summary>The command line with two dashes where sqlite3's users write options with one.</summary>
    public static string[] WithTwoDashes(string[] args)
    {
        if (args is not ["sql", ..])
        {
            return args;
        }

        HashSet<string> names = [.. Create().Options.Select(option => option.Name)];
        return [.. args.Select(argument => names.Contains("-" + argument) ? "-" + argument : argument)];
    }

    private static Option<bool> Flag(string name, string description) => new($"--{name}") { Description = description };

    private static string ModeDescription(string mode) => mode switch
    {
        "json" => "Print an array of objects",
        "csv" => "Print comma-separated values",
        "box" => "Print a table; also --column, --markdown, --table",
        "line" => "Print one value a line; also --ascii, --html, --list, --quote, --tabs",
        _ => $"Print as .mode {mode}",
    };

    private static int Run(SqlRequest request, TextWriter errors)
    {
        bool reads = request.Statements.Count == 0;
        bool isInteractive = reads && NativeTerminal.IsTerminal(NativeTerminal.StandardInput) && NativeTerminal.IsTerminal(NativeTerminal.StandardOutput);
        using Stream stdout = Console.OpenStandardOutput();
        using Stream stderr = Console.OpenStandardError();
        using Stream stdin = Console.OpenStandardInput();
        try
        {
            return Run(request, new SqlTerminal
            {
                Script = reads && !isInteractive ? stdin : Stream.Null,
                Output = stdout,
                Errors = errors,
                Interactive = isInteractive ? stdout : null,
                Width = NativeTerminal.IsTerminal(NativeTerminal.StandardOutput) ? () => LineDisplay.Size.Columns : null,
                Progress = NativeTerminal.IsTerminal(NativeTerminal.StandardError) ? stderr : null,
            });
        }
        catch (IOException)
        {
            // The reader of our output has gone (sluice sql ... | head).
            return ExitCode.Failed;
        }
        catch (Exception error)
        {
            errors.WriteLine($"Error: {ErrorReport.Describe(error)}");
            return ExitCode.Failed;
        }
    }

    /// <summary>Opens the file, runs the statements, the script or the session, and returns the exit code.</summary>
    internal static int Run(SqlRequest request, SqlTerminal terminal)
    {
        SluiceConnection connection;
        try
        {
            connection = DatabaseOpening.Open(request.File, request.Open, terminal.Errors);
        }
        catch (Exception error) when (error is SluiceException or ShellException)
        {
            terminal.Errors.WriteLine($"Error: {error.Message}");
            return ExitCode.Failed;
        }

        using SqlShell shell = new(connection, new ShellOutput(terminal.Output, terminal.Width), terminal.Errors)
        {
            IsInteractive = terminal.Interactive is not null,
            ProgressTerminal = terminal.Progress,
            OpenMode = request.Open,
        };
        Set(shell.Settings, request, shell.IsInteractive);
        using PosixSignalRegistration onCancel = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = shell.Interrupts.Press() || shell.IsInteractive);
        bool succeeded = RunAll(shell, request.Commands) && RunAll(shell, request.Statements);
        if (shell.QuitCode is null && request.Statements.Count == 0)
        {
            if (terminal.Interactive is not null)
            {
                new SqlPrompt(shell, terminal.Interactive).Run();
                return shell.QuitCode ?? ExitCode.Success;
            }

            using ScriptLines script = new(terminal.Script);
            succeeded &= new ScriptRunner(shell, new ScriptSource(null, HasLines: true)).RunAll(script);
        }

        shell.Output.Flush();
        return shell.QuitCode is { } quit && (quit != 0 || succeeded) ? quit
            : shell.Interrupts.WasInterrupted ? Interrupted
            : succeeded ? ExitCode.Success
            : ExitCode.Failed;
    }

    /// <summary>Runs statements of the command line, up to the first that fails.</summary>
    private static bool RunAll(SqlShell shell, IReadOnlyList<string> statements) => statements.All(text =>
    {
        using ScriptLines lines = ScriptLines.Of(text);
        return shell.QuitCode is not null
            || new ScriptRunner(shell, new ScriptSource(null, HasLines: text.Contains('\n'))) { StopsAtError = true }.RunAll(lines);
    });

    private static void Set(ShellSettings settings, SqlRequest request, bool isInteractive)
    {
        if (request.Mode is { } mode)
        {
            settings.SetMode(mode);

            // sqlite3 ends lines so when the mode comes from its command line, and with CR LF when it comes from .mode.
            settings.RowSeparator = mode == OutputMode.Csv ? "\n" : settings.RowSeparator;
        }
        else if (isInteractive)
        {
            settings.SetMode(OutputMode.Box);
        }

        settings.Headers = request.Header;
        settings.NullValue = request.NullValue;
        settings.ColumnSeparator = request.Separator ?? settings.ColumnSeparator;
        settings.Bail = request.Bail;
        settings.Echo = request.Echo;
    }
}

/// <summary>What the command line asks of <see cref="SqlCommand"/>.</summary>
internal sealed record SqlRequest
{
    public required string File { get; init; }

    /// <summary>The statements; if there are none they are read or asked for.</summary>
    public IReadOnlyList<string> Statements { get; init; } = [];

    /// <summary>What runs before them.</summary>
    public IReadOnlyList<string> Commands { get; init; } = [];

    /// <summary>Null for what suits the output.</summary>
    public OutputMode? Mode { get; init; }

    public bool? Header { get; init; }

    public string? Separator { get; init; }

    public string? NullValue { get; init; }

    public bool Bail { get; init; }

    public bool Echo { get; init; }

    public SluiceOpenMode Open { get; init; } = SluiceOpenMode.ReadWrite;
}

/// <summary>What <see cref="SqlCommand"/> reads from and writes to.</summary>
internal sealed record SqlTerminal
{
    /// <summary>The statements, where they are read.</summary>
    public Stream Script { get; init; } = Stream.Null;

    public required Stream Output { get; init; }

    public required TextWriter Errors { get; init; }

    /// <summary>The terminal, if somebody types.</summary>
    public Stream? Interactive { get; init; }

    /// <summary>The width of the terminal that output goes to; null if it goes elsewhere.</summary>
    public Func<int>? Width { get; init; }

    /// <summary>Where progress is shown; null if nobody would see it.</summary>
    public Stream? Progress { get; init; }
}
