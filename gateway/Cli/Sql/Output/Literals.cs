using System.Globalization;
using System.Text;
using Sluice.Engine.Data;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// Values as literals of SQL that every SQLite reads back to the same value. Reals have the digits that they need, infinities overflow
/// when they are read, and a text that no literal can hold (a NUL, bytes that are no UTF-8) is cast from its bytes.
/// </summary>
internal static class Literals
{
    /// <param name="value">The value.</param>
    /// <param name="inOneLine">Whether line breaks in a text are put in by replace(), as sqlite3 does in its dumps, so that a row is a line.</param>
    public static string Of(in SqlValue value, bool inOneLine) => value.Type switch
    {
        SqlType.Null => "NULL",
        SqlType.Real => RealText(value.Real),
        SqlType.Blob => $"X'{Convert.ToHexStringLower(value.Bytes)}'",
        SqlType.Text when value.Bytes.Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(value.Bytes) =>
            $"CAST(X'{Convert.ToHexStringLower(value.Bytes)}' AS TEXT)",
        SqlType.Text when inOneLine => InOneLine(value.DecodeText()),
        SqlType.Text => SqlText.Literal(value.DecodeText()),
        _ => value.Integer.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>The shortest text that is read back as the same number, and as a real.</summary>
    public static string RealText(double real)
    {
        if (double.IsInfinity(real))
        {
            return real > 0 ? "1e999" : "-1e999";
        }

        string text = real.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text;
    }

    private static string InOneLine(string text)
    {
        StringBuilder literal = new();
        string ending = "";
        Replace('\n', "\\n", "char(10)");
        Replace('\r', "\\r", "char(13)");
        return literal.Append(SqlText.Literal(text)).Append(ending).ToString();

        void Replace(char lineBreak, string sign, string function)
        {
            if (!text.Contains(lineBreak))
            {
                return;
            }

            for (int i = 0; text.Contains(sign, StringComparison.Ordinal); i++)
            {
                sign = $"({sign}{i})";
            }

            text = text.Replace(lineBreak.ToString(), sign, StringComparison.Ordinal);
            _ = literal.Append("replace(");
            ending = $",'{sign}',{function})" + ending;
        }
    }
}

/// <summary>As sqlite3's quote mode: values as literals.</summary>
internal sealed class QuoteWriter(ShellSettings settings, ShellOutput output) : RowWriter(settings, output)
{
    private bool _headers = settings.ShowHeaders;

    public override void Row(SluiceDataReader reader)
    {
        IEnumerable<int> columns = Enumerable.Range(0, reader.FieldCount);
        if (_headers)
        {
            Write(columns.Select(i => SqlText.Literal(reader.GetName(i))));
            _headers = false;
        }

        Write(columns.Select(i => Literals.Of(reader.GetSqlValue(i), inOneLine: false)));
    }

    private void Write(IEnumerable<string> literals)
    {
        Output.Write(string.Join(Settings.ColumnSeparator, literals));
        Output.Write(Settings.RowSeparator);
    }
}

/// <summary>As sqlite3's insert mode: a statement for each row.</summary>
internal sealed class InsertWriter(ShellSettings settings, ShellOutput output) : RowWriter(settings, output)
{
    private string _opening = "";

    public override void Begin(SluiceDataReader reader)
    {
        string names = Settings.ShowHeaders ? $"({string.Join(',', Enumerable.Range(0, reader.FieldCount).Select(i => SqlText.Name(reader.GetName(i))))})" : "";
        _opening = $"INSERT INTO {SqlText.Name(Settings.InsertTable)}{names} VALUES(";
    }

    public override void Row(SluiceDataReader reader)
    {
        Output.Write(_opening);
        for (int i = 0; i < reader.FieldCount; i++)
        {
            Output.Write(i > 0 ? ","u8 : []);
            Output.Write(Literals.Of(reader.GetSqlValue(i), inOneLine: true));
        }

        Output.Write(");\n"u8);
    }
}
