using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>The arguments behind a format, taken one after the other; where there are no more, 0 and NULL.</summary>
internal ref struct PrintfArguments(ReadOnlySpan<SqlValue> values)
{
    private ReadOnlySpan<SqlValue> _rest = values;

    public long NextInteger() => SqlConvert.ToInteger(Next());

    public double NextReal() => SqlConvert.ToReal(Next());

    /// <summary>The argument's text up to its first NUL, or NULL.</summary>
    public SqlValue NextText() => SqlConvert.ToText(Next());

    private SqlValue Next()
    {
        if (_rest.Length == 0)
        {
            return SqlValue.Null;
        }

        SqlValue value = _rest[0];
        _rest = _rest[1..];
        return value;
    }
}
