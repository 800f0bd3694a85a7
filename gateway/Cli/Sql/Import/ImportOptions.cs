using System.Globalization;
using System.Text;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>What <c>.import</c> is told.</summary>
internal sealed record ImportOptions
{
    public const string Help = """
          --csv          commas between fields; so are files named .csv, as tabs are in .tsv and .tab
          --tabs         tabs between fields
          --ascii        0x1F between fields and 0x1E after records
          --skip N       pass over the first N records
          --header       the first record names the columns that the fields are for
          --no-header    the first record is data
          --null TEXT    a field that is this text without quotes is NULL: --null "" for empty ones
          --latin1       the file is in ISO 8859-1, not UTF-8
          --schema DB    the table is in an attached database
          -v             say what is done

          .import --csv plant.csv plant
          .import --csv --skip 1 --null "" plant.csv plant
          .import --csv "|gunzip -c plant.csv.gz" plant

        A table that is not there is made: the first record names its columns, and a column in which all fields are numbers
        becomes INTEGER or REAL (an empty one is then NULL), any other TEXT. For a table that is there, a first record of
        its columns' names is a header; other values are converted as the columns' types have it.

        A record that cannot be imported is reported with its line and left out; one with too few fields gets NULL for the
        rest, which is reported too. Records are committed 10,000 at a time, unless a transaction is open already.
        """;

    public required string File { get; init; }

    public required string Table { get; init; }

    public string? Schema { get; init; }

    public byte Separator { get; init; }

    public byte RecordEnd { get; init; } = (byte)'\n';

    public long Skip { get; init; }

    /// <summary>Whether the first record names columns; null to find out.</summary>
    public bool? Header { get; init; }

    /// <summary>The unquoted text that stands for NULL, or null.</summary>
    public string? Null { get; init; }

    public Encoding Encoding { get; init; } = Encoding.UTF8;

    public bool IsVerbose { get; init; }

    public static ImportOptions Parse(DotCall call)
    {
        List<string> names = [];
        byte? separator = null;
        ImportOptions options = new() { File = "", Table = "" };
        for (int i = 0; i < call.Arguments.Length; i++)
        {
            string argument = call.Arguments[i];
            switch (argument.StartsWith("--", StringComparison.Ordinal) ? argument[1..] : argument)
            {
                case "-csv":
                    separator = (byte)',';
                    break;
                case "-tabs":
                    separator = (byte)'\t';
                    break;
                case "-ascii":
                    separator = 0x1f;
                    options = options with { RecordEnd = 0x1e };
                    break;
                case "-header" or "-no-header":
                    options = options with { Header = argument.EndsWith("-header", StringComparison.Ordinal) && !argument.Contains("no-", StringComparison.Ordinal) };
                    break;
                case "-latin1":
                    options = options with { Encoding = Encoding.Latin1 };
                    break;
                case "-v":
                    options = options with { IsVerbose = true };
                    break;
                case "-skip":
                    options = options with { Skip = Count(call, ++i) };
                    break;
                case "-null":
                    options = options with { Null = Following(call, ++i) };
                    break;
                case "-schema":
                    options = options with { Schema = Following(call, ++i) };
                    break;
                case ['-', _, ..]:
                    throw new ShellException($"unknown option {argument}; .help import lists them");
                default:
                    names.Add(argument);
                    break;
            }
        }

        return names is [string file, string table]
            ? options with { File = file, Table = table, Separator = separator ?? Usual(call.Settings, file) }
            : throw call.Wrong();
    }

    /// <summary>What the file's name says, and else what the mode does.</summary>
    private static byte Usual(ShellSettings settings, string file) => Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".csv" when settings.ColumnSeparator is "|" => (byte)',',
        ".tsv" or ".tab" when settings.ColumnSeparator is "|" => (byte)'\t',
        _ => settings.ColumnSeparator is [<= '\x7f'] ? (byte)settings.ColumnSeparator[0]
            : throw new ShellException("the separator must be one character to import with it; see .separator, or give --csv"),
    };

    private static string Following(DotCall call, int index) => index < call.Arguments.Length ? call.Arguments[index] : throw call.Wrong();

    private static long Count(DotCall call, int index) =>
        long.TryParse(Following(call, index), NumberStyles.None, CultureInfo.InvariantCulture, out long count) ? count : throw call.Wrong();
}
