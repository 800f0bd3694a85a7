using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Operators;

/// <summary>One call of an aggregate function in a SELECT; its result goes into a slot of the frame.</summary>
internal sealed record AggregateCall(
    AggregateFunction Function, IReadOnlyList<Expr> Arguments, bool Distinct, Expr? Filter, IReadOnlyList<SortKey> OrderBy, Collation Collation, int Slot)
{
    public Accumulator CreateAccumulator()
    {
        Accumulator accumulator = Function.Create(Collation);
        if (OrderBy.Count > 0)
        {
            accumulator = new OrderedAccumulator(accumulator, [.. OrderBy.Select(key => key.Order)], Arguments.Count);
        }

        return Distinct ? new DistinctAccumulator(accumulator, Collation) : accumulator;
    }
}

/// <summary>
/// What a grouping computes. Columns outside of aggregates ("bare" ones) are captured from one row of the group: that of the minimum or maximum
/// when min() or max() is called, else the first ("SELECT", section 2.5, bare columns in an aggregate query).
/// Captures are the columns of the source Output; Extreme is the number of the min() or max() call that says which row is captured, or -1.
/// </summary>
internal sealed record Aggregation(IReadOnlyList<AggregateCall> Calls, IReadOnlyList<Expr> Captures, int Output, int Extreme, bool ExtremeIsMax);

/// <summary>The state of one group while its rows come.</summary>
internal sealed class GroupState
{
    private readonly AggregationRun _shared;
    private readonly Accumulator[] _accumulators;
    private SqlValue _extreme;
    private bool _hasRow;

    public GroupState(AggregationRun shared)
    {
        _shared = shared;
        _accumulators = new Accumulator[shared.Calls.Length];
        for (int i = 0; i < _accumulators.Length; i++)
        {
            _accumulators[i] = shared.Calls[i].CreateAccumulator();
        }

        Captured = shared.Captures.Length == 0 ? [] : new SqlValue[shared.Captures.Length];
    }

    public SqlValue[] Captured { get; }

    public bool HasRow => _hasRow;

    /// <summary>Takes the current row.</summary>
    public void Step(Run run)
    {
        bool capture = !_hasRow;
        for (int i = 0; i < _accumulators.Length; i++)
        {
            AggregateCall call = _shared.Calls[i];
            if (call.Filter is null || Logic.Passes(call.Filter, run))
            {
                if (_shared.OnlyArgument(i) is { } only)
                {
                    SqlValue argument = only.Evaluate(run);
                    _accumulators[i].Step(new ReadOnlySpan<SqlValue>(in argument));
                }
                else
                {
                    capture |= Step(i, _shared.Arguments(i, run));
                }
            }
        }

        _hasRow = true;
        if (capture)
        {
            for (int i = 0; i < Captured.Length; i++)
            {
                Captured[i] = _shared.Captures[i].Evaluate(run);
            }
        }
    }

    /// <summary>Takes a row as <see cref="AggregationRun.Collect"/> has left it.</summary>
    public void StepCollected(ReadOnlySpan<SqlValue> row)
    {
        bool capture = !_hasRow;
        for (int i = 0; i < _accumulators.Length; i++)
        {
            int arguments = _shared.ArgumentCount(i);
            if (!row[0].IsNull)
            {
                capture |= Step(i, row.Slice(1, arguments));
            }

            row = row[(1 + arguments)..];
        }

        _hasRow = true;
        if (capture)
        {
            row.CopyTo(Captured);
        }
    }

    /// <summary>Writes the results of the calls, then the captured columns.</summary>
    public void Finish(Span<SqlValue> result)
    {
        for (int i = 0; i < _accumulators.Length; i++)
        {
            result[i] = _accumulators[i].Final();
        }

        Captured.CopyTo(result[_accumulators.Length..]);
    }

    /// <summary>One call's arguments; true when the row is to be captured.</summary>
    private bool Step(int call, ReadOnlySpan<SqlValue> arguments)
    {
        _accumulators[call].Step(arguments);
        return call == _shared.Extreme && IsNewExtreme(arguments[0], _shared.Calls[call].Collation);
    }

    /// <summary>Puts the results into their slots and shows the captured columns.</summary>
    public void Emit(Run run, BufferRow row)
    {
        for (int i = 0; i < _accumulators.Length; i++)
        {
            run.Slots[_shared.Calls[i].Slot] = _accumulators[i].Final();
        }

        row.IsNullRow = !_hasRow;
        row.Show(Captured);
    }

    private bool IsNewExtreme(in SqlValue value, Collation collation)
    {
        if (value.IsNull)
        {
            // As in SQLite: as long as there is no value, each NULL counts as a new extreme.
            return _extreme.IsNull;
        }

        if (!_extreme.IsNull)
        {
            int order = ValueOrder.Compare(value, _extreme, collation);
            if (_shared.ExtremeIsMax ? order <= 0 : order >= 0)
            {
                return false;
            }
        }

        _extreme = value;
        return true;
    }
}

