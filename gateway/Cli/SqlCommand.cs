using System.CommandLine;
using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Gateway.Cli;

/// <summary><c>sluice sql FILE [SQL]</c>: asks a database file with SQL.</summary>
internal static class SqlCommand
{
    private const int Failed = 1;

    /// <summary>What a shell reports for a program that Ctrl-C ended: 128 + SIGINT.</summary>
    private const int Interrupted = 130;

    private const string DescriptionText = """
        Query a database file with SQL.

          sluice sql data/gateway.db "SELECT * FROM telemetry LIMIT 10"
          sluice sql data/gateway.db --csv --header "SELECT * FROM telemetry" > telemetry.csv
          sluice sql data/gateway.db --json "SELECT device, count(*) AS n FROM telemetry GROUP BY device"
          sluice sql data/gateway.db < script.sql
          sluice sql data/gateway.db            (interactive; .help there)

        Rows are printed with | between the values and nothing for NULL. While another process has the file open (the
        gateway, for one), statements run through it: they see what it has committed and may write.
        """;

    public static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "The database file" };
        Argument<string?> sql = new("SQL")
        {
            Description = "Statements to run; without them, they are read from standard input or typed",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> json = new("--json") { Description = "Print an array of objects" };
        Option<bool> csv = new("--csv") { Description = "Print comma-separated values" };
        Option<bool> header = new("--header") { Description = "Print column names above the rows" };
        Option<bool> create = new("--create") { Description = "Make the file if it is not there" };
        Option<bool> readOnly = new("--readonly") { Description = "Refuse to write" };
        Command command = new("sql", DescriptionText) { file, sql, json, csv, header, create, readOnly };
        command.Validators.Add(result =>
        {
            if (result.GetValue(json) && result.GetValue(csv))
            {
                result.AddError("--json and --csv exclude each other.");
            }

            if (result.GetValue(create) && result.GetValue(readOnly))
            {
                result.AddError("--create and --readonly exclude each other.");
            }
        });
        command.SetAction(result => Run(new SqlRequest
        {
            File = result.GetRequiredValue(file),
            Sql = result.GetValue(sql),
            Mode = result.GetValue(json) ? SqlOutputMode.Json : result.GetValue(csv) ? SqlOutputMode.Csv : null,
            Header = result.GetValue(header),
            Open = result.GetValue(create) ? SluiceOpenMode.ReadWriteCreate
                : result.GetValue(readOnly) ? SluiceOpenMode.ReadOnly
                : SluiceOpenMode.ReadWrite,
        }));
        return command;
    }

    private static int Run(SqlRequest request)
    {
        bool isInteractive = request.Sql is null && !Console.IsInputRedirected && !Console.IsOutputRedirected;
        using Stream stdout = Console.OpenStandardOutput();
        try
        {
            using TextReader script = request.Sql is { } sql ? new StringReader(sql) : Console.In;
            return Run(request, script, isInteractive, stdout, Console.Error);
        }
        catch (IOException)
        {
            // The reader of our output has gone (sluice sql ... | head).
            return Failed;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine($"Error: {SqlShell.Describe(error)}");
            return Failed;
        }
    }

    /// <summary>Opens the file, runs the script or the session, and returns the exit code.</summary>
    internal static int Run(SqlRequest request, TextReader script, bool isInteractive, Stream stdout, TextWriter stderr)
    {
        if (Directory.Exists(request.File))
        {
            stderr.WriteLine($"Error: {request.File} is a directory; name the database file in it, such as {Path.Combine(request.File, "gateway.db")}.");
            return Failed;
        }

        if (request.Open != SluiceOpenMode.ReadWriteCreate && request.File != DatabaseOptions.MemoryPath && !File.Exists(request.File))
        {
            stderr.WriteLine($"Error: {request.File} does not exist; give --create to make a new database.");
            return Failed;
        }

        using SluiceConnection connection = new(
            new SluiceConnectionStringBuilder { DataSource = request.File, Mode = request.Open }.ConnectionString);
        try
        {
            connection.Open();
        }
        catch (SluiceException error)
        {
            stderr.WriteLine($"Error: {error.Message}");
            return Failed;
        }

        if (connection.OwnerProcessId is { } owner)
        {
            stderr.WriteLine($"{request.File} is open in process {owner}: working through it");
        }
        else if (!connection.IsLive)
        {
            stderr.WriteLine($"{request.File} is open in another process, which cannot be reached: answering from its last checkpoint (read-only)");
        }

        SqlShell shell = new(connection, new SqlOutput(stdout), stderr)
        {
            Mode = request.Mode ?? (isInteractive ? SqlOutputMode.Table : SqlOutputMode.List),
            Headers = request.Header || isInteractive,
            IsInteractive = isInteractive,
        };
        ConsoleCancelEventHandler onCancel = (_, pressed) => pressed.Cancel = shell.Cancel() || isInteractive;
        Console.CancelKeyPress += onCancel;
        try
        {
            if (isInteractive)
            {
                new SqlPrompt(shell).Run();
                return 0;
            }

            return RunScript(shell, script);
        }
        finally
        {
            Console.CancelKeyPress -= onCancel;
            shell.Output.Flush();
        }
    }

    /// <summary>Runs a script up to its first error.</summary>
    private static int RunScript(SqlShell shell, TextReader script)
    {
        SqlStatementSplitter splitter = new();
        SqlDotCommands dots = new(shell);
        while (!dots.IsQuit && script.ReadLine() is { } line)
        {
            if (!splitter.IsPending && SqlDotCommands.IsDotCommand(line))
            {
                if (!dots.Run(line))
                {
                    return Failed;
                }

                continue;
            }

            splitter.AddLine(line);
            while (splitter.TryTake(out SqlPiece piece))
            {
                if (!shell.Run(piece))
                {
                    return shell.WasCancelled ? Interrupted : Failed;
                }
            }
        }

        return dots.IsQuit || !splitter.TryTakeRest(out SqlPiece rest) || shell.Run(rest) ? 0
            : shell.WasCancelled ? Interrupted
            : Failed;
    }
}

/// <summary>What the command line asks of <see cref="SqlCommand"/>.</summary>
internal sealed record SqlRequest
{
    public required string File { get; init; }

    /// <summary>The statements; null to read or ask for them.</summary>
    public string? Sql { get; init; }

    /// <summary>Null for what suits the output.</summary>
    public SqlOutputMode? Mode { get; init; }

    public bool Header { get; init; }

    public SluiceOpenMode Open { get; init; } = SluiceOpenMode.ReadWrite;
}
