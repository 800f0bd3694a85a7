using Sluice.Engine.Execute.Spill;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// GROUP BY over rows in any order: groups in a hash table, given in the order of their keys. When memory is short, no more groups are begun: the rows of
/// others are put aside and grouped in a pass of their own, and the results of all passes are sorted.
/// </summary>
internal sealed class HashAggregateNode(PlanNode input, IReadOnlyList<GroupKey> keys, Aggregation aggregation) : PlanNode
{
    public override Operator Build(Run run) => new HashAggregate(run, input.Build(run), keys, aggregation);

    public override void Explain(ExplainWriter writer)
    {
        input.Explain(writer);
        writer.Line("USE TEMP B-TREE FOR GROUP BY");
    }

    private sealed class HashAggregate : Operator
    {
        private readonly Operator _input;
        private readonly Expr[] _keys;
        private readonly SortOrder[] _orders;
        private readonly SqlValue[] _key;
        private readonly RowTable _table;
        private readonly List<GroupState> _groups = [];
        private readonly AggregationRun _aggregation;
        private readonly BufferRow _row = new();
        private readonly long _budget;
        private int[] _sorted = [];
        private RowSorter? _results;
        private SpillFile? _rest;
        private long _bytes;
        private int _next = -1;

        // Rows of a group often come one after the other: the group found last, or -1.
        private int _last = -1;

        public HashAggregate(Run run, Operator input, IReadOnlyList<GroupKey> keys, Aggregation aggregation) : base(run)
        {
            _input = input;
            _keys = [.. keys.Select(key => key.Value)];
            _orders = [.. keys.Select(key => new SortOrder(key.Collation, key.Descending, !key.Descending))];
            _key = new SqlValue[_keys.Length];
            _table = new RowTable([.. keys.Select(key => key.Collation)]);
            _aggregation = new AggregationRun(aggregation);
            _budget = run.Transaction.Work.BudgetBytes;
            run.Sources[aggregation.Output] = _row;
        }

        public override void Open() => _next = -1;

        public override bool Next()
        {
            if (_next < 0)
            {
                Fill();
                _next = 0;
            }

            if (_results is not null)
            {
                return NextResult();
            }

            if (_next == _sorted.Length)
            {
                return false;
            }

            _groups[_sorted[_next++]].Emit(Run, _row);
            return true;
        }

        private void Fill()
        {
            Forget();
            _results = null;
            _input.Open();
            while (_input.Next())
            {
                for (int i = 0; i < _keys.Length; i++)
                {
                    _key[i] = _keys[i].Evaluate(Run);
                }

                if (FindGroup() is { } group)
                {
                    group.Step(Run);
                }
                else
                {
                    (_rest ??= new SpillFile(Run)).Append(_aggregation.Collect(_key, Run));
                }
            }

            if (_rest is not null)
            {
                FillFromRest();
                return;
            }

            _sorted = new int[_groups.Count];
            for (int i = 0; i < _sorted.Length; i++)
            {
                _sorted[i] = i;
            }

            Array.Sort(_sorted, Compare);
        }

        /// <summary>Each pass makes as many groups as memory has room for, until no row is left.</summary>
        private void FillFromRest()
        {
            _results = new RowSorter(Run, _orders, _keys.Length + _aggregation.ResultWidth);
            SqlValue[] row = new SqlValue[_keys.Length + _aggregation.CollectedWidth];
            while (_rest is { } rest)
            {
                KeepResults();
                Forget();
                _rest = null;
                SpillReader rows = rest.Read(0, rest.End);
                while (rows.TryRead(row))
                {
                    Run.CheckCancelled();
                    row.AsSpan(0, _key.Length).CopyTo(_key);
                    if (FindGroup() is { } group)
                    {
                        group.StepCollected(row.AsSpan(_key.Length));
                    }
                    else
                    {
                        (_rest ??= new SpillFile(Run)).Append(row);
                    }
                }

                rest.Dispose();
            }

            KeepResults();
            Forget();
            _results.Finish();
        }

        /// <summary>The group of the key at hand; null when it is not there and memory is too short for another.</summary>
        private GroupState? FindGroup()
        {
            if (_last >= 0 && IsLast())
            {
                return _groups[_last];
            }

            if (_bytes > _budget && _groups.Count > 0)
            {
                int known = _table.Find(_key);
                return known < 0 ? null : _groups[known];
            }

            int number = _table.FindOrAdd(_key, out bool added);
            _last = number;
            if (added)
            {
                _groups.Add(new GroupState(_aggregation));
                _bytes += RowBytes.Of(_key) + _aggregation.GroupBytes;
            }

            return _groups[number];
        }

        /// <summary>Whether the key at hand, of integers, is that of the group found last.</summary>
        private bool IsLast()
        {
            ReadOnlySpan<SqlValue> last = _table[_last];
            for (int i = 0; i < _key.Length; i++)
            {
                if (_key[i].Type != SqlType.Integer || last[i].Type != SqlType.Integer || _key[i].Integer != last[i].Integer)
                {
                    return false;
                }
            }

            return true;
        }

        private void KeepResults()
        {
            for (int i = 0; i < _groups.Count; i++)
            {
                SqlValue[] result = new SqlValue[_key.Length + _aggregation.ResultWidth];
                _table[i].CopyTo(result);
                _groups[i].Finish(result.AsSpan(_key.Length));
                _results!.Add(result);
            }
        }

        private void Forget()
        {
            _table.Clear();
            _groups.Clear();
            _bytes = 0;
            _last = -1;
        }

        private bool NextResult()
        {
            if (_results!.Next() is not { } result)
            {
                return false;
            }

            _aggregation.Show(result, _key.Length, Run, _row);
            return true;
        }

        private int Compare(int x, int y)
        {
            ReadOnlySpan<SqlValue> a = _table[x];
            ReadOnlySpan<SqlValue> b = _table[y];
            for (int i = 0; i < _orders.Length; i++)
            {
                int order = _orders[i].Compare(a[i], b[i]);
                if (order != 0)
                {
                    return order;
                }
            }

            return x - y;
        }
    }
}
