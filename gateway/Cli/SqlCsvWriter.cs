using System.Text;
using Sluice.Engine.Data;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli;

/// <summary>As sqlite3 -csv: the same values are quoted, and lines end with a line feed.</summary>
internal sealed class SqlCsvWriter(bool headers, SqlOutput output) : SqlRowWriter(output)
{
    private bool _headers = headers;

    public override void Begin(SluiceDataReader reader)
    {
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

            Output.Write("\n"u8);
            _headers = false;
        }

        for (int i = 0; i < reader.FieldCount; i++)
        {
            Separate(i);
            SqlValue value = reader.GetSqlValue(i);
            if (value.Type is SqlType.Text or SqlType.Blob)
            {
                WriteText(SqlOutput.UpToNul(value.Bytes));
            }
            else
            {
                Output.WriteValue(value);
            }
        }

        Output.Write("\n"u8);
    }

    private static bool NeedsQuotes(byte c) => c is <= (byte)' ' or (byte)'"' or (byte)'\'' or (byte)',' or >= 0x7f;

    private void Separate(int column)
    {
        if (column > 0)
        {
            Output.Write(","u8);
        }
    }

    private void WriteText(ReadOnlySpan<byte> text)
    {
        bool quote = text.IsEmpty;
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
