using Sluice.Engine.BTree;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>Reads the one row whose rowid equals an expression.</summary>
internal sealed class RowidSeekNode(TableAccess access, Expr key) : PlanNode
{
    public override Operator Build(Run run) => new RowidSeek(run, access, key);

    public override void Explain(ExplainWriter writer) =>
        writer.Line($"SEARCH {access.ExplainName} USING INTEGER PRIMARY KEY (rowid=?)");

    private sealed class RowidSeek : Operator
    {
        private readonly Expr _key;
        private readonly TableRow _row;
        private bool _done;

        public RowidSeek(Run run, TableAccess access, Expr key) : base(run)
        {
            _key = key;
            _row = new TableRow(access.Shape, run.Transaction.Of(access.Shape.Table).OpenRows(access.Shape.Table.RootPage));
            _row.LendRecords(jumps: true);
            run.Sources[access.Source] = _row;
        }

        public override void Open()
        {
            _done = false;
            _row.IsNullRow = false;
        }

        public override bool Next()
        {
            if (_done)
            {
                return false;
            }

            _done = true;
            Run.CheckCancelled();
            return RowidBound.TryExact(_key.Evaluate(Run), out long rowid) && _row.SeekExact(rowid);
        }
    }
}

/// <summary>One end of a range: the expression that gives it, and whether a value equal to it belongs to the range.</summary>
internal sealed record RangeBound(Expr Value, bool Inclusive);

/// <summary>Reads the rows whose rowids lie between two expressions, in rowid order.</summary>
internal sealed class RowidRangeNode(TableAccess access, RangeBound? lower, RangeBound? upper, bool reverse) : PlanNode
{
    public override Operator Build(Run run) => new RowidRange(run, access, lower, upper, reverse);

    public override void Explain(ExplainWriter writer)
    {
        string condition = (lower, upper) switch
        {
            (not null, not null) => "rowid>? AND rowid<?",
            (not null, null) => "rowid>?",
            _ => "rowid<?",
        };
        writer.Line($"SEARCH {access.ExplainName} USING INTEGER PRIMARY KEY ({condition})");
    }

    private sealed class RowidRange : Operator
    {
        private readonly RangeBound? _lower;
        private readonly RangeBound? _upper;
        private readonly bool _reverse;
        private readonly TableRow _row;
        private bool _started;
        private long _lowest;
        private long _highest;

        public RowidRange(Run run, TableAccess access, RangeBound? lower, RangeBound? upper, bool reverse) : base(run)
        {
            _lower = lower;
            _upper = upper;
            _reverse = reverse;
            _row = new TableRow(access.Shape, run.Transaction.Of(access.Shape.Table).OpenRows(access.Shape.Table.RootPage));
            _row.LendRecords();
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
            bool any = _started ? (_reverse ? _row.MovePrevious() : _row.MoveNext()) : Start();
            return any && (_reverse ? _row.Rowid >= _lowest : _row.Rowid <= _highest);
        }

        private bool Start()
        {
            _started = true;
            _lowest = long.MinValue;
            _highest = long.MaxValue;
            if (_lower is not null && !RowidBound.TryLowest(_lower.Value.Evaluate(Run), _lower.Inclusive, out _lowest))
            {
                _highest = long.MinValue;
                return false;
            }

            if (_upper is not null && !RowidBound.TryHighest(_upper.Value.Evaluate(Run), _upper.Inclusive, out _highest))
            {
                return false;
            }

            _row.Limit(_reverse ? _lowest : _highest);
            return _lowest <= _highest
                && (_reverse ? _row.Seek(_highest, SeekMode.LessOrEqual) : _row.Seek(_lowest, SeekMode.GreaterOrEqual));
        }
    }
}
