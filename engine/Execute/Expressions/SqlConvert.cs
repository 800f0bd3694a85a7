using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// Conversions between storage classes: affinities ("Datatypes In SQLite", section 3), CAST ("SQL Language Expressions",
/// section 13), and the silent conversions of operators and functions.
/// </summary>
public static class SqlConvert
{
    /// <summary>SQLITE_MAX_LENGTH: no text or blob is longer ("Limits In SQLite", section 1).</summary>
    public const int MaxByteLength = 1_000_000_000;

    /// <summary>The affinity of a declared type ("Datatypes In SQLite", section 3.1). A column without a type has BLOB affinity.</summary>
    public static Affinity AffinityOfColumn(string declaredType) =>
        string.IsNullOrWhiteSpace(declaredType) ? Affinity.Blob : AffinityOfType(declaredType);

    /// <summary>The affinity of a type name in CAST: as of a column's, but nothing at all counts as NUMERIC.</summary>
    public static Affinity AffinityOfType(string typeName)
    {
        if (Has(typeName, "INT"))
        {
            return Affinity.Integer;
        }

        if (Has(typeName, "CHAR") || Has(typeName, "CLOB") || Has(typeName, "TEXT"))
        {
            return Affinity.Text;
        }

        if (Has(typeName, "BLOB"))
        {
            return Affinity.Blob;
        }

        return Has(typeName, "REAL") || Has(typeName, "FLOA") || Has(typeName, "DOUB") ? Affinity.Real : Affinity.Numeric;
    }

    /// <summary>Whether the affinity leaves a value as it is, as far as that shows at once.</summary>
    public static bool Has(in SqlValue value, Affinity affinity) => affinity switch
    {
        Affinity.Text => !value.IsNumeric,
        Affinity.Integer or Affinity.Numeric => value.Type is SqlType.Integer or SqlType.Null,
        Affinity.Real => value.Type == SqlType.Real ? value.Real != 0 : value.IsNull,
        _ => true,
    };

    /// <summary>A value as a column of this affinity stores it.</summary>
    public static SqlValue ApplyAffinity(in SqlValue value, Affinity affinity)
    {
        switch (affinity)
        {
            case Affinity.Text:
                return value.IsNumeric ? ToText(value) : value;
            case Affinity.Integer or Affinity.Numeric:
                return value.Type switch
                {
                    SqlType.Text => IntegerWhereExact(TextToNumber(value)),
                    SqlType.Real => IntegerWhereExact(value),
                    _ => value,
                };
            case Affinity.Real:
                SqlValue number = value.Type == SqlType.Text ? TextToNumber(value) : value;
                return number.Type == SqlType.Integer ? SqlValue.FromReal(number.Integer)
                    // A file has it as the integer 0.
                    : number.Type == SqlType.Real && number.Real == 0 ? SqlValue.FromReal(0.0)
                    : number;
            default:
                return value;
        }
    }

    /// <summary>CAST(value AS type) for a type of this affinity.</summary>
    public static SqlValue Cast(in SqlValue value, Affinity affinity)
    {
        if (value.IsNull)
        {
            return value;
        }

        return affinity switch
        {
            Affinity.Text => ToText(value),
            Affinity.Integer => SqlValue.FromInteger(ToInteger(value)),
            Affinity.Real => SqlValue.FromReal(ToReal(value)),
            Affinity.Numeric => CastToNumeric(value),
            _ => value.Type == SqlType.Blob ? value : ToText(value).BytesAsBlob(),
        };
    }

    /// <summary>Text that as a whole is a number becomes that number; any other value stays as it is.</summary>
    public static SqlValue TextToNumber(in SqlValue value)
    {
        if (value.Type != SqlType.Text)
        {
            return value;
        }

        ReadOnlySpan<byte> text = value.Bytes;
        NumberForm form = NumberParser.ParseReal(text, out double real);
        if (form is NumberForm.None or NumberForm.RealPrefix)
        {
            return value;
        }

        return form == NumberForm.Integer && NumberParser.ParseInteger(text, out long integer) == IntegerForm.Whole
            ? SqlValue.FromInteger(integer)
            : SqlValue.FromReal(real);
    }

