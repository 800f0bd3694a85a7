namespace Sluice.Gateway.Cli;

/// <summary>The interactive session: a prompt, statements over several lines, errors that do not end it.</summary>
internal sealed class SqlPrompt(SqlShell shell)
{
    private const string FirstPrompt = "sluice> ";
    private const string NextPrompt = "   ...> ";

    /// <summary>What is taken as the terminal's width when it does not say.</summary>
    private const int DefaultWidth = 80;

    private readonly SqlLineEditor _editor = new();

    public void Run()
    {
        SqlStatementSplitter splitter = new();
        SqlDotCommands dots = new(shell);
        Console.WriteLine($"{shell.Connection.DataSource}: statements end with a semicolon; .help lists the shell's own commands.");
        while (!dots.IsQuit)
        {
            SqlLineEvent read = ReadLine(splitter.IsPending ? NextPrompt : FirstPrompt, out string line);
            if (read == SqlLineEvent.Ended)
            {
                break;
            }

            if (read == SqlLineEvent.Abandoned)
            {
                splitter.Clear();
                continue;
            }

            if (!splitter.IsPending && SqlDotCommands.IsDotCommand(line))
            {
                _ = dots.Run(line);
            }
            else
            {
                splitter.AddLine(line);
                while (splitter.TryTake(out SqlPiece piece))
                {
                    _ = shell.Run(piece);
                }
            }

            shell.Output.Flush();
        }
    }

    private SqlLineEvent ReadLine(string prompt, out string line)
    {
        // While a line is typed, Ctrl-C is a key; while a statement runs, it is a signal.
        Console.TreatControlCAsInput = true;
        try
        {
            _editor.Forget();
            SqlLineEvent result;
            do
            {
                // Pasted text is drawn once, not at each of its characters.
                if (!Console.KeyAvailable)
                {
                    Draw(prompt);
                }

                result = _editor.Press(Console.ReadKey(intercept: true));
            }
            while (result == SqlLineEvent.Edited);

            Draw(prompt);
            line = result == SqlLineEvent.Entered ? _editor.Take() : "";
            Console.WriteLine(result == SqlLineEvent.Abandoned ? "^C" : "");
            return result;
        }
        finally
        {
            Console.TreatControlCAsInput = false;
        }
    }

    /// <summary>Draws the line anew; of one wider than the terminal, the part around the cursor.</summary>
    private void Draw(string prompt)
    {
        int width = Console.WindowWidth > prompt.Length + 2 ? Console.WindowWidth : DefaultWidth;
        int room = width - prompt.Length - 1;
        int first = Math.Max(0, _editor.Cursor - room);
        string shown = _editor.Text.Substring(first, Math.Min(room, _editor.Text.Length - first));
        int back = SqlTableWriter.WidthOf(shown[(_editor.Cursor - first)..]);
        Console.Write($"\r{prompt}{shown}\e[K" + (back > 0 ? $"\e[{back}D" : ""));
    }
}
