namespace Sluice.Gateway.Cli.Sql;

/// <summary>The interactive session: a prompt, statements over several lines, errors that do not end it.</summary>
internal sealed class SqlPrompt(SqlShell shell, Stream terminal)
{
    public void Run()
    {
        shell.Output.WriteLine($"Sluice {shell.Connection.ServerVersion} on {shell.Connection.DataSource}. Statements end with ; and .help tells more.");
        shell.Output.Flush();
        History history = new(History.DefaultFile);
        history.Load();
        if (history.Failure is { } failure)
        {
            shell.Errors.WriteLine($"the history of statements cannot be read: {failure}");
        }

        using TerminalInput input = new();
        LineReader reader = new(input, new LineDisplay(terminal), history, new Completer(shell), new PromptSyntax(shell.Settings));
        while (shell.QuitCode is null)
        {
            LineEvent end = reader.Read(out string text);
            if (end == LineEvent.Ended)
            {
                break;
            }

            if (end == LineEvent.Abandoned)
            {
                if (reader.WasEmpty)
                {
                    shell.Errors.WriteLine("(Ctrl-D or .quit leaves)");
                }

                continue;
            }

            Enter(text);
        }
    }

    private void Enter(string text)
    {
        shell.Interrupts.Forget();
        ScriptRunner runner = new(shell, ScriptSource.Typed);
        foreach (string line in Lines(text))
        {
            if (!runner.Add(line))
            {
                break;
            }
        }

        shell.Output.Flush();
    }

    private static string[] Lines(string text) => !PromptSyntax.IsWord(text) ? text.Split('\n')
        : text.Trim() is "help" or "?" or "\\?" ? [".help"]
        : [".quit"];
}
