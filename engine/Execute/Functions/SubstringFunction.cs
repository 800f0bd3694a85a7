using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>substr(x, start, length) and substring(): characters of a text, bytes of a blob.</summary>
internal static class SubstringFunction
{
    /// <summary>
    /// Counts from 1; a negative start counts from the end, a negative length takes what stands before the start, and
    /// the place before the first character counts too when the start lies there.
    /// </summary>
    public static SqlValue Substring(ReadOnlySpan<SqlValue> arguments)
    {
        bool blob = arguments[0].Type == SqlType.Blob;
        SqlValue value = blob ? arguments[0] : SqlConvert.ToText(arguments[0]);
        if (value.IsNull || arguments[1].IsNull || (arguments.Length == 3 && arguments[2].IsNull) || (blob && value.ByteLength == 0))
        {
            return SqlValue.Null;
        }

        ReadOnlySpan<byte> bytes = blob ? value.Bytes : Utf8.UntilNul(value.Bytes);
        long start = SqlConvert.ToInteger(arguments[1]);
        long count = arguments.Length == 3 ? SqlConvert.ToInteger(arguments[2]) : SqlConvert.MaxByteLength;
        if (start < 0)
        {
            start += blob ? bytes.Length : Utf8.Count(bytes);
            if (start < 0)
            {
                count = count < 0 ? 0 : Math.Max(count + start, 0);
                start = 0;
            }
        }
        else if (start > 0)
        {
            start--;
        }
        else if (count > 0)
        {
            count--;
        }

        if (count < 0)
        {
            count = count == long.MinValue ? start : Math.Min(-count, start);
            start -= count;
        }

        if (blob)
        {
            start = Math.Min(start, bytes.Length);
            return SqlValue.FromBlob(bytes.Slice((int)start, (int)Math.Min(count, bytes.Length - start)).ToArray());
        }

        int from = Utf8.OffsetOf(bytes, start);
        int length = Utf8.OffsetOf(bytes[from..], count);
        return SqlValue.FromText(bytes.Slice(from, length).ToArray());
    }
}
