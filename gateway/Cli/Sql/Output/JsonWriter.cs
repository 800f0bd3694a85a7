using System.Text;
using Sluice.Engine.Data;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// An array of objects, one a line. Unlike sqlite3's it is always valid JSON: reals have as many digits as they need to be
/// read back unchanged, blobs are hexadecimal text, bytes that are no UTF-8 become U+FFFD, and no rows give an empty array.
/// </summary>
internal sealed class JsonWriter(ShellSettings settings, ShellOutput output) : RowWriter(settings, output)
{
    private byte[][] _names = [];
    private bool _any;

    public override void Begin(SluiceDataReader reader)
    {
        _names = new byte[reader.FieldCount][];
        for (int i = 0; i < _names.Length; i++)
        {
            _names[i] = Encoding.UTF8.GetBytes(reader.GetName(i));
        }

        Output.Write("["u8);
    }

    public override void Row(SluiceDataReader reader)
    {
        Output.Write(_any ? ",\n"u8 : ""u8);
        _any = true;
        for (int i = 0; i < _names.Length; i++)
        {
            Output.Write(i == 0 ? "{"u8 : ","u8);
            WriteString(_names[i]);
            Output.Write(":"u8);
            WriteValue(reader.GetSqlValue(i));
        }

        Output.Write("}"u8);
    }

    public override void End() => Output.Write("]\n"u8);

    private void WriteValue(in SqlValue value)
    {
        switch (value.Type)
        {
            case SqlType.Null:
                Output.Write("null"u8);
                break;
            case SqlType.Real:
                Output.Write(Literals.RealText(value.Real));
                break;
            case SqlType.Text:
                WriteString(value.Bytes);
                break;
            case SqlType.Blob:
                Output.Write($"\"{Convert.ToHexString(value.Bytes)}\"");
                break;
            default:
                Output.WriteValue(value);
                break;
        }
    }

    private void WriteString(ReadOnlySpan<byte> utf8)
    {
        Output.Write("\""u8);
        while (!utf8.IsEmpty)
        {
            int plain = 0;
            while (plain < utf8.Length && utf8[plain] is >= 0x20 and < 0x80 and not ((byte)'"' or (byte)'\\'))
            {
                plain++;
            }

            Output.Write(utf8[..plain]);
            utf8 = utf8[plain..];
            if (utf8.IsEmpty)
            {
                break;
            }

            _ = Rune.DecodeFromUtf8(utf8, out Rune rune, out int length);
            WriteRune(rune);
            utf8 = utf8[length..];
        }

        Output.Write("\""u8);
    }

    private void WriteRune(Rune rune) => Output.Write(rune.Value switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        < 0x20 => $"\\u{rune.Value:x4}",
        _ => rune.ToString(),
    });
}
