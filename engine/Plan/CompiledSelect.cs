using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Plan;

/// <summary>A SELECT ready to run.</summary>
internal sealed class CompiledSelect(QueryPlan plan, FrameSize size) : CompiledStatement
{
    public override IReadOnlyList<ResultColumnDescription> Columns => plan.Columns;

    public override bool IsReadOnly => true;

    internal override FrameSize Size => size;

    internal override Execution Start(Run run) => new Rows(plan, run);

    private sealed class Rows(QueryPlan plan, Run run) : Execution
    {
        private readonly SqlValue[] _row = new SqlValue[plan.Outputs.Length];
        private Operator? _root;
        private bool _done;

        public override bool Next()
        {
            if (_done)
            {
                return false;
            }

            if (_root is null)
            {
                _root = plan.Root.Build(run);
                _root.Open();
            }

            if (!_root.Next())
            {
                _done = true;
                return false;
            }

            Expr[] outputs = plan.Outputs;
            for (int i = 0; i < outputs.Length; i++)
            {
                _row[i] = outputs[i].Evaluate(run);
            }

            return true;
        }

        public override SqlValue Column(int index) => _row[index];

        public override void Dispose()
        {
            _done = true;
            run.End();
        }
    }
}
