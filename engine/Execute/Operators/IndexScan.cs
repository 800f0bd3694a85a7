using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>A value that a key column must equal.</summary>
/// <param name="Value">Evaluated when the scan opens.</param>
/// <param name="Convert">The affinity that the comparison applies to the value: NUMERIC, TEXT, or BLOB for none.</param>
/// <param name="MatchesNull">IS rather than =: a NULL finds NULLs.</param>
internal sealed record IndexEquality(Expr Value, Affinity Convert, bool MatchesNull)
{
    public SqlValue Evaluate(Run run) => ComparisonRules.Convert(Value.Evaluate(run), Convert);
}

/// <summary>One end of a range of the key column after the equalities.</summary>
internal sealed record IndexBound(Expr Value, Affinity Convert, bool Inclusive)
{
    public SqlValue Evaluate(Run run) => ComparisonRules.Convert(Value.Evaluate(run), Convert);
}

/// <summary>What part of an index is read, and in which direction.</summary>
internal sealed record IndexRange(
    IReadOnlyList<IndexEquality> Equalities, IndexBound? Lower, IndexBound? Upper, bool Reverse);

/// <summary>Reads a table by one of its indexes: the entries that begin with given values, and then lie in a range, in key order.</summary>
internal sealed class IndexScanNode(TableAccess access, TableIndex index, IndexRange range, bool covering) : PlanNode
{
    public override Operator Build(Run run) => new IndexScan(run, access, index, range);

    public override void Explain(ExplainWriter writer)
    {
        string kind = covering ? "COVERING INDEX" : "INDEX";
        string name = $"{kind} {index.Name}";
        if (ReferenceEquals(index, access.Shape.Table.Primary))
        {
            name = index.Name;
        }

        List<string> conditions = [];
        for (int i = 0; i < range.Equalities.Count; i++)
        {
            conditions.Add($"{ColumnName(i)}=?");
        }

        if (range.Lower is not null)
        {
            conditions.Add($"{ColumnName(range.Equalities.Count)}>?");
        }

        if (range.Upper is not null)
        {
            conditions.Add($"{ColumnName(range.Equalities.Count)}<?");
        }

        string verb = conditions.Count == 0 ? "SCAN" : "SEARCH";
        string condition = conditions.Count == 0 ? "" : $" ({string.Join(" AND ", conditions)})";
        bool isScanOfTable = conditions.Count == 0 && ReferenceEquals(index, access.Shape.Table.Primary);
        writer.Line(isScanOfTable ? $"SCAN {access.ExplainName}" : $"{verb} {access.ExplainName} USING {name}{condition}");
    }

    private string ColumnName(int position) =>
        position >= index.KeyLength ? "rowid"
        : index.ColumnAt(position) is >= 0 and var column ? access.Shape.Table.Columns[column].Name
        : "<expr>";

    private sealed class IndexScan : Operator
    {
        private readonly IndexRow _row;
        private readonly IndexRange _range;
        private readonly KeyOrder _order;
        private readonly SqlValue[] _start;
        private readonly SqlValue[] _end;
        private int _startLength;
        private int _endLength;
        private bool _startInclusive;
        private bool _endInclusive;
        private bool _started;

        public IndexScan(Run run, TableAccess access, TableIndex index, IndexRange range) : base(run)
        {
            _row = new IndexRow(access.Shape, index, run.Transaction.Of(access.Shape.Table));
            _row.Keys.LendKeys();
            _range = range;
            _order = index.Order;
            _start = new SqlValue[range.Equalities.Count + 1];
            _end = new SqlValue[range.Equalities.Count + 1];
            run.Sources[access.Source] = _row;
        }

        public override void Open()
        {
            _started = false;
            _row.IsNullRow = false;
        }

        public override bool Next()
        {
            Run.CheckCancelled();
            _row.Moved();
            bool any = _started ? (_range.Reverse ? _row.Keys.MovePrevious() : _row.Keys.MoveNext()) : Start();
            if (!any || _endLength == 0)
            {
                return any;
            }

            int past = KeyComparer.Compare(_row.Keys.Key, _end.AsSpan(0, _endLength), _order);
            return past == 0 ? _endInclusive : _range.Reverse == past > 0;
        }

        private bool Start()
        {
            _started = true;
            if (!SetBounds())
            {
                return false;
            }

            if (_endLength > 0)
            {
                _row.Keys.Limit(_end.AsSpan(0, _endLength), _endInclusive);
            }

            if (_startLength == 0)
            {
                return _range.Reverse ? _row.Keys.MoveLast() : _row.Keys.MoveFirst();
            }

            BTree.SeekMode mode = (_range.Reverse, _startInclusive) switch
            {
                (false, true) => BTree.SeekMode.GreaterOrEqual,
                (false, false) => BTree.SeekMode.Greater,
                (true, true) => BTree.SeekMode.LessOrEqual,
                (true, false) => BTree.SeekMode.Less,
            };
            return _row.Keys.Seek(_start.AsSpan(0, _startLength), mode);
        }

        /// <summary>Evaluates the range; false when a NULL makes it empty.</summary>
        private bool SetBounds()
        {
            int equalities = _range.Equalities.Count;
            for (int i = 0; i < equalities; i++)
            {
                IndexEquality equality = _range.Equalities[i];
                SqlValue value = equality.Evaluate(Run);
                if (value.IsNull && !equality.MatchesNull)
                {
                    return false;
                }

                _start[i] = value;
                _end[i] = value;
            }

            _startLength = _endLength = equalities;
            _startInclusive = _endInclusive = true;
            if (_range.Lower is null && _range.Upper is null)
            {
                return true;
            }

            return SetRange(equalities);
        }

        private bool SetRange(int position)
        {
            bool descending = position < _order.Count && _order.Columns[position].Descending;
            SqlValue low = SqlValue.Null;
            if (_range.Lower is { } lower)
            {
                low = lower.Evaluate(Run);
                if (low.IsNull)
                {
                    return false;
                }
            }

            // NULLs sort first and belong to no range: a range that is open below begins after them.
            SetBound(position, low, _range.Lower is { Inclusive: true }, atStart: descending == _range.Reverse);
            if (_range.Upper is { } upper)
            {
                SqlValue high = upper.Evaluate(Run);
                if (high.IsNull)
                {
                    return false;
                }

                SetBound(position, high, upper.Inclusive, atStart: descending != _range.Reverse);
            }

            return true;
        }

        private void SetBound(int position, in SqlValue value, bool inclusive, bool atStart)
        {
            if (atStart)
            {
                _start[position] = value;
                _startLength = position + 1;
                _startInclusive = inclusive;
            }
            else
            {
                _end[position] = value;
                _endLength = position + 1;
                _endInclusive = inclusive;
            }
        }
    }
}
