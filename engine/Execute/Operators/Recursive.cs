using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators;

/// <summary>Reads the one row of a recursive common table that is being expanded; whoever expands it has put it into the source.</summary>
internal sealed class CurrentRowNode(string name) : PlanNode
{
    public override Operator Build(Run run) => new CurrentRow(run);

    public override void Explain(ExplainWriter writer) => writer.Line($"SCAN {name}");

    private sealed class CurrentRow(Run run) : Operator(run)
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

/// <summary>
/// A recursive common table: a queue that begins with the initial rows; each row taken from it is given, then expanded by the
/// recursive parts, whose rows join the queue. With UNION a row is queued once only; with ORDER BY the least row is taken first.
/// </summary>
internal sealed class RecursiveNode : PlanNode
{
    public required CompoundPart Initial { get; init; }

    public required IReadOnlyList<CompoundPart> Recursive { get; init; }

    /// <summary>The collations by which rows are told apart; null for UNION ALL.</summary>
    public required IReadOnlyList<Collation>? Distinct { get; init; }

    public required IReadOnlyList<(int Column, SortOrder Order)> Order { get; init; }

    /// <summary>The source that the recursive parts read.</summary>
    public required int Reference { get; init; }

    /// <summary>The source of the rows given.</summary>
    public required int Output { get; init; }

    public override Operator Build(Run run) => new Recursion(run, this);

    public override void Explain(ExplainWriter writer)
    {
        writer.Group("SETUP", Initial.Input.Explain);
        writer.Group("RECURSIVE STEP", inner =>
        {
            foreach (CompoundPart part in Recursive)
            {
                part.Input.Explain(inner);
            }
        });
    }

    private sealed class Recursion : Operator
    {
        private readonly RecursiveNode _node;
        private readonly Operator _initial;
        private readonly Operator[] _recursive;
        private readonly RowTable? _seen;
        private readonly PriorityQueue<SqlValue[], SortEntry> _ordered;
        private readonly Queue<SqlValue[]> _queue = new();
        private readonly BufferRow _current = new();
        private readonly BufferRow _row = new();
        private SqlValue[]? _expanding;
        private bool _started;
        private long _sequence;

        public Recursion(Run run, RecursiveNode node) : base(run)
        {
            _node = node;
            _initial = node.Initial.Input.Build(run);
            run.Sources[node.Reference] = _current;
            _recursive = [.. node.Recursive.Select(part => part.Input.Build(run))];
            _seen = node.Distinct is null ? null : new RowTable(node.Distinct);
            _ordered = new PriorityQueue<SqlValue[], SortEntry>(new SortEntryComparer([.. node.Order.Select(term => term.Order)]));
            run.Sources[node.Output] = _row;
        }

        public override void Open()
        {
            _started = false;
            _expanding = null;
            _row.IsNullRow = false;
            _queue.Clear();
            _ordered.Clear();
            _seen?.Clear();
            _sequence = 0;
        }

        public override bool Next()
        {
            Run.CheckCancelled();
            if (!_started)
            {
                _started = true;
                Enqueue(_initial, _node.Initial.Results);
            }

            if (_expanding is not null)
            {
                _current.Show(_expanding);
                for (int i = 0; i < _recursive.Length; i++)
                {
                    Enqueue(_recursive[i], _node.Recursive[i].Results);
                }
            }

            if (!(_node.Order.Count > 0 ? _ordered.TryDequeue(out _expanding, out _) : _queue.TryDequeue(out _expanding)))
            {
                return false;
            }

            _row.Show(_expanding);
            return true;
        }

        private void Enqueue(Operator input, IReadOnlyList<Expr> results)
        {
            input.Open();
            while (input.Next())
            {
                SqlValue[] row = new SqlValue[results.Count];
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] = results[i].Evaluate(Run);
                }

                if (_seen is not null)
                {
                    _ = _seen.FindOrAdd(row, out bool added);
                    if (!added)
                    {
                        continue;
                    }
                }

                if (_node.Order.Count == 0)
                {
                    _queue.Enqueue(row);
                    continue;
                }

                SqlValue[] key = new SqlValue[_node.Order.Count];
                for (int i = 0; i < key.Length; i++)
                {
                    key[i] = row[_node.Order[i].Column];
                }

                _ordered.Enqueue(row, new SortEntry(key, _sequence++));
            }
        }
    }
}
