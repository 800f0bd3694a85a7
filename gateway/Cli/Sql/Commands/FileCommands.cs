using System.Diagnostics;
using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Commands that read and write files.</summary>
internal static class FileCommands
{
    /// <summary>How deep scripts may read scripts.</summary>
    private const int DeepestScript = 25;

    public static IReadOnlyList<DotCommand> All { get; } =
    [
        new(".read", "FILE", "Run the statements in a file, or those that |COMMAND prints", Read) { Takes = DotArgument.File, Details = "  .read schema.sql\n  .read \"|generate-readings 100\"" },
        new(".output", "?FILE?", "Print rows into a file or |COMMAND; without a name, here again", call => call.Output.Redirect(Target(call, required: false))) { Takes = DotArgument.File, Details = "  .output report.txt\n  .output \"|less\"\n  .output" },
        new(".once", "FILE", "As .output, for the next statement or command only", call => call.Output.Redirect(Target(call, required: true), once: true)) { Takes = DotArgument.File, Details = "  .mode csv\n  .headers on\n  .once telemetry.csv\n  SELECT * FROM telemetry;" },
        new(".import", "?OPTIONS? FILE TABLE", "Rows from a CSV file into a table, which is made if it is not there", call => call.HasFailed = !new Importer(ImportOptions.Parse(call), call.Shell).Run()) { Takes = DotArgument.File, Details = ImportOptions.Help },
        new(".backup", "?DB? FILE", "A copy of the database as of this moment, while others go on writing", Backup) { Takes = DotArgument.File },
        new(".save", "?DB? FILE", "As .backup", Backup) { Takes = DotArgument.File },
        new(".restore", "FILE", "Put a copy in the place of all that is in the database", Restore) { Takes = DotArgument.File },
        new(".open", "?--new|--readonly? FILE", "Go on with another database", Open) { Takes = DotArgument.File },
        new(".cd", "DIRECTORY", "Change the working directory", ChangeDirectory) { Takes = DotArgument.File },
        new(".shell", "COMMAND", "Run a command of the system", System),
        new(".system", "COMMAND", "As .shell", System),
    ];

    private static string? Target(DotCall call, bool required) => call.Arguments switch
    {
        [] when !required => null,
        [string only] => only,
        [['|', ..], ..] => string.Join(' ', call.Arguments),
        _ => throw call.Wrong(),
    };

    private static void Read(DotCall call)
    {
        string name = call.Arguments is [['|', ..], ..] ? string.Join(' ', call.Arguments) : call.Required();
        if (call.Shell.ScriptDepth >= DeepestScript)
        {
            throw new ShellException($"scripts that read scripts go {DeepestScript} deep at most; does {name} read itself?");
        }

        using Process? program = name.StartsWith('|') ? ShellCommand.Start(name[1..], redirectOutput: true) : null;
        using ScriptLines script = new(program?.StandardOutput.BaseStream ?? FileToRead(name));
        call.Shell.ScriptDepth++;
        try
        {
            call.HasFailed = !new ScriptRunner(call.Shell, new ScriptSource(name, HasLines: true)).RunAll(script);
        }
        finally
        {
            call.Shell.ScriptDepth--;
        }
    }

    private static FileStream FileToRead(string file)
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ShellException($"cannot read \"{file}\": {error.Message}", error);
        }
    }

    private static void Backup(DotCall call)
    {
        string file = call.Arguments switch
        {
            [string only] => only,
            ["main", string second] => second,
            [string other, _] => throw new ShellException($"only main can be copied, not {other}"),
            _ => throw call.Wrong(),
        };
        call.Shell.Interrupts.Run(token =>
        {
            SluiceBackupProgress at = default;
            using ProgressLine? progress = call.Shell.ShowProgress(TimeSpan.FromSeconds(1), elapsed => at.BytesTotal > 0
                ? $"{at.BytesCopied >> 20:N0} of about {at.BytesTotal >> 20:N0} MiB, {elapsed.TotalSeconds:0.0} s"
                : $"copying for {elapsed.TotalSeconds:0.0} s");
            try
            {
                call.Shell.Connection.BackupDatabase(file, new Told(value => at = value), token);
            }
            catch (SluiceException error) when (!error.Message.Contains(file, StringComparison.Ordinal))
            {
                throw new ShellException($"{file}: {error.Message}", error);
            }
        });
    }

    private static void Restore(DotCall call)
    {
        using SluiceConnection source = DatabaseOpening.Open(call.Required(), SluiceOpenMode.ReadOnly, call.Shell.Errors);
        try
        {
            call.Shell.Interrupts.Run(token => source.BackupDatabase(call.Shell.Connection, progress: null, token));
        }
        catch (Exception error) when (error is NotSupportedException or InvalidOperationException)
        {
            throw new ShellException(error.Message, error);
        }
    }

    private static void Open(DotCall call)
    {
        switch (call.Arguments)
        {
            case ["--new" or "-new", string file]:
                call.Shell.Open(file, SluiceOpenMode.ReadWriteCreate);
                break;
            case ["--readonly" or "-readonly", string file]:
                call.Shell.Open(file, SluiceOpenMode.ReadOnly);
                break;
            case [string file]:
                call.Shell.Open(file, call.Shell.OpenMode);
                break;
            default:
                throw call.Wrong();
        }
    }

    private static void ChangeDirectory(DotCall call)
    {
        try
        {
            Directory.SetCurrentDirectory(call.Required());
        }
        catch (IOException error)
        {
            throw new ShellException(error.Message, error);
        }
    }

    private static void System(DotCall call)
    {
        call.Output.Flush();
        int code = ShellCommand.Run(string.Join(' ', call.Arguments));
        if (code != 0)
        {
            throw new ShellException($"the command ended with {code}");
        }
    }

    private sealed class Told(Action<SluiceBackupProgress> tell) : IProgress<SluiceBackupProgress>
    {
        public void Report(SluiceBackupProgress value) => tell(value);
    }
}
