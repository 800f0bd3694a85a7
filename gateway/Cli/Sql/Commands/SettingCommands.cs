using System.Globalization;
using Sluice.Gateway.Configuration;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Commands that set how the shell prints and behaves.</summary>
internal static class SettingCommands
{
    private const string ModeDetails = """
          box        a table drawn with lines; table: with + - |; markdown; column: without lines
          csv        comma-separated, with quotes where needed; tabs: tab-separated
          list       values with | between them (.separator sets another); ascii: 0x1F and 0x1E
          json       an array of objects
          line       one value a line
          insert     INSERT statements: .mode insert TABLE
          quote      values as literals of SQL
          html       rows of a table

          --wrap N        break values of more than N cells in box, column, table and markdown (60; 0 for never)
          --wordwrap on   break them between words
          --quote         write them as literals; --noquote

        On a terminal these modes fit its width: wide values are broken over a few lines; .mode line shows all of them.

          .mode box --wrap 30
          .mode csv
        """;

    public static IReadOnlyList<DotCommand> All { get; } =
    [
        new(".mode", "?MODE? ?OPTIONS?", "How rows are printed: box, column, csv, json, line, list, ...", Mode) { Takes = DotArgument.Mode, Details = ModeDetails },
        new(".headers", "on|off", "Column names above the rows", call => call.Settings.Headers = call.Flag()) { Takes = DotArgument.OnOff },
        new(".nullvalue", "TEXT", "What is printed for NULL", call => call.Settings.NullValue = call.Required()) { Details = "  .nullvalue NULL\n  .nullvalue \"\"" },
        new(".separator", "COLUMN ?ROW?", "What list and csv print between values and after rows", Separator) { Details = "  .separator \";\"\n  .separator \"\\t\" \"\\n\"" },
        new(".width", "N1 N2 ...", "Widths of columns; negative: to the right, 0: as needed", Width),
        new(".timer", "on|off", "How long each statement took", call => call.Settings.Timer = call.Flag()) { Takes = DotArgument.OnOff },
        new(".echo", "on|off", "Print each statement and command before it runs", call => call.Settings.Echo = call.Flag()) { Takes = DotArgument.OnOff },
        new(".bail", "on|off", "End a script at its first error", call => call.Settings.Bail = call.Flag()) { Takes = DotArgument.OnOff },
        new(".changes", "on|off", "How many rows each statement changed", call => call.Settings.Changes = call.Flag()) { Takes = DotArgument.OnOff },
        new(".eqp", "on|off", "Print each statement's plan before it runs", call => call.Settings.ShowPlans = call.Flag()) { Takes = DotArgument.OnOff },
        new(".explain", "?on|off|auto?", "Whether EXPLAIN QUERY PLAN is drawn as a tree", Explain) { Takes = DotArgument.OnOff, Details = "  EXPLAIN QUERY PLAN SELECT * FROM readings WHERE series_id = 1;" },
        new(".prompt", "MAIN ?CONTINUE?", "The prompts", Prompt),
        new(".show", "", "These settings", Show),
    ];

    /// <summary>The names of modes, for completion.</summary>
    public static IReadOnlyList<string> Modes { get; } = [.. Enum.GetNames<OutputMode>().Select(name => name.ToLowerInvariant())];

    private static void Mode(DotCall call)
    {
        ShellSettings settings = call.Settings;
        bool any = false;
        for (int i = 0; i < call.Arguments.Length; i++)
        {
            string argument = call.Arguments[i];
            string option = argument.StartsWith("--", StringComparison.Ordinal) ? argument[1..] : argument;
            switch (option)
            {
                case "-wrap":
                    settings.Wrap = Number(call, ++i);
                    break;
                case "-wordwrap" when i + 1 < call.Arguments.Length:
                    settings.WrapsWords = call.Arguments[++i] is "on" or "yes" or "1";
                    break;
                case "-ww":
                    settings.WrapsWords = true;
                    break;
                case "-quote" or "-noquote":
                    settings.Quotes = option == "-quote";
                    break;
                case "qbox":
                    settings.SetMode(OutputMode.Box);
                    (settings.Quotes, settings.Wrap) = (true, ShellSettings.DefaultWrap);
                    break;
                case "insert":
                    settings.SetMode(OutputMode.Insert);
                    settings.InsertTable = i + 1 < call.Arguments.Length ? call.Arguments[++i] : "table";
                    break;
                default:
                    settings.SetMode(Parse(argument));
                    (settings.Quotes, settings.WrapsWords, settings.Wrap) = (false, false, ShellSettings.DefaultWrap);
                    break;
            }

            any = true;
        }

        if (!any)
        {
            call.Output.WriteLine($"current output mode: {Describe(settings)}");
        }
    }