    /// <summary>The value as an operand of arithmetic: text and blobs count by their numeric prefix; NULL stays NULL.</summary>
    public static SqlValue ToNumber(in SqlValue value)
    {
        if (value.Type <= SqlType.Real)
        {
            return value;
        }

        ReadOnlySpan<byte> text = value.Bytes;
        NumberForm form = NumberParser.ParseReal(text, out double real);
        if (form is NumberForm.None or NumberForm.Integer
            && NumberParser.ParseInteger(text, out long integer) != IntegerForm.TooLarge)
        {
            return SqlValue.FromInteger(integer);
        }

        return SqlValue.FromReal(real);
    }

    /// <summary>The value as an integer of 64 bits: reals are cut towards zero and clamped, text counts by its integer prefix, NULL is 0.</summary>
    public static long ToInteger(in SqlValue value)
    {
        switch (value.Type)
        {
            case SqlType.Integer:
                return value.Integer;
            case SqlType.Real:
                return ToInteger(value.Real);
            case SqlType.Text or SqlType.Blob:
                NumberParser.ParseInteger(value.Bytes, out long integer);
                return integer;
            default:
                return 0;
        }
    }

    /// <summary>A real cut towards zero and clamped to 64 bits.</summary>
    public static long ToInteger(double value)
    {
        if (value <= long.MinValue)
        {
            return long.MinValue;
        }

        return value >= long.MaxValue ? long.MaxValue : (long)value;
    }

    /// <summary>The value as a real: text and blobs count by their numeric prefix, NULL is 0.</summary>
    public static double ToReal(in SqlValue value)
    {
        switch (value.Type)
        {
            case SqlType.Integer:
                return value.Integer;
            case SqlType.Real:
                return value.Real;
            case SqlType.Text or SqlType.Blob:
                NumberParser.ParseReal(value.Bytes, out double real);
                return real;
            default:
                return 0;
        }
    }

    /// <summary>The value as text: numbers printed, a blob's bytes taken as they are; NULL stays NULL.</summary>
    public static SqlValue ToText(in SqlValue value)
    {
        switch (value.Type)
        {
            case SqlType.Integer or SqlType.Real:
                Span<byte> buffer = stackalloc byte[NumberText.MaxLength];
                return SqlValue.FromText(buffer[..WriteNumber(value, buffer)].ToArray());
            case SqlType.Blob:
                return value.BytesAsText();
            default:
                return value;
        }
    }

    /// <summary>Writes an integer or real as text; the target has room for at least 32 bytes. Returns the length.</summary>
    public static int WriteNumber(in SqlValue value, Span<byte> target) => value.Type == SqlType.Integer
        ? NumberText.Write(value.Integer, target)
        : NumberText.Write(value.Real, target);

    /// <summary>
    /// Throws "string or blob too big" (<see cref="ResultCode.TooBig"/>) for a length that no value may have.
    /// </summary>
    public static int CheckedLength(long length) => length <= MaxByteLength
        ? (int)length
        : throw new SluiceException(ResultCode.TooBig, "string or blob too big");

    /// <summary>An integer in place of a real that is one and that no rounding has touched.</summary>
    private static SqlValue IntegerWhereExact(in SqlValue value)
    {
        if (value.Type != SqlType.Real)
        {
            return value;
        }

        double real = value.Real;
        long integer = ToInteger(real);
        return real == integer && integer > long.MinValue && integer < long.MaxValue ? SqlValue.FromInteger(integer) : value;
    }

    private static SqlValue CastToNumeric(in SqlValue value)
    {
        SqlValue number = ToNumber(value);
        if (value.IsNumeric || number.Type != SqlType.Real)
        {
            return number;
        }

        // A text that is a real but means a small integer becomes that integer: CAST('1e3' AS NUMERIC) is 1000.
        const double exactLimit = 1L << 51;
        double real = number.Real;
        return real >= -exactLimit && real < exactLimit && real == Math.Truncate(real)
            ? SqlValue.FromInteger((long)real)
            : number;
    }

    private static bool Has(string typeName, string part) => typeName.Contains(part, StringComparison.OrdinalIgnoreCase);
}
