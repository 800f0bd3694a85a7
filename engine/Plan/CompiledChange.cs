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

    internal override Table[] Written { get; } = [.. state.Compilation.Written];

    internal override Table[] WrittenOnPages { get; } = [.. state.Compilation.Written.Where(table => table.KeyColumns is not null)];

    internal override FrameSize Size { get; } = state.Size;

    internal override Execution Start(Run run) => start(run);
}
