using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Operators.Windows;

/// <summary>One partition of a window: its rows in order, their peer groups, and the functions computed over them.</summary>
internal sealed class Partition
{
    private readonly WindowRows _input;
    private readonly Window _window;
    private readonly ReadOnlyMemory<int> _rows;
    private readonly int[] _group;
    private readonly List<int> _groupStarts = [];
    private readonly FrameBounds _bounds;

    public Partition(WindowRows input, Window window, ReadOnlyMemory<int> rows, Run run)
    {
        _input = input;
        _window = window;
        _rows = rows;
        _group = new int[rows.Length];
        for (int i = 0; i < _group.Length; i++)
        {
            if (i == 0 || !input.ArePeers(Row(i - 1), Row(i)))
            {
                _groupStarts.Add(i);
            }

            _group[i] = _groupStarts.Count - 1;
        }

        _bounds = new FrameBounds(this, window, run);
    }

    public int Count => _rows.Length;

    public int GroupCount => _groupStarts.Count;

    /// <summary>The number of the row at a place.</summary>
    public int Row(int place) => _rows.Span[place];

    public int GroupOf(int place) => _group[place];

    public int GroupStart(int group) => group < _groupStarts.Count ? _groupStarts[group] : Count;

    public SqlValue OrderValue(int place) => _input.OrderValue(Row(place));

    /// <summary>Computes one call for each row of the partition, into its place in <paramref name="results"/> by number of row.</summary>
    public void Compute(int call, SqlValue[] results)
    {
        WindowCall function = _window.Calls[call];
        if (function.Aggregate is not null)
        {
            Aggregate(call, function, results);
            return;
        }

        for (int i = 0; i < Count; i++)
        {
            results[Row(i)] = function.Name switch
            {
                "row_number" => SqlValue.FromInteger(i + 1),
                "rank" => SqlValue.FromInteger(GroupStart(_group[i]) + 1),
                "dense_rank" => SqlValue.FromInteger(_group[i] + 1),
                "percent_rank" => SqlValue.FromReal(Count == 1 ? 0.0 : GroupStart(_group[i]) / (double)(Count - 1)),
                "cume_dist" => SqlValue.FromReal(GroupStart(_group[i] + 1) / (double)Count),
                "ntile" => Tile(i, Arguments(i, call)[0]),
                "lag" => Shifted(i, call, -1),
                "lead" => Shifted(i, call, 1),
                "first_value" => Nth(i, call, 1),
                "last_value" => Last(i, call),
                _ => Nth(i, call, PositiveInteger(Arguments(i, call)[1], "second argument to nth_value must be a positive integer")),
            };
        }
    }

    private SqlValue[] Arguments(int place, int call) => _input.Arguments(Row(place), call);

    /// <summary>The first tiles are larger by one where the rows do not divide.</summary>
    private SqlValue Tile(int place, in SqlValue argument)
    {
        long tiles = PositiveInteger(argument, "argument of ntile must be a positive integer");
        long size = Count / tiles;
        long larger = Count % tiles;
        long inLarger = larger * (size + 1);
        return SqlValue.FromInteger(place < inLarger ? (place / (size + 1)) + 1 : larger + ((place - inLarger) / Math.Max(1, size)) + 1);
    }

    /// <summary>lag(x, offset, default) and lead(): a row so far before or after in the partition, whatever the frame.</summary>
    private SqlValue Shifted(int place, int call, int direction)
    {
        SqlValue[] arguments = Arguments(place, call);
        long offset = 1;
        if (arguments.Length > 1)
        {
            if (arguments[1].IsNull)
            {
                return SqlValue.Null;
            }

            offset = SqlConvert.ToInteger(arguments[1]);
        }

        long target = place + (direction * Math.Clamp(offset, int.MinValue, int.MaxValue));
        return target >= 0 && target < Count ? Arguments((int)target, call)[0]
            : arguments.Length > 2 ? arguments[2]
            : SqlValue.Null;
    }

    private SqlValue Nth(int place, int call, long n)
    {
        (int start, int end) = _bounds.Of(place);
        for (int i = start; i < end; i++)
        {
            if (!_bounds.IsExcluded(place, i) && --n == 0)
            {
                return Arguments(i, call)[0];
            }
        }

        return SqlValue.Null;
    }

    private SqlValue Last(int place, int call)
    {
        (int start, int end) = _bounds.Of(place);
        for (int i = end - 1; i >= start; i--)
        {
            if (!_bounds.IsExcluded(place, i))
            {
                return Arguments(i, call)[0];
            }
        }

        return SqlValue.Null;
    }

    /// <summary>An aggregate over each row's frame. Frames only move forward, so rows that come are added and, where that works, rows that go taken out.</summary>
    private void Aggregate(int call, WindowCall function, SqlValue[] results)
    {
        bool excludes = _window.Frame.Exclude != FrameExclude.None;
        Accumulator accumulator = function.Aggregate!.Create(function.Collation);
        int from = 0;
        int to = 0;
        for (int i = 0; i < Count; i++)
        {
            (int start, int end) = _bounds.Of(i);
            if (i > 0 && !excludes && start == from && Math.Max(end, start) == to)
            {
                results[Row(i)] = results[Row(i - 1)];
                continue;
            }

            if (excludes || !Shrink(accumulator, call, ref from, Math.Min(start, to)))
            {
                accumulator = function.Aggregate.Create(function.Collation);
                from = to = start;
            }

            if (from < start)
            {
                from = to = start;
            }

            for (; to < end; to++)
            {
                if (_input.Passes(Row(to), call) && !_bounds.IsExcluded(i, to))
                {
                    accumulator.Step(Arguments(to, call));
                }
            }

            results[Row(i)] = accumulator.Final();
        }
    }

    /// <summary>Takes out the rows before <paramref name="start"/>; false when the function cannot.</summary>
    private bool Shrink(Accumulator accumulator, int call, ref int from, int start)
    {
        for (; from < start; from++)
        {
            if (_input.Passes(Row(from), call) && !accumulator.TryRemove(Arguments(from, call)))
            {
                return false;
            }
        }

        return true;
    }

    private static long PositiveInteger(in SqlValue value, string message)
    {
        SqlValue number = SqlConvert.ApplyAffinity(value, Affinity.Integer);
        return number.Type == SqlType.Integer && number.Integer > 0 ? number.Integer : throw new SluiceException(ResultCode.Error, message);
    }
}
