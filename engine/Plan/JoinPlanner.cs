using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>A planned join.</summary>
internal sealed record JoinPlan(PlanNode Root, double Rows, bool IsOrdered);

/// <summary>
/// Turns the steps of a FROM and the conditions on them into nested loops. Inner joins may change places; nothing passes an
/// outer or CROSS join. Each condition is tested as soon as what it refers to is there.
/// </summary>
internal sealed class JoinPlanner(RowScope scope)
{
    private readonly PathFinder _finder = new(scope.State);

    public JoinPlan Plan(List<JoinStep> steps, List<WhereTerm> conditions, DesiredOrder order)
    {
        // A condition without any row in it is tested once, before all reading.
        List<Expr> gates = [];
        List<WhereTerm> others = new(conditions.Count);
        foreach (WhereTerm term in conditions)
        {
            if (IsGate(term))
            {
                gates.Add(term.Condition);
            }
            else
            {
                others.Add(term);
            }
        }

        Progress progress = new(0);
        PlanSteps(progress, steps, others, order);
        PlanNode root = Filtered(progress.Root ?? new SingleRowNode(), ConditionsOf(progress.Pending));
        if (gates.Count > 0)
        {
            root = new GateNode(root, gates);
        }

        return new JoinPlan(root, progress.Rows, order.Keys.Count > 0 && progress.IsOrdered);
    }

    private static bool IsGate(WhereTerm term) => term.Mask == 0 && term.Condition.IsConstant;

    private void PlanSteps(Progress progress, List<JoinStep> steps, List<WhereTerm> conditions, DesiredOrder order)
    {
        int next = 0;
        for (int i = steps.Count - 1; i > 0 && next == 0; i--)
        {
            if ((steps[i].Kind & JoinKind.Right) != 0)
            {
                // Everything before a RIGHT or FULL JOIN is joined first, and no WHERE condition may come before it.
                PlanSteps(progress, [.. steps.Take(i)], [], DesiredOrder.None);
                PlaceFull(progress, steps[i]);

                // Its rows without a match on the left come last, whatever order the left side had.
                progress.IsOrdered = false;
                next = i + 1;
            }
        }

        bool isFirst = next == 0;
        progress.Pending.AddRange(conditions);
        for (int i = next; i < steps.Count; i++)
        {
            if (!steps[i].IsOuter)
            {
                progress.Pending.AddRange(steps[i].On);
            }
        }

        if (!isFirst)
        {
            progress.Root = Filtered(progress.Root!, progress.TakeReady());
        }

        while (next < steps.Count)
        {
            int end = RunEnd(steps, next);
            if (end > next)
            {
                PlaceRun(progress, steps.GetRange(next, end - next).ConvertAll(static step => step.Source!), isFirst ? order : DesiredOrder.None);
                next = end;
            }
            else
            {
                PlaceOne(progress, steps[next++]);
            }

            isFirst = false;
        }
    }

    /// <summary>The end of a run of sources that may change places.</summary>
    private static int RunEnd(List<JoinStep> steps, int start)
    {
        int end = start;
        while (end < steps.Count && steps[end].Source is not null
            && (end == start ? !steps[end].IsOuter || end == 0 : (steps[end].Kind & (JoinKind.Full | JoinKind.Cross)) == 0))
        {
            end++;
        }

        return end;
    }

    private void PlaceRun(Progress progress, List<FromSource> sources, DesiredOrder order)
    {
        OrderedPaths chosen = new JoinOrder(_finder, progress.Pending).Choose(sources, progress.Placed, progress.Rows, order);
        bool isOrdered = order.IsGivenBy(chosen.Paths, out ulong backwards);

        // Only the outermost run is asked for an order; what is nested within it keeps the order that it gave.
        progress.IsOrdered |= order.Keys.Count > 0 && isOrdered;
        foreach (AccessPath path in chosen.Paths)
        {
            ulong mask = path.Source.Mask;
            PlanNode node = BuildPath(path, isOrdered && (backwards & mask) != 0, progress.Pending);
            _ = progress.Pending.RemoveAll(term => path.Answers(term));
            progress.Placed |= mask;
            node = Filtered(node, progress.TakeReady());
            progress.Root = progress.Root is null ? node : new NestedLoopNode(progress.Root, node);
            progress.Sources.Add(path.Source.Source);
        }

        progress.Rows = chosen.Rows;
    }

