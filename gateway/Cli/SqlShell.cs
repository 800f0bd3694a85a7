using System.Diagnostics;
using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Gateway.Cli;

/// <summary>Runs statements on one connection and prints their rows; what <c>sluice sql</c> does with each statement it is given.</summary>
internal sealed class SqlShell(SluiceConnection connection, SqlOutput output, TextWriter errors)
{
    /// <summary>As much of a failed statement as its error quotes.</summary>
    private const int LongestQuote = 200;

    private SluiceCommand? _running;

    public SqlOutputMode Mode { get; set; }

    public bool Headers { get; set; }

    public bool Timer { get; set; }

    /// <summary>Whether a person types the statements: errors do not quote them, and changes are reported.</summary>
    public bool IsInteractive { get; init; }

    /// <summary>Whether <see cref="Cancel"/> stopped a statement.</summary>
    public bool WasCancelled { get; private set; }

    public SluiceConnection Connection { get; } = connection;

    public SqlOutput Output { get; } = output;

    /// <summary>Runs a statement; false if it failed, which has then been printed.</summary>
    public bool Run(SqlPiece piece)
    {
        long began = Stopwatch.GetTimestamp();
        bool succeeded = true;
        using SluiceCommand command = Connection.CreateCommand(piece.Text);
        command.CommandTimeout = 0;

        // Nobody can give values here; sqlite3 takes them as NULL too.
        command.MissingIsNull = true;
        Volatile.Write(ref _running, command);
        try
        {
            Print(command);
        }
        catch (Exception error) when (error is not IOException)
        {
            // Of an error that nobody foresaw the session must not die either. An IOException is about who reads our output.
            succeeded = false;
            Output.Flush();
            Report(error, piece);
        }
        finally
        {
            Volatile.Write(ref _running, null);
        }

        if (Timer)
        {
            Output.WriteLine($"Run Time: real {Stopwatch.GetElapsedTime(began).TotalSeconds:0.000}");
        }

        return succeeded;
    }

    /// <summary>Stops the statement that runs now, if there is one; it then fails with "interrupted". From any thread.</summary>
    public bool Cancel()
    {
        if (Volatile.Read(ref _running) is not { } command)
        {
            return false;
        }

        WasCancelled = true;
        command.Cancel();
        return true;
    }

    /// <summary>One line: the engine's own message, or what went wrong in the program.</summary>
    public static string Describe(Exception error) =>
        error is SluiceException ? error.Message : $"unexpected {error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")}";

    public void PrintError(string message) => errors.WriteLine($"Error: {message}");

    private void Print(SluiceCommand command)
    {
        using SluiceDataReader reader = command.ExecuteReader();
        if (reader.FieldCount == 0)
        {
            if (IsInteractive && reader.RecordsAffected > 0)
            {
                Output.WriteLine(reader.RecordsAffected == 1 ? "(1 row changed)" : $"({reader.RecordsAffected} rows changed)");
            }

            return;
        }

        SqlRowWriter writer = SqlRowWriter.For(Mode, Headers, Output);
        writer.Begin(reader);
        try
        {
            while (reader.Read())
            {
                writer.Row(reader);
            }
        }
        finally
        {
            writer.End();
        }
    }

    private void Report(Exception error, SqlPiece piece)
    {
        string message = Describe(error);
        if (error is SluiceException { PrimaryCode: ResultCode.ReadOnly } && !Connection.IsLive)
        {
            message += $" ({Connection.DataSource} is open in another process; stop that to write)";
        }

        if (IsInteractive)
        {
            PrintError(message);
            return;
        }

        string quote = piece.Text.Length <= LongestQuote ? piece.Text : piece.Text[..LongestQuote] + "...";
        errors.WriteLine(piece.Line > 1 ? $"Error in line {piece.Line}: {message}" : $"Error: {message}");
        errors.WriteLine($"  in: {quote.ReplaceLineEndings("\n      ")}");
    }
}
