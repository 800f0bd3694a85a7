using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>Which table a leaf of a plan reads, into which source of the frame, and under which name it is explained.</summary>
internal sealed record TableAccess(int Source, TableShape Shape, string ExplainName);

/// <summary>Reads a whole table in rowid order.</summary>
internal sealed class TableScanNode(TableAccess access, bool reverse) : PlanNode
{
    public override Operator Build(Run run) => new TableScan(run, access, reverse);

    public override void Explain(ExplainWriter writer) => writer.Line($"SCAN {access.ExplainName}");

    private sealed class TableScan : Operator
    {
        private readonly TableRow _row;
        private readonly bool _reverse;
        private bool _started;

        public TableScan(Run run, TableAccess access, bool reverse) : base(run)
        {
            _row = new TableRow(access.Shape, run.Transaction.Of(access.Shape.Table).OpenRows(access.Shape.Table.RootPage));
            _row.LendRecords();
            _reverse = reverse;
            run.Sources[access.Source] = _row;
        }

        public override void Open()
        {
            _started = false;
            _row.IsNullRow = false;
        }

        public override bool IsSurelyEmpty
        {
            get
            {
                _started = false;
                return !_row.MoveFirst();
            }
        }

        public override bool Next()
        {
            Run.CheckCancelled();
            if (_started)
            {
                return _reverse ? _row.MovePrevious() : _row.MoveNext();
            }

            _started = true;
            return _reverse ? _row.MoveLast() : _row.MoveFirst();
        }
    }
}

/// <summary>No FROM: one row without columns.</summary>
internal sealed class SingleRowNode : PlanNode
{
    public override Operator Build(Run run) => new SingleRow(run);

    public override void Explain(ExplainWriter writer) => writer.Line("SCAN CONSTANT ROW");

    private sealed class SingleRow(Run run) : Operator(run)
    {
        private bool _done;

        public override void Open() => _done = false;

        public override bool Next()
        {
            bool any = !_done;
            _done = true;
            return any;
        }
    }
}
