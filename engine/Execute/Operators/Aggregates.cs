using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>Aggregates without GROUP BY: one row, also of no rows.</summary>
internal sealed class ScalarAggregateNode(PlanNode input, Aggregation aggregation) : PlanNode
{
    public override Operator Build(Run run) => new ScalarAggregate(run, input.Build(run), aggregation);

    public override void Explain(ExplainWriter writer) => input.Explain(writer);

    private sealed class ScalarAggregate : Operator
    {
        private readonly Operator _input;
        private readonly AggregationRun _aggregation;
        private readonly BufferRow _row = new();
        private bool _done;

        public ScalarAggregate(Run run, Operator input, Aggregation aggregation) : base(run)
        {
            _input = input;
            _aggregation = new AggregationRun(aggregation);
            run.Sources[aggregation.Output] = _row;
        }

        public override void Open() => _done = false;

        public override bool Next()
        {
            if (_done)
            {
                return false;
            }

            _done = true;
            GroupState group = new(_aggregation);
            _input.Open();
            while (_input.Next())
            {
                group.Step(Run);
            }

            group.Emit(Run, _row);
            return true;
        }
    }
}

/// <summary>One group key and how its groups are told apart and ordered.</summary>
internal sealed record GroupKey(Expr Value, Collation Collation)
{
    public bool Descending { get; init; }
}

/// <summary>GROUP BY over rows whose groups come one after the other: one group in memory at a time.</summary>
internal sealed class StreamAggregateNode(PlanNode input, IReadOnlyList<GroupKey> keys, Aggregation aggregation) : PlanNode
{
    public override Operator Build(Run run) => new StreamAggregate(run, input.Build(run), keys, aggregation);

    public override void Explain(ExplainWriter writer) => input.Explain(writer);

    private sealed class StreamAggregate : Operator
    {
        private readonly Operator _input;
        private readonly Expr[] _keys;
        private readonly Collation[] _collations;
        private readonly AggregationRun _aggregation;
        private readonly BufferRow _row = new();
        private readonly SqlValue[] _key;
        private GroupState? _group;
        private bool _opened;

        public StreamAggregate(Run run, Operator input, IReadOnlyList<GroupKey> keys, Aggregation aggregation) : base(run)
        {
            _input = input;
            _keys = [.. keys.Select(key => key.Value)];
            _collations = [.. keys.Select(key => key.Collation)];
            _key = new SqlValue[_keys.Length];
            _aggregation = new AggregationRun(aggregation);
            run.Sources[aggregation.Output] = _row;
        }

        public override void Open()
        {
            _opened = false;
            _group = null;
        }

        public override bool Next()
        {
            if (!_opened)
            {
                _opened = true;
                _input.Open();
                Begin();
            }

            if (_group is not { } group)
            {
                return false;
            }

            while (true)
            {
                group.Step(Run);
                if (!_input.Next())
                {
                    _group = null;
                    break;
                }

                if (!InGroup())
                {
                    TakeKey();
                    _group = new GroupState(_aggregation);
                    break;
                }
            }

            group.Emit(Run, _row);
            return true;
        }

        private void Begin()
        {
            if (_input.Next())
            {
                TakeKey();
                _group = new GroupState(_aggregation);
            }
        }

        private void TakeKey()
        {
            for (int i = 0; i < _keys.Length; i++)
            {
                _key[i] = _keys[i].Evaluate(Run);
            }
        }

        private bool InGroup()
        {
            for (int i = 0; i < _keys.Length; i++)
            {
                if (ValueOrder.Compare(_keys[i].Evaluate(Run), _key[i], _collations[i]) != 0)
                {
                    return false;
                }
            }

            return true;
        }
    }
}

/// <summary>count(*) of a whole table, which its cursor knows without reading rows.</summary>
internal sealed class CountNode(TableAccess access, int slot, int output) : PlanNode
{
    public override Operator Build(Run run) => new Count(run, access, slot, output);

    public override void Explain(ExplainWriter writer) => writer.Line($"SCAN {access.ExplainName}");

    private sealed class Count : Operator
    {
        private readonly BTree.RowCursor _cursor;
        private readonly int _slot;
        private bool _done;

        public Count(Run run, TableAccess access, int slot, int output) : base(run)
        {
            _cursor = run.Transaction.Of(access.Shape.Table).OpenRows(access.Shape.Table.RootPage);
            _slot = slot;
            run.Sources[output] = new BufferRow { IsNullRow = true };
        }

        public override void Open() => _done = false;

        public override bool Next()
        {
            if (_done)
            {
                return false;
            }

            _done = true;
            Run.Slots[_slot] = SqlValue.FromInteger(_cursor.Count());
            return true;
        }
    }
}
