using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>A subquery in FROM whose rows are read as they are made.</summary>
internal sealed class DerivedNode(PlanNode input, IReadOnlyList<Expr> results, int output, string name) : PlanNode
{
    public override Operator Build(Run run) => new Derived(run, input.Build(run), [.. results], output);

    public override void Explain(ExplainWriter writer)
    {
        writer.Group($"CO-ROUTINE {name}", input.Explain);
        writer.Line($"SCAN {name}");
    }

    private sealed class Derived : Operator
    {
        private readonly Operator _input;
        private readonly DerivedRow _row;

        public Derived(Run run, Operator input, Expr[] results, int output) : base(run)
        {
            _input = input;
            _row = new DerivedRow(run, results);
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            _row.IsNullRow = false;
            _row.Restart();
            _input.Open();
        }

        public override bool Next()
        {
            _row.Moved();
            return _input.Next();
        }
    }

    /// <summary>Computes a column when it is first asked for, once a row. The rowid numbers the rows.</summary>
    private sealed class DerivedRow(Run run, Expr[] results) : RowSource
    {
        private readonly SqlValue[] _values = new SqlValue[results.Length];
        private readonly long[] _computedFor = new long[results.Length];
        private long _version;
        private long _row;

        public override long Rowid => _row;

        public override SqlValue Column(int index)
        {
            Expr result = results[index];
            if (result is ColumnExpr or SlotExpr)
            {
                return result.Evaluate(run);
            }

            if (_computedFor[index] != _version)
            {
                _values[index] = result.Evaluate(run);
                _computedFor[index] = _version;
            }

            return _values[index];
        }

        public void Restart() => _row = 0;

        public void Moved()
        {
            _version++;
            _row++;
        }
    }
}

/// <summary>A subquery in FROM whose rows are made once and kept, because they are read more than once.</summary>
internal sealed class MaterializedNode(PlanNode input, IReadOnlyList<Expr> results, int output, string name) : PlanNode
{
    public override Operator Build(Run run) => new Materialized(run, input.Build(run), [.. results], output);

    public override void Explain(ExplainWriter writer)
    {
        writer.Group($"MATERIALIZE {name}", input.Explain);
        writer.Line($"SCAN {name}");
    }

    private sealed class Materialized : Operator
    {
        private readonly Operator _input;
        private readonly Expr[] _results;
        private readonly BufferRow _row = new();
        private SqlValue[] _values;
        private int _count = -1;
        private int _next;

        public Materialized(Run run, Operator input, Expr[] results, int output) : base(run)
        {
            _input = input;
            _results = results;
            _values = new SqlValue[16 * results.Length];
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            _row.IsNullRow = false;
            _next = 0;
        }

        public override bool Next()
        {
            if (_count < 0)
            {
                Fill();
            }

            Run.CheckCancelled();
            if (_next == _count)
            {
                return false;
            }

            _row.Show(_values, _next * _results.Length, ++_next);
            return true;
        }

        private void Fill()
        {
            int at = 0;
            _count = 0;
            _input.Open();
            while (_input.Next())
            {
                if (at + _results.Length > _values.Length)
                {
                    Array.Resize(ref _values, checked(_values.Length * 2));
                }

                foreach (Expr result in _results)
                {
                    _values[at++] = result.Evaluate(Run);
                }

                _count++;
            }
        }
    }
}