    /// <summary>Builds a path's node; what is tested below a hash table is taken out of <paramref name="pending"/>.</summary>
    private static PlanNode BuildPath(AccessPath path, bool reverse, List<WhereTerm> pending)
    {
        if (!path.TestsConditions)
        {
            return path.Build(reverse, []);
        }

        List<WhereTerm> local = pending.FindAll(term => term.Mask == path.Source.Mask && !term.IsCorrelated && !path.Answers(term));
        _ = pending.RemoveAll(local.Contains);
        return path.Build(reverse, local);
    }

    /// <summary>A LEFT JOIN, or a group within parentheses.</summary>
    private void PlaceOne(Progress progress, JoinStep step)
    {
        Progress inner = new(progress.Placed);
        if (step.Source is { } source)
        {
            List<WhereTerm> on = [.. step.On];
            AccessPath path = _finder.Find(source, on, progress.Placed, wantsOrder: false).MinBy(path => path.Setup + (progress.Rows * path.Cost))!;
            PlanNode node = BuildPath(path, false, on);
            _ = on.RemoveAll(term => path.Answers(term));
            inner.Root = Filtered(node, ConditionsOf(on));
            inner.Rows = path.Rows;
        }
        else
        {
            PlanSteps(inner, step.Group, step.IsOuter ? [.. step.On] : [], DesiredOrder.None);
            inner.Root = Filtered(inner.Root!, ConditionsOf(inner.Pending));
        }

        progress.Root = progress.Root is null ? inner.Root
            : step.IsOuter ? new LeftJoinNode(progress.Root, inner.Root, [.. step.Sources])
            : new NestedLoopNode(progress.Root, inner.Root);
        progress.Placed |= step.Mask;
        progress.Sources.AddRange(step.Sources);
        progress.Rows *= Math.Max(1, inner.Rows);
        progress.Root = Filtered(progress.Root, progress.TakeReady());
    }

    private void PlaceFull(Progress progress, JoinStep step)
    {
        PlanNode right;
        double rows;
        if (step.Source is { } source)
        {
            AccessPath path = _finder.Find(source, [], 0, wantsOrder: false)[0];
            right = path.Build(false, []);
            rows = path.Rows;
        }
        else
        {
            Progress inner = new(0);
            PlanSteps(inner, step.Group, [], DesiredOrder.None);
            right = Filtered(inner.Root!, ConditionsOf(inner.Pending));
            rows = inner.Rows;
        }

        List<WhereTerm> pending = [.. progress.Pending, .. step.On];
        progress.Pending.Clear();
        progress.Root = new FullJoinNode(
            progress.Root!,
            right,
            [.. pending.Select(term => term.Condition)],
            [.. progress.Sources],
            [.. step.Sources],
            (step.Kind & JoinKind.Left) != 0);
        progress.Placed |= step.Mask;
        progress.Sources.AddRange(step.Sources);
        progress.Rows = Math.Max(progress.Rows, rows);
    }

    private static PlanNode Filtered(PlanNode node, List<Expr> conditions) => conditions.Count == 0 ? node : new FilterNode(node, conditions);

    private static List<Expr> ConditionsOf(List<WhereTerm> terms) => terms.ConvertAll(static term => term.Condition);

    /// <summary>How far a join has been put together.</summary>
    private sealed class Progress(ulong placed)
    {
        public PlanNode? Root { get; set; }

        public double Rows { get; set; } = 1;

        public bool IsOrdered { get; set; }

        /// <summary>The sources that conditions may refer to by now.</summary>
        public ulong Placed { get; set; } = placed;

        public List<int> Sources { get; } = [];

        /// <summary>Conditions not yet tested.</summary>
        public List<WhereTerm> Pending { get; } = [];

        public List<Expr> TakeReady()
        {
            List<Expr> ready = [];
            int left = 0;
            for (int i = 0; i < Pending.Count; i++)
            {
                WhereTerm term = Pending[i];
                if ((term.Mask & ~Placed) == 0)
                {
                    ready.Add(term.Condition);
                }
                else
                {
                    Pending[left++] = term;
                }
            }

            Pending.RemoveRange(left, Pending.Count - left);
            return ready;
        }
    }
}
