using System.Text;
using Sluice.Engine.Data;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>As sqlite3's csv mode: the same values are quoted.</summary>
internal sealed class CsvWriter : RowWriter
{
    private const int LongestNumberBytes = 32;

    private readonly byte[] _separator;
    private readonly byte[] _rowEnd;
    private bool _headers;

    public CsvWriter(ShellSettings settings, ShellOutput output) : base(settings, output)
    {
        _headers = settings.ShowHeaders;
        _separator = Encoding.UTF8.GetBytes(settings.ColumnSeparator);
        _rowEnd = Encoding.UTF8.GetBytes(settings.RowSeparator);
    }

    public override void Row(SluiceDataReader reader)
    {
        if (_headers)
        {
            for (int i = 0; i < reader.FieldCount; i++)
            {
                Separate(i);
                WriteText(Encoding.UTF8.GetBytes(reader.GetName(i)));
            }

            Output.Write(_rowEnd);
            _headers = false;
        }

        Span<byte> number = stackalloc byte[LongestNumberBytes];
        for (int i = 0; i < reader.FieldCount; i++)
        {
            Separate(i);
            if (reader.IsDBNull(i))
            {
                Output.Write(Settings.NullValue ?? "");
            }
            else
            {
                WriteText(ShellOutput.TextOf(reader.GetSqlValue(i), number));
            }
        }

        Output.Write(_rowEnd);
    }

    private static bool NeedsQuotes(byte c) => c is <= (byte)' ' or (byte)'"' or (byte)'\'' or >= 0x7f;

    private void Separate(int column) => Output.Write(column > 0 ? _separator : []);

    private void WriteText(ReadOnlySpan<byte> text)
    {
        bool quote = text.IsEmpty || (_separator.Length > 0 && text.IndexOf(_separator) >= 0);
        foreach (byte c in text)
        {
            quote |= NeedsQuotes(c);
        }

        if (!quote)
        {
            Output.Write(text);
            return;
        }

        Output.Write("\""u8);
        for (int i; (i = text.IndexOf((byte)'"')) >= 0; text = text[(i + 1)..])
        {
            Output.Write(text[..i]);
            Output.Write("\"\""u8);
        }

        Output.Write(text);
        Output.Write("\""u8);
    }
}