    /// <summary>The mode of that name, of which the beginning is enough.</summary>
    public static OutputMode Parse(string name)
    {
        string? known = Modes.FirstOrDefault(mode => mode == name)
            ?? Modes.FirstOrDefault(mode => name.Length > 1 && mode.StartsWith(name, StringComparison.Ordinal))
            ?? (name is "columns" ? "column" : name is "lines" ? "line" : null);
        return known is not null
            ? Enum.Parse<OutputMode>(known, ignoreCase: true)
            : throw new ShellException(Suggestion.For(name, Modes) is { } meant
                ? $"unknown mode '{name}'; did you mean {meant}?"
                : $"unknown mode '{name}'; the modes are {string.Join(", ", Modes)}");
    }

    private static int Number(DotCall call, int index) =>
        index < call.Arguments.Length && int.TryParse(call.Arguments[index], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw call.Wrong();

    private static void Separator(DotCall call)
    {
        if (call.Arguments is not ([_] or [_, _]))
        {
            throw call.Wrong();
        }

        call.Settings.ColumnSeparator = call.Arguments[0];
        call.Settings.RowSeparator = call.Arguments is [_, string row] ? row : call.Settings.RowSeparator;
    }

    private static void Width(DotCall call) => call.Settings.Widths = [.. call.Arguments.Select((_, i) => Number(call, i))];

    private static void Explain(DotCall call) => call.Settings.DrawsPlans = call.Optional() is not { } how || how == "auto" || call.Flag();

    private static void Prompt(DotCall call)
    {
        if (call.Arguments is not ([_] or [_, _]))
        {
            throw call.Wrong();
        }

        call.Settings.Prompt = call.Arguments[0];
        call.Settings.ContinuationPrompt = call.Arguments is [_, string next] ? next : call.Settings.ContinuationPrompt;
    }

    private static void Show(DotCall call)
    {
        ShellSettings settings = call.Settings;
        (string Name, string Value)[] lines =
        [
            ("bail", OnOff(settings.Bail)),
            ("changes", OnOff(settings.Changes)),
            ("echo", OnOff(settings.Echo)),
            ("eqp", OnOff(settings.ShowPlans)),
            ("explain", settings.DrawsPlans ? "auto" : "off"),
            ("headers", OnOff(settings.ShowHeaders)),
            ("mode", Describe(settings)),
            ("nullvalue", Quoted(settings.NullValue ?? "")),
            ("output", call.Output.TargetName ?? "stdout"),
            ("colseparator", Quoted(settings.ColumnSeparator)),
            ("rowseparator", Quoted(settings.RowSeparator)),
            ("timer", OnOff(settings.Timer)),
            ("width", string.Join(' ', settings.Widths)),
            ("filename", call.Shell.Connection.DataSource),
        ];
        foreach ((string name, string value) in lines)
        {
            call.Output.WriteLine($"{name,12}: {value}");
        }
    }

    private static string Describe(ShellSettings settings) => settings.IsColumnar
        ? $"{settings.Mode.ToString().ToLowerInvariant()} --wrap {settings.Wrap} --wordwrap {OnOff(settings.WrapsWords)} --{(settings.Quotes ? "quote" : "noquote")}"
        : settings.Mode == OutputMode.Insert ? $"insert {settings.InsertTable}"
        : settings.Mode.ToString().ToLowerInvariant();

    private static string OnOff(bool value) => value ? "on" : "off";

    private static string Quoted(string text) => $"\"{text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal)
        .Replace("\t", "\\t", StringComparison.Ordinal)
        .Replace("\x1e", "\\036", StringComparison.Ordinal)
        .Replace("\x1f", "\\037", StringComparison.Ordinal)}\"";
}
