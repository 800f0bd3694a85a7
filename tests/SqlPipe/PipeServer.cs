using System.Data.Common;
using System.Globalization;
using System.Text;
using Sluice.Engine;
using Sluice.Engine.Data;
using Sluice.Engine.Transactions;

namespace Sluice.SqlPipe;

/// <summary>
/// One request a line, fields separated by tabs, with \\ \n \t \r as escapes: <c>open CONN PATH</c>, <c>exec CONN SQL</c>,
/// <c>close CONN</c>, <c>quit</c>. The answer is any number of <c>C</c> (columns) and <c>R</c> (row) lines, then <c>.</c> or <c>!</c>.
/// </summary>
/// <param name="input">Requests.</param>
/// <param name="output">Answers.</param>
/// <param name="pageSize">Of the database files that are made; null for the engine's own choice.</param>
/// <param name="checkpoints">Whether a checkpoint follows each request outside of a transaction.</param>
internal sealed class PipeServer(TextReader input, TextWriter output, int? pageSize, bool checkpoints)
{
    private readonly Dictionary<string, SluiceConnection> _connections = [];

    /// <summary>The files of connections, opened before them where the page size matters: the first to open a file decides.</summary>
    private readonly Dictionary<string, Database> _databases = [];

    /// <summary>Answers until <c>quit</c> or the end of the input; returns the exit code.</summary>
    public int Run()
    {
        string version = typeof(SluiceConnection).Assembly.GetName().Version?.ToString(3) ?? "";
        output.WriteLine($"ready\tsqlpipe/1\tSluice {version}");
        output.Flush();
        while (input.ReadLine() is { } line)
        {
            string[] fields = line.Split('\t');
            bool quit = fields[0] == "quit";
            try
            {
                Answer(fields);
            }
            catch (SluiceException e)
            {
                Fail(CodeOf(e.Code), e.Message);
            }
            catch (Exception e) when (e is ProtocolException or InvalidOperationException)
            {
                // The provider asks for parameters that the protocol has no way to give.
                Fail("MISUSE", e.Message);
            }

            output.Flush();
            if (quit)
            {
                break;
            }
        }

        foreach (string name in _connections.Keys.ToArray())
        {
            Close(name);
        }

        return 0;
    }

    private void Answer(string[] fields)
    {
        switch (fields)
        {
            case ["open", string name, string path]:
                Close(name);
                string file = Unescape(path);
                if (pageSize is { } size && file != DatabaseOptions.MemoryPath)
                {
                    _databases[name] = Database.Open(file, new DatabaseOptions { Store = new StoreOptions { PageSize = size } });
                }

                SluiceConnection opened = new(new SluiceConnectionStringBuilder { DataSource = file, BusyTimeoutMs = 0 }.ConnectionString);
                opened.Open();
                _connections[name] = opened;
                output.WriteLine(".");
                break;
            case ["exec", string name, string sql]:
                if (!_connections.TryGetValue(name, out SluiceConnection? connection))
                {
                    throw new ProtocolException($"no open connection '{name}'");
                }

                Execute(connection, Unescape(sql));
                if (checkpoints && !connection.InTransaction)
                {
                    using DbCommand checkpoint = connection.CreateCommand();
                    checkpoint.CommandText = "PRAGMA wal_checkpoint";
                    _ = checkpoint.ExecuteNonQuery();
                }

                break;
            case ["close", string name]:
                Close(name);
                output.WriteLine(".");
                break;
            case ["quit"]:
                output.WriteLine(".");
                break;
            default:
                throw new ProtocolException($"unknown request '{fields[0]}' with {fields.Length - 1} fields");
        }
    }

    private void Execute(SluiceConnection connection, string sql)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using DbDataReader reader = command.ExecuteReader();
        StringBuilder row = new();
        do
        {
            if (reader.FieldCount == 0)
            {
                continue;
            }

            output.WriteLine($"C\t{reader.FieldCount}");
            while (reader.Read())
            {
                _ = row.Clear().Append('R');
                for (int i = 0; i < reader.FieldCount; i++)
                {
                    AppendValue(row.Append('\t'), reader.GetValue(i));
                }

                output.WriteLine(row);
            }
        }
        while (reader.NextResult());
        output.WriteLine(reader.RecordsAffected >= 0 ? $".\t{reader.RecordsAffected}" : ".");
    }

    private void Close(string name)
    {
        if (_connections.Remove(name, out SluiceConnection? connection))
        {
            connection.Dispose();
        }

        if (_databases.Remove(name, out Database? database))
        {
            database.Dispose();
        }
    }

    private void Fail(string code, string message) => output.WriteLine($"!\t{code}\t{Escape(message)}");

    private static void AppendValue(StringBuilder row, object value) => _ = value switch
    {
        DBNull => row.Append('N'),
        long integer => row.Append('I').Append(integer.ToString(CultureInfo.InvariantCulture)),
        double.PositiveInfinity => row.Append("Finf"),
        double.NegativeInfinity => row.Append("F-inf"),
        double real => row.Append('F').Append(real.ToString("R", CultureInfo.InvariantCulture)),
        string text => row.Append('T').Append(Escape(text)),
        byte[] blob => row.Append('B').Append(Convert.ToHexStringLower(blob)),
        _ => throw new ProtocolException($"a value of type {value.GetType()}"),
    };

    private static string CodeOf(ResultCode code) => code switch
    {
        ResultCode.BusyConflict or ResultCode.BusySnapshot or ResultCode.BusySchema => "CONFLICT",
        _ => (ResultCode)((int)code & 0xff) switch
        {
            ResultCode.Busy or ResultCode.Locked => "BUSY",
            ResultCode.Constraint => "CONSTRAINT",
            ResultCode.ReadOnly => "READONLY",
            ResultCode.Corrupt => "CORRUPT",
            ResultCode.IoError => "IOERR",
            ResultCode.Full => "FULL",
            ResultCode.CannotOpen => "CANTOPEN",
            ResultCode.Misuse => "MISUSE",
            ResultCode.NotADatabase => "NOTADB",
            ResultCode.Mismatch => "MISMATCH",
            ResultCode.TooBig => "TOOBIG",
            ResultCode.Interrupt => "INTERRUPT",
            _ => "ERROR",
        },
    };

    private static string Escape(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\t", "\\t", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal)
        .Replace("\0", "\\0", StringComparison.Ordinal);

    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }

        StringBuilder text = new(field.Length);
        for (int i = 0; i < field.Length; i++)
        {
            char c = field[i];
            if (c == '\\' && i + 1 < field.Length)
            {
                c = field[++i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', char other => other };
            }

            _ = text.Append(c);
        }

        return text.ToString();
    }

    /// <summary>A request that is not of the protocol.</summary>
    private sealed class ProtocolException(string message) : Exception(message);
}
