using Sluice.Engine.Format;

namespace Sluice.Engine.Data;

/// <summary>Where a value that is read comes from, for messages: a column of a reader, or an argument of a function.</summary>
internal readonly struct ValuePlace
{
    private const int LongestQuote = 40;

    private readonly SluiceDataReader? _reader;
    private readonly string? _function;
    private readonly int _number;

    /// <summary>A column, counted from 0.</summary>
    internal ValuePlace(SluiceDataReader reader, int ordinal)
    {
        _reader = reader;
        _number = ordinal;
    }

    /// <summary>An argument, counted from 0.</summary>
    internal ValuePlace(string function, int argument)
    {
        _function = function;
        _number = argument;
    }

    public override string ToString() =>
        _reader is { } reader ? $"The column '{reader.GetName(_number)}' (ordinal {_number})" : $"Argument {_number + 1} of {_function}()";

    internal InvalidOperationException IsNull() =>
        new($"{this} is NULL; {(_reader is null ? "take" : "ask IsDBNull first or read")} it as a nullable type.");

    internal InvalidCastException CannotRead(in SqlValue value, string wanted) =>
        new($"{this} holds {Describe(value)}, which cannot be read as {wanted}.");

    /// <summary>A text is not of the form that a type's texts have; else as <see cref="CannotRead"/>.</summary>
    internal Exception Malformed(in SqlValue value, string wanted) =>
        value.Type == SqlType.Text ? new FormatException(CannotRead(value, wanted).Message) : CannotRead(value, wanted);

    internal OverflowException Overflows(in SqlValue value, string range) =>
        new($"{this} holds {Describe(value)}, which is outside {range}.");

    private static string Describe(in SqlValue value)
    {
        if (value.Type == SqlType.Blob)
        {
            return $"a blob of {value.ByteLength} bytes";
        }

        string text = value.ToString();
        return value.Type.ToString().ToLowerInvariant() + " " + (text.Length <= LongestQuote ? text : text[..LongestQuote] + "...");
    }
}
