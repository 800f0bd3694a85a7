using Sluice.Engine.Execute.Spill;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// Reads all rows and gives them in order, through a source of its own. With a limit it keeps only as many rows as will be
/// given, if they are few enough for memory. What is carried becomes the columns of the source.
/// </summary>
internal sealed class SortNode(
    PlanNode input, IReadOnlyList<SortKey> keys, IReadOnlyList<Expr> carried, int output, LimitClause? limit, string explained) : PlanNode
{
    public override Operator Build(Run run) => new Sort(run, input.Build(run), keys, carried, output, limit);

    public override void Explain(ExplainWriter writer)
    {
        input.Explain(writer);
        writer.Line(explained);
    }

    private sealed class Sort : Operator
    {
        private readonly Operator _input;
        private readonly Expr[] _keys;
        private readonly Expr[] _carried;
        private readonly LimitClause? _limit;
        private readonly RowSorter _sorter;
        private readonly SortOrder[] _orders;
        private readonly BufferRow _row = new();
        private TopRows? _top;
        private bool _sorted;

        public Sort(Run run, Operator input, IReadOnlyList<SortKey> keys, IReadOnlyList<Expr> carried, int output, LimitClause? limit) : base(run)
        {
            _input = input;
            _keys = [.. keys.Select(key => key.Value)];
            _carried = [.. carried];
            _limit = limit;
            _orders = [.. keys.Select(key => key.Order)];
            _sorter = new RowSorter(run, _orders, _keys.Length + _carried.Length);
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            _sorted = false;
            _row.IsNullRow = false;
        }

        public override bool Next()
        {
            if (!_sorted)
            {
                Fill();
                _sorted = true;
            }

            if ((_top is null ? _sorter.Next() : _top.Next()) is not { } values)
            {
                return false;
            }

            _row.Show(values, _keys.Length);
            return true;
        }

        private void Fill()
        {
            _sorter.Clear();
            _top = null;
            long wanted = long.MaxValue;
            if (_limit is not null)
            {
                long limit = _limit.LimitOf(Run);
                long offset = _limit.OffsetOf(Run);
                wanted = limit > long.MaxValue - offset ? long.MaxValue : limit + offset;
                if (limit == 0)
                {
                    return;
                }
            }

            _input.Open();
            if (wanted < int.MaxValue)
            {
                FillTop(wanted);
            }

            if (_top is null)
            {
                while (_input.Next())
                {
                    SqlValue[] values = new SqlValue[_keys.Length + _carried.Length];
                    EvaluateKeys(values);
                    EvaluateCarried(values);
                    _sorter.Add(values);
                }

                _sorter.Finish();
            }
        }

        /// <summary>Keeps the first rows only. When they are too many for memory, they go to the sorter, which takes the rest as well.</summary>
        private void FillTop(long wanted)
        {
            TopRows top = new(_orders, (int)wanted);
            long budget = Run.Transaction.Work.BudgetBytes;
            SqlValue[] values = new SqlValue[_keys.Length + _carried.Length];
            while (_input.Next())
            {
                EvaluateKeys(values);
                if (!top.Takes(values))
                {
                    continue;
                }

                EvaluateCarried(values);
                values = top.Add(values) ?? new SqlValue[values.Length];
                if (top.Bytes > budget)
                {
                    foreach (SqlValue[] row in top.InOrderOfArrival())
                    {
                        _sorter.Add(row);
                    }

                    return;
                }
            }

            top.Finish();
            _top = top;
        }

        private void EvaluateKeys(SqlValue[] values)
        {
            for (int i = 0; i < _keys.Length; i++)
            {
                values[i] = _keys[i].Evaluate(Run);
            }
        }

        private void EvaluateCarried(SqlValue[] values)
        {
            for (int i = 0; i < _carried.Length; i++)
            {
                values[_keys.Length + i] = _carried[i].Evaluate(Run);
            }
        }
    }
}
