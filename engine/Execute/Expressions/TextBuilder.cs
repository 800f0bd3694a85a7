using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>Grows a UTF-8 text, up to the longest that a value may be ("string or blob too big").</summary>
internal sealed class TextBuilder
{
    private byte[] _bytes = [];
    private int _length;

    public int Length => _length;

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, _length);

    public void Append(byte value)
    {
        Reserve(1)[0] = value;
        _length++;
    }

    public void Append(ReadOnlySpan<byte> text)
    {
        text.CopyTo(Reserve(text.Length));
        _length += text.Length;
    }

    public void Append(byte value, int count)
    {
        if (count > 0)
        {
            Reserve(count)[..count].Fill(value);
            _length += count;
        }
    }

    /// <summary>Puts bytes before what stands at <paramref name="at"/>.</summary>
    public void Insert(int at, byte value, int count)
    {
        if (count > 0)
        {
            Reserve(count);
            _bytes.AsSpan(at, _length - at).CopyTo(_bytes.AsSpan(at + count));
            _bytes.AsSpan(at, count).Fill(value);
            _length += count;
        }
    }

    public void Truncate(int length) => _length = length;

    /// <summary>A value's text: numbers printed, a blob's bytes as they are, nothing for NULL.</summary>
    public void Append(in SqlValue value)
    {
        if (value.IsNumeric)
        {
            _length += SqlConvert.WriteNumber(value, Reserve(NumberText.MaxLength));
        }
        else
        {
            Append(value.Bytes);
        }
    }

    public byte[] ToArray() => Span.ToArray();

    /// <summary>The text so far; this builder is not used any more.</summary>
    public SqlValue ToValue() => SqlValue.FromText(_bytes, 0, _length);

    private Span<byte> Reserve(int count)
    {
        int needed = SqlConvert.CheckedLength((long)_length + count);
        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(needed, (int)Math.Min(SqlConvert.MaxByteLength, _bytes.Length * 2L)));
        }

        return _bytes.AsSpan(_length);
    }
}
