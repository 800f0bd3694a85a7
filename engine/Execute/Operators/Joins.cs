using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>For each row of the left, the rows of the right, which is opened anew each time and may read the left row.</summary>
internal sealed class NestedLoopNode(PlanNode left, PlanNode right) : PlanNode
{
    public override Operator Build(Run run) => new NestedLoop(run, left.Build(run), right.Build(run));

    public override void Explain(ExplainWriter writer)
    {
        left.Explain(writer);
        right.Explain(writer);
    }

    private sealed class NestedLoop(Run run, Operator left, Operator right) : Operator(run)
    {
        private bool _inRight;
        private bool _isEmpty;

        /// <summary>An empty table to the right is seen at once, not after all rows of the left.</summary>
        public override void Open()
        {
            _inRight = false;
            _isEmpty = right.IsSurelyEmpty;
            left.Open();
        }

        public override bool IsSurelyEmpty => left.IsSurelyEmpty || right.IsSurelyEmpty;

        public override bool Next()
        {
            while (!_isEmpty)
            {
                if (_inRight)
                {
                    if (right.Next())
                    {
                        return true;
                    }

                    _inRight = false;
                }

                if (!left.Next())
                {
                    return false;
                }

                right.Open();
                _inRight = true;
            }

            return false;
        }
    }
}

/// <summary>As <see cref="NestedLoopNode"/>, but a left row without a right one comes once, the right's sources giving NULLs.</summary>
internal sealed class LeftJoinNode(PlanNode left, PlanNode right, IReadOnlyList<int> rightSources) : PlanNode
{
    public override Operator Build(Run run) => new LeftJoin(run, left.Build(run), right.Build(run), [.. rightSources]);

    public override void Explain(ExplainWriter writer)
    {
        left.Explain(writer);
        ExplainWriter inner = writer.Apart();
        right.Explain(inner);
        writer.Append(inner, " LEFT-JOIN");
    }

    private sealed class LeftJoin(Run run, Operator left, Operator right, int[] rightSources) : Operator(run)
    {
        private bool _inRight;
        private bool _matched;

        public override void Open()
        {
            _inRight = false;
            left.Open();
        }

        public override bool Next()
        {
            while (true)
            {
                if (_inRight)
                {
                    if (right.Next())
                    {
                        _matched = true;
                        return true;
                    }

                    _inRight = false;
                    if (!_matched)
                    {
                        NullRows.Set(Run, rightSources, true);
                        return true;
                    }
                }

                if (!left.Next())
                {
                    return false;
                }

                NullRows.Set(Run, rightSources, false);
                right.Open();
                _inRight = true;
                _matched = false;
            }
        }
    }
}

/// <summary>
/// RIGHT and FULL JOIN: first the left rows with their right rows (for FULL also those without), remembering which right rows
/// were met, by their number: the right side gives the same rows in the same order each time. Then the right rows that were not, the left's
/// sources giving NULLs.
/// </summary>
internal sealed class FullJoinNode(
    PlanNode left, PlanNode right, IReadOnlyList<Expr> on, IReadOnlyList<int> leftSources, IReadOnlyList<int> rightSources, bool keepLeft) : PlanNode
{
    public override Operator Build(Run run) => new FullJoin(run, left.Build(run), right.Build(run), [.. on], [.. leftSources], [.. rightSources], keepLeft);

    public override void Explain(ExplainWriter writer)
    {
        left.Explain(writer);
        ExplainWriter inner = writer.Apart();
        right.Explain(inner);
        writer.Append(inner, keepLeft ? " FULL-JOIN" : " RIGHT-JOIN");
    }

    private sealed class FullJoin(
        Run run, Operator left, Operator right, Expr[] on, int[] leftSources, int[] rightSources, bool keepLeft) : Operator(run)
    {
        private readonly HashSet<long> _met = [];
        private long _number;
        private bool _inRight;
        private bool _matched;
        private bool _leftDone;

        public override void Open()
        {
            _met.Clear();
            _inRight = false;
            _leftDone = false;
            NullRows.Set(Run, leftSources, false);
            left.Open();
        }

        public override bool Next()
        {
            if (!_leftDone)
            {
                if (NextJoined())
                {
                    return true;
                }

                _leftDone = true;
                OpenRight();
                NullRows.Set(Run, leftSources, true);
            }

            while (NextRight())
            {
                if (!_met.Contains(_number))
                {
                    return true;
                }
            }

            return false;
        }

        private bool NextJoined()
        {
            while (true)
            {
                while (_inRight)
                {
                    if (NextRight())
                    {
                        if (Passes())
                        {
                            _matched = true;
                            _ = _met.Add(_number);
                            return true;
                        }

                        continue;
                    }

                    _inRight = false;
                    if (!_matched && keepLeft)
                    {
                        NullRows.Set(Run, rightSources, true);
                        return true;
                    }
                }

                if (!left.Next())
                {
                    return false;
                }

                OpenRight();
                _inRight = true;
                _matched = false;
            }
        }

        private void OpenRight()
        {
            NullRows.Set(Run, rightSources, false);
            right.Open();
            _number = 0;
        }

        private bool NextRight()
        {
            _number++;
            return right.Next();
        }

        private bool Passes()
        {
            foreach (Expr condition in on)
            {
                if (!Logic.Passes(condition, Run))
                {
                    return false;
                }
            }

            return true;
        }
    }
}

/// <summary>Turns sources into rows of NULLs, or back.</summary>
internal static class NullRows
{
    public static void Set(Run run, int[] sources, bool isNull)
    {
        foreach (int source in sources)
        {
            run.Sources[source].IsNullRow = isNull;
        }
    }
}
