using System.Diagnostics;
using Sluice.Engine.Data;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Runs statements on one connection and prints their rows; what <c>sluice sql</c> does with each statement it is given.</summary>
internal sealed class SqlShell(SluiceConnection connection, ShellOutput output, TextWriter errors) : IDisposable
{
    /// <summary>A statement that takes longer is said to be running.</summary>
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(1);

    public ShellSettings Settings { get; } = new();

    public Interrupts Interrupts { get; } = new();

    /// <summary>Values of the parameters that statements name, by name with its sign.</summary>
    public SortedDictionary<string, SqlValue> Parameters { get; } = new(StringComparer.Ordinal);

    public SluiceConnection Connection { get; private set; } = connection;

    public ShellOutput Output { get; } = output;

    public TextWriter Errors { get; } = errors;

    /// <summary>Whether a person types the statements: changes are reported, and errors need not say where they are.</summary>
    public bool IsInteractive { get; init; }

    /// <summary>Where progress is shown, or null.</summary>
    public Stream? ProgressTerminal { get; init; }

    /// <summary>How the file was opened; <c>.open</c> opens others so.</summary>
    public SluiceOpenMode OpenMode { get; init; } = SluiceOpenMode.ReadWrite;

    /// <summary>The exit code that .quit or .exit gave; null while the shell goes on.</summary>
    public int? QuitCode { get; set; }

    /// <summary>How deep scripts are that read scripts.</summary>
    public int ScriptDepth { get; set; }

    public void Dispose()
    {
        try
        {
            Output.Restore();
        }
        finally
        {
            Connection.Dispose();
        }
    }

    /// <summary>Runs a statement; false if it failed, which has then been printed.</summary>
    /// <param name="piece">The statement.</param>
    /// <param name="source">Where it is from.</param>
    public bool Run(SqlPiece piece, ScriptSource source)
    {
        if (Settings.Echo)
        {
            Output.WriteLine(piece.Text);
        }

        long began = Stopwatch.GetTimestamp();
        Environment.ProcessCpuUsage before = Environment.CpuUsage;
        bool succeeded = true;
        try
        {
            if (Settings.ShowPlans && IsPlanned(piece.Text))
            {
                Interrupts.Run(token => Print("EXPLAIN QUERY PLAN " + piece.Text, token));
            }

            Interrupts.Run(token => Print(piece.Text, token));
        }
        catch (OutputClosedException)
        {
            // Nobody reads any more rows of it.
        }
        catch (Exception error) when (error is not IOException)
        {
            // Of an error that nobody foresaw the session must not die either. An IOException is about who reads our output.
            succeeded = false;
            Output.Flush();
            ErrorReport.Print(this, error, piece, source);
        }
        finally
        {
            Output.EndOnce(afterStatement: true);
        }

        if (succeeded && Settings.Changes)
        {
            SqlValue[] counts = Query("SELECT changes(), total_changes()")[0];
            Output.WriteLine($"changes: {counts[0].Integer}   total_changes: {counts[1].Integer}");
        }

        if (Settings.Timer)
        {
            Environment.ProcessCpuUsage after = Environment.CpuUsage;
            Output.WriteLine($"Run Time: real {Stopwatch.GetElapsedTime(began).TotalSeconds:0.000}"
                + $" user {(after.UserTime - before.UserTime).TotalSeconds:0.000000} sys {(after.PrivilegedTime - before.PrivilegedTime).TotalSeconds:0.000000}");
        }

        return succeeded;
    }

    /// <summary>All rows of a query of the shell's own.</summary>
    public List<SqlValue[]> Query(string sql, params ReadOnlySpan<(string Name, string Value)> parameters)
    {
        List<SqlValue[]> rows = [];
        using SluiceCommand command = Connection.CreateCommand(sql);
        foreach ((string name, string value) in parameters)
        {
            _ = command.Parameters.AddWithValue(name, value);
        }

        using SluiceDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            SqlValue[] row = new SqlValue[reader.FieldCount];
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = reader.GetSqlValue(i);
            }

            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Goes on with another database.</summary>
    public void Open(string file, SluiceOpenMode mode)
    {
        SluiceConnection next = DatabaseOpening.Open(file, mode, Errors);
        Connection.Dispose();
        Connection = next;
    }

    public void PrintError(string message)
    {
        // What Ctrl-C left on the line, or progress, is no part of the message.
        Errors.WriteLine(ProgressTerminal is null ? $"Error: {message}" : $"\r\e[KError: {message}");
    }

    /// <summary>Shows the progress of something long, if there is somebody to see it.</summary>
    /// <param name="after">What takes less is not shown.</param>
    /// <param name="describe">The line, from the time since it began.</param>
    public ProgressLine? ShowProgress(TimeSpan after, Func<TimeSpan, string> describe) =>
        ProgressTerminal is null ? null : new ProgressLine(ProgressTerminal, after, describe);

    private static bool IsPlanned(string statement) =>
        SqlText.Begins(statement, "SELECT") || SqlText.Begins(statement, "WITH") || SqlText.Begins(statement, "VALUES")
        || SqlText.Begins(statement, "INSERT") || SqlText.Begins(statement, "REPLACE") || SqlText.Begins(statement, "UPDATE") || SqlText.Begins(statement, "DELETE");

    private void Print(string statement, CancellationToken token)
    {
        using SluiceCommand command = Connection.CreateCommand(statement);
        command.CommandTimeout = 0;

        // A parameter that nobody gave a value is NULL, as in sqlite3.
        command.MissingIsNull = true;
        foreach ((string name, SqlValue value) in Parameters)
        {
            _ = command.Parameters.AddWithValue(name, value.IsNull ? DBNull.Value : ValueOf(value));
        }

        long rows = 0;
        using ProgressLine? progress = ShowProgress(s_quiet, elapsed => Volatile.Read(ref rows) is > 0 and long printed
            ? $"{printed:N0} rows, {elapsed.TotalSeconds:0.0} s (Ctrl-C stops it)"
            : $"running for {elapsed.TotalSeconds:0.0} s (Ctrl-C stops it)");
        Output.Progress = progress;
        using CancellationTokenRegistration registration = token.Register(command.Cancel);
        try
        {
            using SluiceDataReader reader = command.ExecuteReader();
            if (reader.FieldCount == 0)
            {
                if (IsInteractive && !Settings.Changes && reader.RecordsAffected > 0)
                {
                    Output.WriteLine(reader.RecordsAffected == 1 ? "(1 row changed)" : $"({reader.RecordsAffected} rows changed)");
                }
            }
            else if (Settings.DrawsPlans && SqlText.Begins(statement, "EXPLAIN", "QUERY", "PLAN"))
            {
                PlanTree.Print(reader, Output);
            }
            else
            {
                PrintRows(reader, ref rows, token);
            }
        }
        finally
        {
            Output.Progress = null;
        }
    }

    private void PrintRows(SluiceDataReader reader, ref long rows, CancellationToken token)
    {
        RowWriter writer = RowWriter.For(Settings, Output);
        writer.Begin(reader);
        try
        {
            while (reader.Read())
            {
                // The engine is asked to stop while it looks for a row; between rows, while they are printed, it is we who stop.
                token.ThrowIfCancellationRequested();
                writer.Row(reader);
                rows++;
            }
        }
        finally
        {
            writer.End();
        }
    }

    private static object ValueOf(in SqlValue value) => value.Type switch
    {
        SqlType.Integer => value.Integer,
        SqlType.Real => value.Real,
        SqlType.Blob => value.Bytes.ToArray(),
        _ => value.DecodeText(),
    };
}
