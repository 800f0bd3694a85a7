using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Operators.Windows;

/// <summary>Which rows of a partition each row's frame has ("Window Functions", section 2.1).</summary>
internal sealed class FrameBounds
{
    private readonly Partition _partition;
    private readonly WindowFrame _frame;
    private readonly SortOrder _order;
    private readonly SqlValue _startOffset;
    private readonly SqlValue _endOffset;

    // Where the last searches of a RANGE ended: bounds only move forward.
    private int _start;
    private int _end;
    private int _last = -1;

    public FrameBounds(Partition partition, Window window, Run run)
    {
        _partition = partition;
        _frame = window.Frame;
        _order = window.Order.Length > 0 ? window.Order[0].Order : default;
        _startOffset = Offset(_frame.StartOffset, "starting", run);
        _endOffset = Offset(_frame.EndOffset, "ending", run);
    }

    /// <summary>The places from start up to, not including, end.</summary>
    public (int Start, int End) Of(int place)
    {
        int start;
        int end;
        switch (_frame.Unit)
        {
            case FrameUnit.Rows:
                start = _frame.Start switch
                {
                    FrameBoundKind.UnboundedPreceding => 0,
                    FrameBoundKind.Preceding => Clamp(place, -_startOffset.Integer),
                    FrameBoundKind.CurrentRow => place,
                    _ => Clamp(place, _startOffset.Integer),
                };
                end = _frame.End switch
                {
                    FrameBoundKind.Preceding => Clamp(place + 1, -_endOffset.Integer),
                    FrameBoundKind.CurrentRow => place + 1,
                    FrameBoundKind.Following => Clamp(place + 1, _endOffset.Integer),
                    _ => _partition.Count,
                };
                break;
            case FrameUnit.Groups:
                int group = _partition.GroupOf(place);
                start = _frame.Start switch
                {
                    FrameBoundKind.UnboundedPreceding => 0,
                    FrameBoundKind.Preceding => GroupStart(group, -_startOffset.Integer),
                    FrameBoundKind.CurrentRow => _partition.GroupStart(group),
                    _ => GroupStart(group, _startOffset.Integer),
                };
                end = _frame.End switch
                {
                    FrameBoundKind.Preceding => GroupStart(group + 1, -_endOffset.Integer),
                    FrameBoundKind.CurrentRow => _partition.GroupStart(group + 1),
                    FrameBoundKind.Following => GroupStart(group + 1, _endOffset.Integer),
                    _ => _partition.Count,
                };
                break;
            default:
                return Range(place);
        }

        return (start, Math.Max(start, end));
    }

    /// <summary>Whether EXCLUDE takes a row out of the frame of another.</summary>
    public bool IsExcluded(int place, int other) => _frame.Exclude switch
    {
        FrameExclude.None or FrameExclude.NoOthers => false,
        FrameExclude.CurrentRow => place == other,
        FrameExclude.Group => _partition.GroupOf(place) == _partition.GroupOf(other),
        _ => place != other && _partition.GroupOf(place) == _partition.GroupOf(other),
    };

    private (int Start, int End) Range(int place)
    {
        if (place < _last)
        {
            _start = _end = 0;
        }

        _last = place;
        int group = _partition.GroupOf(place);
        int start = _frame.Start switch
        {
            FrameBoundKind.UnboundedPreceding => 0,
            FrameBoundKind.CurrentRow => _partition.GroupStart(group),
            _ => RangeStart(place, group),
        };
        int end = _frame.End switch
        {
            FrameBoundKind.UnboundedFollowing => _partition.Count,
            FrameBoundKind.CurrentRow => _partition.GroupStart(group + 1),
            _ => RangeEnd(place, group),
        };
        return (start, Math.Max(start, end));
    }

    /// <summary>The first row that is not before the current value less (or plus) the offset.</summary>
    private int RangeStart(int place, int group)
    {
        SqlValue value = _partition.OrderValue(place);
        if (!value.IsNumeric)
        {
            return _partition.GroupStart(group);
        }

        SqlValue bound = Moved(value, _startOffset, _frame.Start == FrameBoundKind.Following);
        while (_start < _partition.Count && _order.Compare(_partition.OrderValue(_start), bound) < 0)
        {
            _start++;
        }

        return _start;
    }

    /// <summary>The first row after the current value less (or plus) the offset.</summary>
    private int RangeEnd(int place, int group)
    {
        SqlValue value = _partition.OrderValue(place);
        if (!value.IsNumeric)
        {
            return _partition.GroupStart(group + 1);
        }

        SqlValue bound = Moved(value, _endOffset, _frame.End == FrameBoundKind.Following);
        while (_end < _partition.Count && _order.Compare(_partition.OrderValue(_end), bound) <= 0)
        {
            _end++;
        }

        return _end;
    }

    /// <summary>The value, the offset later or earlier in the window's order.</summary>
    private SqlValue Moved(in SqlValue value, in SqlValue offset, bool later)
    {
        bool adds = later != _order.Descending;
        if (value.Type == SqlType.Integer && offset.Type == SqlType.Integer)
        {
            Int128 sum = adds ? (Int128)value.Integer + offset.Integer : (Int128)value.Integer - offset.Integer;
            return sum >= long.MinValue && sum <= long.MaxValue ? SqlValue.FromInteger((long)sum) : SqlValue.FromReal((double)sum);
        }

        double by = SqlConvert.ToReal(offset);
        return SqlValue.FromReal(SqlConvert.ToReal(value) + (adds ? by : -by));
    }

    private int Clamp(int place, long offset) => (int)Math.Clamp(place + Math.Clamp(offset, -int.MaxValue, int.MaxValue), 0, _partition.Count);

    private int GroupStart(int group, long offset) => _partition.GroupStart((int)Math.Clamp(group + Math.Clamp(offset, -int.MaxValue, int.MaxValue), 0, _partition.GroupCount));

    private SqlValue Offset(Expr? expression, string which, Run run)
    {
        if (expression is null)
        {
            return SqlValue.Null;
        }

        if (_frame.Unit == FrameUnit.Range)
        {
            SqlValue number = SqlConvert.ApplyAffinity(expression.Evaluate(run), Affinity.Numeric);
            return number.IsNumeric && SqlConvert.ToReal(number) >= 0.0 ? number
                : throw new SluiceException(ResultCode.Error, $"frame {which} offset must be a non-negative number");
        }

        SqlValue whole = SqlConvert.ApplyAffinity(expression.Evaluate(run), Affinity.Integer);
        return whole.Type == SqlType.Integer && whole.Integer >= 0 ? whole
            : throw new SluiceException(ResultCode.Error, $"frame {which} offset must be a non-negative integer");
    }
}