/// <summary>An <see cref="Aggregation"/> in one execution: arrays instead of lists, and a buffer for arguments.</summary>
internal sealed class AggregationRun
{
    private readonly Expr[][] _arguments;
    private readonly Expr?[] _only;
    private readonly SqlValue[] _buffer;
    private SqlValue[]? _collected;

    public AggregationRun(Aggregation aggregation)
    {
        Calls = [.. aggregation.Calls];
        Captures = [.. aggregation.Captures];
        Extreme = aggregation.Extreme;
        ExtremeIsMax = aggregation.ExtremeIsMax;
        _arguments = new Expr[Calls.Length][];
        _only = new Expr?[Calls.Length];
        int longest = 0;
        for (int i = 0; i < Calls.Length; i++)
        {
            _arguments[i] = [.. Calls[i].Arguments, .. Calls[i].OrderBy.Select(key => key.Value)];
            _only[i] = _arguments[i].Length == 1 && i != Extreme ? _arguments[i][0] : null;
            longest = Math.Max(longest, _arguments[i].Length);
        }

        _buffer = new SqlValue[longest];
    }

    public AggregateCall[] Calls { get; }

    public Expr[] Captures { get; }

    public int Extreme { get; }

    public bool ExtremeIsMax { get; }

    /// <summary>The argument of a call that has one and nothing else to look at, or null; it need not go through the buffer.</summary>
    public Expr? OnlyArgument(int call) => _only[call];

    /// <summary>Memory of a group, near enough: what a function gathers of many rows is not known.</summary>
    public long GroupBytes => 64 + (Calls.Length * 96L) + (Captures.Length * 24L);

    /// <summary>How many values <see cref="Collect"/> adds to the keys.</summary>
    public int CollectedWidth => Captures.Length + _arguments.Sum(arguments => arguments.Length + 1);

    /// <summary>How many values <see cref="GroupState.Finish"/> writes.</summary>
    public int ResultWidth => Calls.Length + Captures.Length;

    public int ArgumentCount(int call) => _arguments[call].Length;

    /// <summary>
    /// The current row for later: its keys, for each call whether the row passes its FILTER (else NULL) and its arguments, and what may be captured.
    /// Lent until the next call.
    /// </summary>
    public ReadOnlySpan<SqlValue> Collect(ReadOnlySpan<SqlValue> keys, Run run)
    {
        _collected ??= new SqlValue[keys.Length + CollectedWidth];
        keys.CopyTo(_collected);
        int at = keys.Length;
        for (int i = 0; i < Calls.Length; i++)
        {
            bool passes = Calls[i].Filter is not { } filter || Logic.Passes(filter, run);
            _collected[at++] = passes ? SqlValue.FromBoolean(true) : SqlValue.Null;
            foreach (Expr argument in _arguments[i])
            {
                _collected[at++] = passes ? argument.Evaluate(run) : SqlValue.Null;
            }
        }

        foreach (Expr capture in Captures)
        {
            _collected[at++] = capture.Evaluate(run);
        }

        return _collected;
    }

    /// <summary>Shows a result that <see cref="GroupState.Finish"/> has written.</summary>
    public void Show(SqlValue[] result, int offset, Run run, BufferRow row)
    {
        for (int i = 0; i < Calls.Length; i++)
        {
            run.Slots[Calls[i].Slot] = result[offset + i];
        }

        row.IsNullRow = false;
        row.Show(result, offset + Calls.Length);
    }

    /// <summary>The arguments of a call for the current row, the ORDER BY terms behind them; lent until the next call.</summary>
    public Span<SqlValue> Arguments(int call, Run run)
    {
        Expr[] arguments = _arguments[call];
        for (int i = 0; i < arguments.Length; i++)
        {
            _buffer[i] = arguments[i].Evaluate(run);
        }

        return _buffer.AsSpan(0, arguments.Length);
    }
}

/// <summary>f(x ORDER BY y): keeps the rows and passes them on in order at the end.</summary>
internal sealed class OrderedAccumulator(Accumulator inner, SortOrder[] orders, int argumentCount) : Accumulator
{
    private readonly List<SortEntry> _rows = [];
    private bool _done;

    public override void Step(ReadOnlySpan<SqlValue> arguments)
    {
        SqlValue[] values = new SqlValue[arguments.Length];
        arguments[argumentCount..].CopyTo(values);
        arguments[..argumentCount].CopyTo(values.AsSpan(orders.Length));
        _rows.Add(new SortEntry(values, _rows.Count));
    }

    public override SqlValue Final()
    {
        if (!_done)
        {
            _rows.Sort(new SortEntryComparer(orders));
            foreach (SortEntry row in _rows)
            {
                inner.Step(row.Values.AsSpan(orders.Length));
            }

            _done = true;
        }

        return inner.Final();
    }
}
