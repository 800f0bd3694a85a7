using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Operators;

namespace Sluice.Engine.Plan;

/// <summary>An INSERT, UPDATE or DELETE ready to run.</summary>
internal sealed class CompiledChange(
    IReadOnlyList<ResultColumnDescription> columns, CompileState state, Func<Run, ChangeExecution> start, PlanNode? query) : CompiledStatement
{
    public override IReadOnlyList<ResultColumnDescription> Columns => columns;

    public override bool IsReadOnly => false;

    /// <summary>How its rows are found; null where they are given.</summary>
    public PlanNode? Query => query;

    internal override IReadOnlyCollection<Table> Written => state.Compilation.Written;

    internal override FrameSize Size { get; } = state.Size;

    internal override Execution Start(Run run) => start(run);
}
