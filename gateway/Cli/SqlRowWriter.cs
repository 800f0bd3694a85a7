using Sluice.Engine.Data;

namespace Sluice.Gateway.Cli;

/// <summary>How the shell prints rows.</summary>
internal enum SqlOutputMode
{
    /// <summary>Values with | between them.</summary>
    List,

    /// <summary>Aligned columns.</summary>
    Table,

    /// <summary>Comma-separated, RFC 4180 quoting as sqlite3 does it.</summary>
    Csv,

    /// <summary>An array of objects.</summary>
    Json,

    /// <summary>A line for each value.</summary>
    Line,
}

/// <summary>Prints one result: <see cref="Begin"/>, each row, <see cref="End"/>.</summary>
internal abstract class SqlRowWriter(SqlOutput output)
{
    protected SqlOutput Output { get; } = output;

    public static SqlRowWriter For(SqlOutputMode mode, bool headers, SqlOutput output) => mode switch
    {
        SqlOutputMode.List => new SqlListWriter(headers, output),
        SqlOutputMode.Csv => new SqlCsvWriter(headers, output),
        SqlOutputMode.Json => new SqlJsonWriter(output),
        SqlOutputMode.Line => new SqlLineWriter(output),
        _ => new SqlTableWriter(headers, output),
    };

    public abstract void Begin(SluiceDataReader reader);

    public abstract void Row(SluiceDataReader reader);

    public virtual void End()
    {
    }
}

/// <summary>As sqlite3's list mode.</summary>
internal sealed class SqlListWriter(bool headers, SqlOutput output) : SqlRowWriter(output)
{
    private bool _headers = headers;

    public override void Begin(SluiceDataReader reader)
    {
    }

    public override void Row(SluiceDataReader reader)
    {
        if (_headers)
        {
            Output.WriteLine(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)));
            _headers = false;
        }

        for (int i = 0; i < reader.FieldCount; i++)
        {
            if (i > 0)
            {
                Output.Write("|"u8);
            }

            Output.WriteValue(reader.GetSqlValue(i));
        }

        Output.Write("\n"u8);
    }
}

/// <summary>As sqlite3's line mode: name = value, an empty line between rows.</summary>
internal sealed class SqlLineWriter(SqlOutput output) : SqlRowWriter(output)
{
    /// <summary>sqlite3's least width of the names.</summary>
    private const int LeastWidth = 5;

    private bool _any;

    public override void Begin(SluiceDataReader reader)
    {
    }

    public override void Row(SluiceDataReader reader)
    {
        Output.Write(_any ? "\n"u8 : ""u8);
        _any = true;
        int width = Math.Max(LeastWidth, Enumerable.Range(0, reader.FieldCount).Max(i => reader.GetName(i).Length));
        for (int i = 0; i < reader.FieldCount; i++)
        {
            Output.Write(reader.GetName(i).PadLeft(width));
            Output.Write(" = "u8);
            Output.WriteValue(reader.GetSqlValue(i));
            Output.Write("\n"u8);
        }
    }
}
