using Sluice.Engine.Data;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Prints one result: <see cref="Begin"/>, each row, <see cref="End"/>.</summary>
internal abstract class RowWriter(ShellSettings settings, ShellOutput output)
{
    protected ShellSettings Settings { get; } = settings;

    protected ShellOutput Output { get; } = output;

    public static RowWriter For(ShellSettings settings, ShellOutput output) => settings.Mode switch
    {
        OutputMode.Csv => new CsvWriter(settings, output),
        OutputMode.Html => new HtmlWriter(settings, output),
        OutputMode.Insert => new InsertWriter(settings, output),
        OutputMode.Json => new JsonWriter(settings, output),
        OutputMode.Line => new LineWriter(settings, output),
        OutputMode.Quote => new QuoteWriter(settings, output),
        OutputMode.Box or OutputMode.Column or OutputMode.Markdown or OutputMode.Table => new ColumnarWriter(settings, output),
        _ => new ListWriter(settings, output),
    };

    public virtual void Begin(SluiceDataReader reader)
    {
    }

    public abstract void Row(SluiceDataReader reader);

    public virtual void End()
    {
    }
}

/// <summary>As sqlite3's list, tabs and ascii modes: values with separators between them.</summary>
internal sealed class ListWriter(ShellSettings settings, ShellOutput output) : RowWriter(settings, output)
{
    private bool _headers = settings.ShowHeaders;

    public override void Row(SluiceDataReader reader)
    {
        if (_headers)
        {
            Output.Write(string.Join(Settings.ColumnSeparator, Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)));
            Output.Write(Settings.RowSeparator);
            _headers = false;
        }

        for (int i = 0; i < reader.FieldCount; i++)
        {
            if (i > 0)
            {
                Output.Write(Settings.ColumnSeparator);
            }

            if (reader.IsDBNull(i))
            {
                Output.Write(Settings.NullValue ?? "");
            }
            else
            {
                Output.WriteValue(reader.GetSqlValue(i));
            }
        }

        Output.Write(Settings.RowSeparator);
    }
}

/// <summary>As sqlite3's line mode: name = value, an empty line between rows.</summary>
internal sealed class LineWriter(ShellSettings settings, ShellOutput output) : RowWriter(settings, output)
{
    /// <summary>sqlite3's least width of the names.</summary>
    private const int LeastWidth = 5;

    private string[] _names = [];
    private bool _any;

    public override void Begin(SluiceDataReader reader)
    {
        string[] names = [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
        int width = Math.Max(LeastWidth, names.Max(DisplayWidth.Of));
        _names = [.. names.Select(name => new string(' ', width - DisplayWidth.Of(name)) + name + " = ")];
    }

    public override void Row(SluiceDataReader reader)
    {
        Output.Write(_any ? Settings.RowSeparator : "");
        _any = true;
        for (int i = 0; i < _names.Length; i++)
        {
            Output.Write(_names[i]);
            if (reader.IsDBNull(i))
            {
                Output.Write(Settings.NullValue ?? "");
            }
            else
            {
                Output.WriteValue(reader.GetSqlValue(i));
            }

            Output.Write(Settings.RowSeparator);
        }
    }
}

/// <summary>Rows of an HTML table, without the table's own tag, as sqlite3 writes them.</summary>
internal sealed class HtmlWriter(ShellSettings settings, ShellOutput output) : RowWriter(settings, output)
{
    private bool _headers = settings.ShowHeaders;

    public override void Row(SluiceDataReader reader)
    {
        if (_headers)
        {
            Write("TH", reader, reader.GetName);
            _headers = false;
        }

        Write("TD", reader, i => reader.IsDBNull(i) ? Settings.NullValue ?? "" : CellText.Plain(reader.GetSqlValue(i)));
    }

    private void Write(string tag, SluiceDataReader reader, Func<int, string> text)
    {
        Output.Write("<TR>"u8);
        for (int i = 0; i < reader.FieldCount; i++)
        {
            Output.WriteLine($"<{tag}>{Escaped(text(i))}</{tag}>");
        }

        Output.Write("</TR>\n"u8);
    }

    private static string Escaped(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("\"", "&quot;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal);
}
