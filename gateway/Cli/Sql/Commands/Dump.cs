using Sluice.Engine.Data;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// The database as SQL statements that SQLite reads back to the same schema and the same values, as of one moment. In sqlite3's order: tables
/// with their rows, sequences, then indexes, triggers and views.
/// </summary>
internal sealed class Dump
{
    private const int FlushRows = 1000;

    private readonly DotCall _call;
    private readonly bool _dataOnly;
    private readonly bool _withRowids;
    private readonly string[] _patterns;
    private long _rows;

    public Dump(DotCall call)
    {
        _call = call;
        string[] options = [.. call.Arguments.Where(word => word.StartsWith('-')).Select(word => word.TrimStart('-'))];
        _dataOnly = options.Contains("data-only");
        _withRowids = options.Contains("preserve-rowids");
        if (options.Except(["data-only", "preserve-rowids", "nosys", "newlines"]).FirstOrDefault() is { } unknown)
        {
            throw new ShellException($"unknown option --{unknown}; {call.Wrong().Message}");
        }

        _patterns = [.. call.Arguments.Where(word => !word.StartsWith('-'))];
    }

    private ShellOutput Output => _call.Output;

    private SqlShell Shell => _call.Shell;

    public void Run() => Shell.Interrupts.Run(token =>
    {
        _ = Shell.Query("SAVEPOINT dump");
        using ProgressLine? progress = Shell.ShowProgress(TimeSpan.FromSeconds(1), elapsed => $"{Volatile.Read(ref _rows):N0} rows, {elapsed.TotalSeconds:0.0} s (Ctrl-C stops it)");
        Output.Progress = progress;
        try
        {
            Print(token);
        }
        finally
        {
            Output.Progress = null;
            _ = Shell.Query("RELEASE dump");
        }
    });

    private void Print(CancellationToken token)
    {
        if (!_dataOnly)
        {
            Output.Write("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n"u8);
        }

        foreach (SqlValue[] table in Objects("type = 'table' ORDER BY tbl_name = 'sqlite_sequence', rowid"))
        {
            PrintTable(table[0].DecodeText(), table[1].DecodeText(), token);
        }

        if (_dataOnly)
        {
            return;
        }

        foreach (SqlValue[] other in Objects("type IN ('index', 'trigger', 'view') ORDER BY rowid"))
        {
            Output.WriteLine($"{other[1].DecodeText()};");
        }

        Output.Write("COMMIT;\n"u8);
    }

    private List<SqlValue[]> Objects(string condition)
    {
        string named = _patterns.Length == 0 ? "1" : string.Join(" OR ", _patterns.Select(pattern => $"tbl_name LIKE {SqlText.Literal(pattern)} OR name LIKE {SqlText.Literal(pattern)}"));
        return Shell.Query($"SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND ({named}) AND {condition}");
    }

    private void PrintTable(string name, string sql, CancellationToken token)
    {
        if (SqlText.Begins(sql, "CREATE", "VIRTUAL", "TABLE"))
        {
            throw new ShellException($"{name} is a virtual table, which cannot be dumped; name the tables to dump: .dump PATTERN...");
        }

        if (name == "sqlite_sequence")
        {
            Output.Write("DELETE FROM sqlite_sequence;\n"u8);
        }
        else if (name.StartsWith("sqlite_stat", StringComparison.OrdinalIgnoreCase))
        {
            Output.Write("ANALYZE sqlite_schema;\n"u8);
        }
        else if (!_dataOnly)
        {
            Output.WriteLine($"{sql};");
        }

        PrintRows(name, token);
    }

    private void PrintRows(string table, CancellationToken token)
    {
        // Generated columns are not inserted. An INSERT without names leaves them out by itself.
        List<SqlValue[]> stored = Shell.Query($"PRAGMA table_xinfo({SqlText.Quoted(table)})").FindAll(column => column[6].Integer == 0);
        string columns = string.Join(',', stored.Select(column => SqlText.Name(column[1].DecodeText())));
        string opening = $"INSERT INTO {SqlText.Name(table)} VALUES(";
        if (_withRowids && RowidName(table, stored) is { } rowid)
        {
            columns = $"{rowid},{columns}";
            opening = $"INSERT INTO {SqlText.Name(table)}({columns}) VALUES(";
        }

        using SluiceCommand command = Shell.Connection.CreateCommand($"SELECT {columns} FROM {SqlText.Quoted(table)}");
        command.CommandTimeout = 0;
        using CancellationTokenRegistration registration = token.Register(command.Cancel);
        using SluiceDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            if (++_rows % FlushRows == 0)
            {
                token.ThrowIfCancellationRequested();
            }

            Output.Write(opening);
            for (int i = 0; i < reader.FieldCount; i++)
            {
                Output.Write(i > 0 ? ","u8 : []);
                Output.Write(Literals.Of(reader.GetSqlValue(i), inOneLine: true));
            }

            Output.Write(");\n"u8);
        }
    }

    /// <summary>The name by which a rowid can be read and written that no column has; null if the table has none or the primary key is it.</summary>
    private string? RowidName(string table, List<SqlValue[]> columns)
    {
        SqlValue[] kind = Shell.Query("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = @name", ("@name", table))[0];
        bool isKey = columns.Exists(column => column[5].Integer > 0 && column[2].DecodeText().Equals("INTEGER", StringComparison.OrdinalIgnoreCase))
            && columns.FindAll(column => column[5].Integer > 0).Count == 1;
        return kind[0].Integer != 0 || isKey
            ? null
            : ((string[])["rowid", "_rowid_", "oid"]).FirstOrDefault(name => !columns.Exists(column => column[1].DecodeText().Equals(name, StringComparison.OrdinalIgnoreCase)));
    }
}
