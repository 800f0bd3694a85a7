namespace Sluice.Gateway.Cli.Sql;

/// <summary>Where statements are from.</summary>
/// <param name="Name">The script's file, or null for standard input, the command line and what is typed.</param>
/// <param name="HasLines">Whether an error says in which line it is.</param>
internal sealed record ScriptSource(string? Name, bool HasLines)
{
    public static readonly ScriptSource Typed = new(null, HasLines: false);

    /// <summary>"in line 3", "in load.sql, line 3", or nothing.</summary>
    public string Place(int line) => !HasLines ? "" : Name is null ? $" in line {line}" : $" in {Name}, line {line}";
}

/// <summary>Takes lines, and runs the statements and dot commands in them.</summary>
internal sealed class ScriptRunner(SqlShell shell, ScriptSource source)
{
    private readonly StatementSplitter _splitter = new();
    private int _line;

    /// <summary>Whether anything has failed.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Whether a statement has begun and not ended.</summary>
    public bool IsPending => _splitter.IsPending;

    /// <summary>Whether the first error ends it, whatever <c>.bail</c> says.</summary>
    public bool StopsAtError { get; init; }

    private bool MustStop => shell.QuitCode is not null || shell.Interrupts.WasInterrupted || (HasFailed && (StopsAtError || shell.Settings.Bail));

    /// <summary>Runs what the line completes; false if the script goes no further.</summary>
    public bool Add(string line)
    {
        _line++;
        if (!_splitter.IsPending && line.Length > 0 && line[0] is '.' or '#')
        {
            _splitter.SkipLine();
            if (line[0] == '.')
            {
                HasFailed |= !DotCommands.Run(shell, line, source.Place(_line));
            }

            return !MustStop;
        }

        _splitter.AddLine(line);
        while (!MustStop && _splitter.TryTake(out SqlPiece piece))
        {
            HasFailed |= !shell.Run(piece, source);
        }

        return !MustStop;
    }

    /// <summary>Runs the whole script, a statement without a semicolon at its end too; false if something failed.</summary>
    public bool RunAll(ScriptLines script)
    {
        try
        {
            while (script.TryRead(out string? line))
            {
                if (!Add(line))
                {
                    return !HasFailed;
                }
            }
        }
        catch (ShellException unreadable)
        {
            shell.Output.Flush();
            shell.Errors.WriteLine($"Error{source.Place(_line + 1)}: {unreadable.Message}");
            HasFailed = true;
            return false;
        }

        if (_splitter.TryTakeRest(out SqlPiece rest))
        {
            HasFailed |= !shell.Run(rest, source);
        }

        return !HasFailed;
    }

    /// <summary>Forgets a statement that was begun.</summary>
    public void Clear() => _splitter.Clear();
}
