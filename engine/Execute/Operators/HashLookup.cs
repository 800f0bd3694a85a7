using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// An equality between a row of the table that is hashed (Stored) and the rows outside of it (Probe); the comparison applies the
/// affinity Convert to both.
/// </summary>
internal sealed record HashKey(Expr Stored, Expr Probe, Affinity Convert, Collation Collation);

/// <summary>
/// The inner side of an equi-join without an index: reads its input once into a hash table, then finds the rows that
/// equal the outer row's keys. The input feeds <paramref name="source"/> while it is read; afterwards the rows found take its place,
/// with the columns that anyone reads.
/// </summary>
internal sealed class HashLookupNode(
    PlanNode input, int source, int columnCount, IReadOnlyList<int> columns, IReadOnlyList<HashKey> keys, string name, string condition) : PlanNode
{
    public override Operator Build(Run run) => new HashLookup(run, input.Build(run), source, columnCount, [.. columns], [.. keys]);

    public override void Explain(ExplainWriter writer) => writer.Line($"SEARCH {name} USING AUTOMATIC COVERING INDEX ({condition})");

    private sealed class HashLookup : Operator
    {
        private readonly Operator _input;
        private readonly int _source;
        private readonly int[] _columns;
        private readonly HashKey[] _keys;
        private readonly RowTable _table;
        private readonly SqlValue[] _key;
        private readonly LookupRow _row;
        private readonly List<int> _first = [];
        private readonly List<int> _last = [];
        private readonly List<int> _following = [];
        private bool _filled;
        private bool _opened;
        private int _next = -1;

        public HashLookup(Run run, Operator input, int source, int columnCount, int[] columns, HashKey[] keys) : base(run)
        {
            _input = input;
            _source = source;
            _columns = columns;
            _keys = keys;
            _table = new RowTable([.. keys.Select(key => key.Collation)]);
            _key = new SqlValue[keys.Length];
            _row = new LookupRow(columnCount, columns);
        }

        public override void Open()
        {
            if (!_filled)
            {
                _filled = true;
                Fill();
                Run.Sources[_source] = _row;
            }

            _row.IsNullRow = false;
            _opened = false;
        }

        public override bool Next()
        {
            if (!_opened)
            {
                _opened = true;
                int entry = EvaluateKeys(stored: false) ? _table.Find(_key) : -1;
                _next = entry < 0 ? -1 : _first[entry];
            }

            Run.CheckCancelled();
            if (_next < 0)
            {
                return false;
            }

            _row.Show(_next);
            _next = _following[_next];
            return true;
        }

        private void Fill()
        {
            _input.Open();
            while (_input.Next())
            {
                if (!EvaluateKeys(stored: true))
                {
                    continue;
                }

                RowSource source = Run.Sources[_source];
                int row = _row.Add(source, _columns);
                _following.Add(-1);
                int entry = _table.FindOrAdd(_key, out bool added);
                if (added)
                {
                    _first.Add(row);
                    _last.Add(row);
                }
                else
                {
                    _following[_last[entry]] = row;
                    _last[entry] = row;
                }
            }
        }

        /// <summary>False when a key is NULL, which equals nothing.</summary>
        private bool EvaluateKeys(bool stored)
        {
            for (int i = 0; i < _keys.Length; i++)
            {
                HashKey key = _keys[i];
                SqlValue value = (stored ? key.Stored : key.Probe).Evaluate(Run);
                if (value.IsNull)
                {
                    return false;
                }

                _key[i] = ComparisonRules.Convert(value, key.Convert);
            }

            return true;
        }
    }

    /// <summary>The rows that were hashed: their columns in use one after the other, and their rowids.</summary>
    private sealed class LookupRow : RowSource
    {
        private readonly int[] _position;
        private readonly int _width;
        private readonly List<SqlValue> _values = [];
        private readonly List<long> _rowids = [];
        private int _current;

        public LookupRow(int columnCount, int[] columns)
        {
            _position = new int[columnCount];
            _width = columns.Length;
            for (int i = 0; i < columns.Length; i++)
            {
                _position[columns[i]] = i;
            }
        }

        public override long Rowid => _rowids[_current];

        public override SqlValue Column(int index) => _values[(_current * _width) + _position[index]];

        public void Show(int row) => _current = row;

        public int Add(RowSource source, int[] columns)
        {
            _rowids.Add(source.Rowid);
            foreach (int column in columns)
            {
                _values.Add(source.Column(column));
            }

            return _rowids.Count - 1;
        }
    }
}
