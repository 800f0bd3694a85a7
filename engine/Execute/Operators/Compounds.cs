using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Operators;

/// <summary>One SELECT of a compound, or one row of VALUES: its rows and what they consist of.</summary>
internal sealed record CompoundPart(PlanNode Input, IReadOnlyList<Expr> Results);

/// <summary>UNION ALL and VALUES: the rows of each part in turn, through one source.</summary>
internal sealed class UnionAllNode(IReadOnlyList<CompoundPart> parts, int output, string explained) : PlanNode
{
    public override Operator Build(Run run) => new UnionAll(run, parts, output);

    public override void Explain(ExplainWriter writer) => writer.Group(explained, inner =>
    {
        for (int i = 0; i < parts.Count; i++)
        {
            inner.Group(i == 0 ? "LEFT-MOST SUBQUERY" : "UNION ALL", parts[i].Input.Explain);
        }
    });

    private sealed class UnionAll : Operator
    {
        private readonly Operator[] _inputs;
        private readonly Expr[][] _results;
        private readonly BufferRow _row = new();
        private readonly SqlValue[] _values;
        private int _part;
        private bool _opened;

        public UnionAll(Run run, IReadOnlyList<CompoundPart> parts, int output) : base(run)
        {
            _inputs = [.. parts.Select(part => part.Input.Build(run))];
            _results = [.. parts.Select(part => part.Results.ToArray())];
            _values = new SqlValue[_results[0].Length];
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            _part = 0;
            _opened = false;
            _row.IsNullRow = false;
            _row.Show(_values);
        }

        public override bool Next()
        {
            for (; _part < _inputs.Length; _part++, _opened = false)
            {
                if (!_opened)
                {
                    _inputs[_part].Open();
                    _opened = true;
                }

                if (_inputs[_part].Next())
                {
                    Expr[] results = _results[_part];
                    for (int i = 0; i < results.Length; i++)
                    {
                        _values[i] = results[i].Evaluate(Run);
                    }

                    return true;
                }
            }

            return false;
        }
    }
}

/// <summary>VALUES (...), (...): a row of expressions at a time.</summary>
internal sealed class ValuesNode(IReadOnlyList<IReadOnlyList<Expr>> rows, int output) : PlanNode
{
    public override Operator Build(Run run) => new ValuesRows(run, rows, output);

    public override void Explain(ExplainWriter writer) => writer.Line(rows.Count == 1 ? "SCAN CONSTANT ROW" : $"SCAN {rows.Count} CONSTANT ROWS");

    private sealed class ValuesRows : Operator
    {
        private readonly IReadOnlyList<IReadOnlyList<Expr>> _rows;
        private readonly SqlValue[] _values;
        private readonly BufferRow _row = new();
        private int _next;

        public ValuesRows(Run run, IReadOnlyList<IReadOnlyList<Expr>> rows, int output) : base(run)
        {
            _rows = rows;
            _values = new SqlValue[rows[0].Count];
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            _next = 0;
            _row.IsNullRow = false;
            _row.Show(_values);
        }

        public override bool Next()
        {
            Run.CheckCancelled();
            if (_next == _rows.Count)
            {
                return false;
            }

            IReadOnlyList<Expr> row = _rows[_next++];
            for (int i = 0; i < row.Count; i++)
            {
                _values[i] = row[i].Evaluate(Run);
            }

            return true;
        }
    }
}

/// <summary>UNION, INTERSECT or EXCEPT of two parts: sets, given in the order of their columns.</summary>
internal sealed class SetOperationNode(
    CompoundOperator operation, CompoundPart left, CompoundPart right, IReadOnlyList<Collation> collations, int output) : PlanNode
{
    public override Operator Build(Run run) => new SetOperation(run, operation, left, right, collations, output);

    public override void Explain(ExplainWriter writer) => writer.Group("COMPOUND QUERY", inner =>
    {
        inner.Group("LEFT-MOST SUBQUERY", left.Input.Explain);
        inner.Group($"{operation.ToString().ToUpperInvariant()} USING TEMP B-TREE", right.Input.Explain);
    });

    private sealed class SetOperation : Operator
    {
        private readonly CompoundOperator _operation;
        private readonly Operator _left;
        private readonly Operator _right;
        private readonly Expr[] _leftResults;
        private readonly Expr[] _rightResults;
        private readonly Collation[] _collations;
        private readonly RowTable _rows;
        private readonly SqlValue[] _values;
        private readonly BufferRow _row = new();
        private readonly List<int> _sorted = [];
        private int _next = -1;

        public SetOperation(
            Run run, CompoundOperator operation, CompoundPart left, CompoundPart right, IReadOnlyList<Collation> collations, int output) : base(run)
        {
            _operation = operation;
            _left = left.Input.Build(run);
            _right = right.Input.Build(run);
            _leftResults = [.. left.Results];
            _rightResults = [.. right.Results];
            _collations = [.. collations];
            _rows = new RowTable(collations);
            _values = new SqlValue[_leftResults.Length];
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            _next = -1;
            _row.IsNullRow = false;
        }

        public override bool Next()
        {
            if (_next < 0)
            {
                Fill();
                _next = 0;
            }

            if (_next == _sorted.Count)
            {
                return false;
            }

            _row.Show(_rows.Rows, _sorted[_next++] * _values.Length);
            return true;
        }

        private void Fill()
        {
            _rows.Clear();
            _sorted.Clear();
            Collect(_left, _leftResults, _rows);
            if (_operation == CompoundOperator.Union)
            {
                Collect(_right, _rightResults, _rows);
                for (int i = 0; i < _rows.Count; i++)
                {
                    _sorted.Add(i);
                }
            }
            else
            {
                RowTable others = new(_collations);
                Collect(_right, _rightResults, others);
                bool wanted = _operation == CompoundOperator.Intersect;
                for (int i = 0; i < _rows.Count; i++)
                {
                    if (others.Find(_rows[i]) >= 0 == wanted)
                    {
                        _sorted.Add(i);
                    }
                }
            }

            _sorted.Sort(Compare);
        }

        private void Collect(Operator input, Expr[] results, RowTable into)
        {
            input.Open();
            while (input.Next())
            {
                for (int i = 0; i < results.Length; i++)
                {
                    _values[i] = results[i].Evaluate(Run);
                }

                into.Put(_values);
            }
        }

        private int Compare(int x, int y)
        {
            ReadOnlySpan<SqlValue> a = _rows[x];
            ReadOnlySpan<SqlValue> b = _rows[y];
            for (int i = 0; i < _collations.Length; i++)
            {
                int order = ValueOrder.Compare(a[i], b[i], _collations[i]);
                if (order != 0)
                {
                    return order;
                }
            }

            return x - y;
        }
    }
}
