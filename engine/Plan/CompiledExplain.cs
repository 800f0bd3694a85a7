using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Plan;

/// <summary>EXPLAIN QUERY PLAN: the lines of a plan as rows of id, parent, notused, detail.</summary>
internal sealed class CompiledExplain : CompiledStatement
{
    private readonly SqlValue[][] _rows;

    public CompiledExplain(PlanNode? root)
    {
        ExplainWriter writer = new();
        root?.Explain(writer);
        _rows = [.. writer.Lines.Select(line => new[]
        {
            SqlValue.FromInteger(line.Id), SqlValue.FromInteger(line.Parent), SqlValue.FromInteger(0), SqlValue.FromText(line.Detail),
        })];
    }

    /// <summary>Also of a statement that has no plan, and so no rows.</summary>
    public static IReadOnlyList<ResultColumnDescription> PlanColumns { get; } =
        [.. new[] { "id", "parent", "notused", "detail" }.Select(name => new ResultColumnDescription(name, null, null, null))];

    public override IReadOnlyList<ResultColumnDescription> Columns => PlanColumns;

    public override bool IsReadOnly => true;

    internal override FrameSize Size => default;

    internal override Execution Start(Run run) => new Lines(_rows);

    private sealed class Lines(SqlValue[][] rows) : Execution
    {
        private int _row = -1;

        public override bool Next() => _row < rows.Length && ++_row < rows.Length;

        public override SqlValue Column(int index) => rows[_row][index];

        public override void Dispose() => _row = rows.Length;
    }
}
