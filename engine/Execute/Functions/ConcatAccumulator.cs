using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>group_concat(x), group_concat(x, separator), string_agg(x, separator). Each separator stands before its own row's x.</summary>
internal sealed class ConcatAccumulator : Accumulator
{
    private readonly TextBuilder _text = new();
    private bool _any;

    public override void Step(ReadOnlySpan<SqlValue> arguments)
    {
        if (arguments[0].IsNull)
        {
            return;
        }

        if (_any)
        {
            if (arguments.Length == 1)
            {
                _text.Append((byte)',');
            }
            else
            {
                _text.Append(arguments[1]);
            }
        }

        _any = true;
        _text.Append(arguments[0]);
    }

    public override SqlValue Final() => _any ? SqlValue.FromText(_text.ToArray()) : SqlValue.Null;
}
