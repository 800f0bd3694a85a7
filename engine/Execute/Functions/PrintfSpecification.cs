using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Execute.Functions;

/// <summary>One substitution of a format: %[flags][width][.precision][l]letter ("Built-in printf()", section 2).</summary>
internal struct PrintfSpecification
{
    public bool Left;
    public bool Plus;
    public bool Space;
    public bool Alternate;
    public bool Wide;
    public bool Zero;
    public bool Comma;
    public int Width;

    /// <summary>-1 where none was given.</summary>
    public int Precision;
    public char Letter;

    /// <summary>The sign in front of a number that is not negative, or 0.</summary>
    public readonly byte PositiveSign => Plus ? (byte)'+' : Space ? (byte)' ' : (byte)0;

    /// <summary>Reads behind '%'; the letter is 0 where the format ends before it.</summary>
    public static PrintfSpecification Read(ReadOnlySpan<byte> format, ref int at, ref PrintfArguments arguments)
    {
        PrintfSpecification result = new() { Precision = -1 };
        while (at < format.Length && result.TakeFlag(format[at]))
        {
            at++;
        }

        if (at < format.Length && format[at] == '*')
        {
            at++;
            result.Width = ClampedInt(arguments.NextInteger());
            if (result.Width < 0)
            {
                result.Left = true;
                result.Width = -result.Width;
            }
        }
        else
        {
            result.Width = ReadNumber(format, ref at);
        }

        if (at < format.Length && format[at] == '.')
        {
            at++;
            result.Precision = ReadPrecision(format, ref at, ref arguments);
        }

        while (at < format.Length && format[at] == 'l')
        {
            at++;
        }

        result.Letter = at < format.Length ? (char)format[at++] : '\0';
        return result;
    }

    private bool TakeFlag(byte flag)
    {
        switch (flag)
        {
            case (byte)'-':
                Left = true;
                return true;
            case (byte)'+':
                Plus = true;
                return true;
            case (byte)' ':
                Space = true;
                return true;
            case (byte)'#':
                Alternate = true;
                return true;
            case (byte)'!':
                Wide = true;
                return true;
            case (byte)'0':
                Zero = true;
                return true;
            case (byte)',':
                Comma = true;
                return true;
            default:
                return false;
        }
    }

    private static int ReadPrecision(ReadOnlySpan<byte> format, ref int at, ref PrintfArguments arguments)
    {
        if (at < format.Length && format[at] == '*')
        {
            at++;
            return Math.Abs(ClampedInt(arguments.NextInteger()));
        }

        return ReadNumber(format, ref at);
    }

    private static int ReadNumber(ReadOnlySpan<byte> format, ref int at)
    {
        long number = 0;
        for (; at < format.Length && NumberParser.IsDigit(format[at]); at++)
        {
            number = Math.Min((number * 10) + (format[at] - '0'), int.MaxValue);
        }

        return (int)number;
    }

    /// <summary>The low 32 bits, as C passes an int; the one value without an opposite counts as 0.</summary>
    private static int ClampedInt(long value) => (int)value == int.MinValue ? 0 : (int)value;
}
