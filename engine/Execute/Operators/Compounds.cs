using Sluice.Engine.Execute.Spill;
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
        private readonly RowSet _rows;
        private readonly RowSet? _others;
        private readonly SqlValue[] _values;
        private readonly BufferRow _row = new();
        private SqlValue[]? _other;
        private bool _filled;

        public SetOperation(
            Run run, CompoundOperator operation, CompoundPart left, CompoundPart right, IReadOnlyList<Collation> collations, int output) : base(run)
        {
            _operation = operation;
            _left = left.Input.Build(run);
            _right = right.Input.Build(run);
            _leftResults = [.. left.Results];
            _rightResults = [.. right.Results];
            _rows = new RowSet(run, collations);
            _others = operation == CompoundOperator.Union ? null : new RowSet(run, collations);
            _values = new SqlValue[_leftResults.Length];
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            _filled = false;
            _row.IsNullRow = false;
        }

        public override bool Next()
        {
            if (!_filled)
            {
                Fill();
                _filled = true;
            }

            while (_rows.Next() is { } row)
            {
                Run.CheckCancelled();
                if (_others is null || IsInOthers(row) == (_operation == CompoundOperator.Intersect))
                {
                    _row.Show(row);
                    return true;
                }
            }

            return false;
        }

        private void Fill()
        {
            _rows.Clear();
            Collect(_left, _leftResults, _rows);
            if (_others is not null)
            {
                _others.Clear();
                Collect(_right, _rightResults, _others);
                _others.Finish();
                _other = _others.Next();
            }
            else
            {
                Collect(_right, _rightResults, _rows);
            }

            _rows.Finish();
        }

        private void Collect(Operator input, Expr[] results, RowSet into)
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

        /// <summary>Both come in order, so the others are passed as far as the row.</summary>
        private bool IsInOthers(SqlValue[] row)
        {
            int order = -1;
            while (_other is not null && (order = _others!.Order.Compare(_other, row)) < 0)
            {
                _other = _others.Next();
            }

            return order == 0;
        }
    }
}
