using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// Reads all rows and gives them in order, through a source of its own. With a limit it keeps only as many rows as will be
/// given: a heap whose top is the last of them. What is carried becomes the columns of the source.
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
        private readonly SortEntryComparer _comparer;
        private readonly BufferRow _row = new();
        private SortEntry[] _entries = new SortEntry[16];
        private SqlValue[]? _spare;
        private int _count;
        private int _next;
        private bool _sorted;
        private long _sequence;

        public Sort(Run run, Operator input, IReadOnlyList<SortKey> keys, IReadOnlyList<Expr> carried, int output, LimitClause? limit) : base(run)
        {
            _input = input;
            _keys = [.. keys.Select(key => key.Value)];
            _carried = [.. carried];
            _limit = limit;
            _comparer = new SortEntryComparer([.. keys.Select(key => key.Order)]);
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
                _next = 0;
            }

            if (_next >= _count)
            {
                return false;
            }

            _row.Show(_entries[_next++].Values, _keys.Length);
            return true;
        }

        private void Fill()
        {
            Array.Clear(_entries, 0, _count);
            _count = 0;
            _sequence = 0;
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
            while (_input.Next())
            {
                Take(wanted);
            }

            Array.Sort(_entries, 0, _count, _comparer);
        }

        private void Take(long wanted)
        {
            SqlValue[] values = _spare ?? new SqlValue[_keys.Length + _carried.Length];
            _spare = null;
            for (int i = 0; i < _keys.Length; i++)
            {
                values[i] = _keys[i].Evaluate(Run);
            }

            SortEntry entry = new(values, _sequence++);
            bool full = _count >= wanted;
            if (full && _comparer.Compare(entry, _entries[0]) >= 0)
            {
                _spare = values;
                return;
            }

            for (int i = 0; i < _carried.Length; i++)
            {
                values[_keys.Length + i] = _carried[i].Evaluate(Run);
            }

            if (full)
            {
                _spare = _entries[0].Values;
                SiftDown(entry);
                return;
            }

            if (_count == _entries.Length)
            {
                Array.Resize(ref _entries, checked(_count * 2));
            }

            _entries[_count++] = entry;
            if (wanted != long.MaxValue)
            {
                SiftUp(_count - 1);
            }
        }

        private void SiftUp(int at)
        {
            SortEntry entry = _entries[at];
            while (at > 0 && _comparer.Compare(_entries[(at - 1) / 2], entry) < 0)
            {
                _entries[at] = _entries[(at - 1) / 2];
                at = (at - 1) / 2;
            }

            _entries[at] = entry;
        }

        /// <summary>Puts an entry in the place of the greatest one.</summary>
        private void SiftDown(SortEntry entry)
        {
            int at = 0;
            while (true)
            {
                int child = (2 * at) + 1;
                if (child >= _count)
                {
                    break;
                }

                if (child + 1 < _count && _comparer.Compare(_entries[child], _entries[child + 1]) < 0)
                {
                    child++;
                }

                if (_comparer.Compare(entry, _entries[child]) >= 0)
                {
                    break;
                }

                _entries[at] = _entries[child];
                at = child;
            }

            _entries[at] = entry;
        }
    }
}
