using Sluice.Engine.Execute.Spill;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>
/// Passes the first of each group of rows whose values are equal, through a source of its own: its columns are the values, then what is carried along.
/// <para>When memory is short, no more rows are remembered: those that are not known are put aside and looked through in a pass of their own, so the
/// rows stay in the order in which they came.</para>
/// </summary>
internal sealed class DistinctNode(
    PlanNode input, IReadOnlyList<Expr> values, IReadOnlyList<Collation> collations, IReadOnlyList<Expr> carried, int output) : PlanNode
{
    public override Operator Build(Run run) => new Distinct(run, input.Build(run), values, collations, carried, output);

    public override void Explain(ExplainWriter writer)
    {
        input.Explain(writer);
        writer.Line("USE TEMP B-TREE FOR DISTINCT");
    }

    private sealed class Distinct : Operator
    {
        private readonly Operator _input;
        private readonly Expr[] _expressions;
        private readonly RowTable _seen;
        private readonly int _width;
        private readonly SqlValue[] _current;
        private readonly BufferRow _row = new();
        private readonly long _budget;
        private long _bytes;
        private SpillFile? _rest;
        private SpillFile? _source;
        private SpillReader? _reader;

        public Distinct(Run run, Operator input, IReadOnlyList<Expr> values, IReadOnlyList<Collation> collations, IReadOnlyList<Expr> carried, int output)
            : base(run)
        {
            _input = input;
            _expressions = [.. values, .. carried];
            _seen = new RowTable(collations);
            _width = values.Count;
            _current = new SqlValue[_expressions.Length];
            _budget = run.Transaction.Work.BudgetBytes;
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            Forget();
            _rest?.Dispose();
            _source?.Dispose();
            _rest = _source = null;
            _reader = null;
            _row.Show(_current);
            _input.Open();
        }

        public override bool Next()
        {
            while (true)
            {
                while (_reader is null ? _input.Next() : _reader.TryRead(_current))
                {
                    if (IsFirst())
                    {
                        return true;
                    }
                }

                _source?.Dispose();
                _source = _rest;
                _rest = null;
                if (_source is null)
                {
                    _reader = null;
                    return false;
                }

                _reader = _source.Read(0, _source.End);
                Forget();
            }
        }

        /// <summary>Whether the row at hand is to be passed on now.</summary>
        private bool IsFirst()
        {
            bool isNew = _reader is null;
            if (isNew)
            {
                Evaluate(0, _width);
            }
            else
            {
                Run.CheckCancelled();
            }

            ReadOnlySpan<SqlValue> values = _current.AsSpan(0, _width);
            bool isFull = _bytes > _budget;
            bool added = false;
            if (isFull ? _seen.Find(values) >= 0 : _seen.FindOrAdd(values, out added) >= 0 && !added)
            {
                return false;
            }

            if (isNew)
            {
                Evaluate(_width, _current.Length);
            }

            if (isFull)
            {
                (_rest ??= new SpillFile(Run)).Append(_current);
                return false;
            }

            _bytes += RowBytes.Of(values);
            return true;
        }

        private void Evaluate(int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                _current[i] = _expressions[i].Evaluate(Run);
            }
        }

        private void Forget()
        {
            _seen.Clear();
            _bytes = 0;
        }
    }
}
