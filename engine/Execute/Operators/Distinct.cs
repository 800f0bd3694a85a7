using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>Passes the first of each group of rows whose <paramref name="values"/> are equal; the row's sources stay as they are.</summary>
internal sealed class DistinctNode(PlanNode input, IReadOnlyList<Expr> values, IReadOnlyList<Collation> collations, int output) : PlanNode
{
    public override Operator Build(Run run) => new Distinct(run, input.Build(run), [.. values], collations, output);

    public override void Explain(ExplainWriter writer)
    {
        input.Explain(writer);
        writer.Line("USE TEMP B-TREE FOR DISTINCT");
    }

    private sealed class Distinct : Operator
    {
        private readonly Operator _input;
        private readonly Expr[] _values;
        private readonly RowTable _seen;
        private readonly SqlValue[] _current;
        private readonly BufferRow _row = new();

        public Distinct(Run run, Operator input, Expr[] values, IReadOnlyList<Collation> collations, int output) : base(run)
        {
            _input = input;
            _values = values;
            _seen = new RowTable(collations);
            _current = new SqlValue[values.Length];
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            _seen.Clear();
            _row.Show(_current);
            _input.Open();
        }

        public override bool Next()
        {
            while (_input.Next())
            {
                for (int i = 0; i < _values.Length; i++)
                {
                    _current[i] = _values[i].Evaluate(Run);
                }

                _ = _seen.FindOrAdd(_current, out bool added);
                if (added)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
