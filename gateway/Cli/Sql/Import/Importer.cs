using System.Diagnostics;
using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// Puts the records of a file into a table, in transactions of bounded size. Each record is in the table when the import ends, or was reported with
/// its line.
/// </summary>
internal sealed class Importer(ImportOptions options, SqlShell shell)
{
    /// <summary>Records of one transaction.</summary>
    private const int BatchRecords = 10_000;

    /// <summary>Or so many characters, if these come first.</summary>
    private const long BatchCharacters = 8 << 20;

    /// <summary>Faults that are reported one by one; the rest is counted.</summary>
    private const int MostReported = 20;

    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(500);

    private long _imported;
    private long _committed;
    private long _committedLine;
    private long _rejected;
    private long _filled;
    private CsvReader? _reader;

    /// <summary>Runs it; false if records were left out.</summary>
    public bool Run()
    {
        long began = Stopwatch.GetTimestamp();
        using ImportSource source = new(options);
        ImportTarget target = ImportTarget.Open(shell, options, source);
        CsvReader reader = _reader = source.Open();
        shell.Interrupts.Run(token =>
        {
            using ProgressLine? progress = shell.ShowProgress(s_quiet, elapsed => Progress(reader, source.Length, elapsed));
            bool ownTransactions = !shell.Connection.InTransaction;
            try
            {
                Insert(reader, target, ownTransactions, progress, token);
            }
            catch (Exception error) when (ownTransactions)
            {
                progress?.Dispose();
                if (shell.Connection.InTransaction)
                {
                    _ = shell.Query("ROLLBACK");
                }

                throw new ShellException($"the import of {options.File} ended in line {reader.Line}: {ErrorReport.Describe(error)}; {WhatIsThere()}", error);
            }
        });
        Summarise(target, Stopwatch.GetElapsedTime(began));
        return _rejected == 0;
    }

    private void Insert(CsvReader reader, ImportTarget target, bool ownTransactions, ProgressLine? progress, CancellationToken token)
    {
        using SluiceCommand insert = shell.Connection.CreateCommand(target.InsertSql);
        SluiceParameter[] values = [.. target.Columns.Select((_, i) => insert.Parameters.AddWithValue($"?{i + 1}", DBNull.Value))];
        bool keepEmpty = target.Columns.Length == 1;
        if (target.HasHeader)
        {
            _ = reader.Read(keepEmpty: false);
        }

        long records = 0;
        long characters = 0;
        while (reader.Read(keepEmpty))
        {
            token.ThrowIfCancellationRequested();
            if (ownTransactions && records == 0)
            {
                _ = shell.Query("BEGIN IMMEDIATE");
            }

            characters += InsertRecord(insert, values, target, progress);
            if (++records == BatchRecords || characters >= BatchCharacters)
            {
                Commit(ownTransactions);
                records = characters = 0;
            }
        }

        if (records > 0)
        {
            Commit(ownTransactions);
        }
    }

    private void Commit(bool ownTransactions)
    {
        if (ownTransactions)
        {
            _ = shell.Query("COMMIT");
        }

        _committed = _imported;
        _committedLine = _reader!.Line;
    }

    /// <summary>Inserts the reader's record, or reports why not; returns how many characters it has.</summary>
    private long InsertRecord(SluiceCommand insert, SluiceParameter[] values, ImportTarget target, ProgressLine? progress)
    {
        CsvReader reader = _reader!;
        IReadOnlyList<CsvField> fields = reader.Fields;
        if (reader.Fault != CsvFault.None)
        {
            Reject(progress, reader.FaultText);
            return 0;
        }

        if (fields.Count > values.Length)
        {
            Reject(progress, $"{fields.Count} fields for {values.Length} columns");
            return 0;
        }

        long characters = 0;
        for (int i = 0; i < values.Length; i++)
        {
            values[i].Value = i < fields.Count ? target.Value(i, fields[i], options) : DBNull.Value;
            characters += i < fields.Count ? fields[i].Text.Length : 0;
        }

        try
        {
            _ = insert.ExecuteNonQuery();
        }
        catch (SluiceException error) when (error.PrimaryCode is ResultCode.Constraint or ResultCode.Mismatch or ResultCode.TooBig)
        {
            Reject(progress, error.Message);
            return 0;
        }

        Volatile.Write(ref _imported, _imported + 1);
        if (fields.Count < values.Length)
        {
            _filled++;
            Report(progress, $"{fields.Count} fields for {values.Length} columns: the rest is NULL");
        }

        return characters;
    }

    private void Reject(ProgressLine? progress, string reason)
    {
        _rejected++;
        Report(progress, $"left out: {reason}");
    }

    private void Report(ProgressLine? progress, string what)
    {
        if (_rejected + _filled <= MostReported)
        {
            progress?.Dispose();
            shell.Errors.WriteLine($"{options.File}:{_reader!.Line}: {what}");
        }
        else if (_rejected + _filled == MostReported + 1)
        {
            progress?.Dispose();
            shell.Errors.WriteLine("more are only counted");
        }
    }

    private string Progress(CsvReader reader, long length, TimeSpan elapsed)
    {
        long imported = Volatile.Read(ref _imported);
        string part = length > 0 ? $", {Math.Min(100, reader.BytesRead * 100 / length)} %" : "";
        return $"{imported:N0} rows, {imported / elapsed.TotalSeconds:N0} rows/s{part} (Ctrl-C stops it)";
    }

    private string WhatIsThere() => _committed == 0
        ? "nothing was imported"
        : $"the {_committed:N0} rows up to line {_committedLine} are in {options.Table}, later ones are not";

    private void Summarise(ImportTarget target, TimeSpan elapsed)
    {
        if (shell.IsInteractive || options.IsVerbose)
        {
            foreach (string note in target.Notes)
            {
                shell.Output.WriteLine(note);
            }

            shell.Output.WriteLine($"{Rows(_imported)} imported in {elapsed.TotalSeconds:0.00} s ({_imported / Math.Max(elapsed.TotalSeconds, 0.001):N0} rows/s)");
        }

        if (_filled > 0)
        {
            shell.Errors.WriteLine($"{options.File}: {Rows(_filled)} had too few fields and got NULL for the rest");
        }

        if (_rejected > 0)
        {
            shell.Errors.WriteLine($"{options.File}: {Rows(_rejected)} left out, {Rows(_imported)} imported");
        }
    }

    private static string Rows(long count) => count == 1 ? "1 row" : $"{count:N0} rows";
}
