using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.Operators.Windows;

/// <summary>
/// Computes window functions: reads all rows; for each window, the last one first, sorts them by its partition and order and computes its
/// calls; gives the rows in the order of the first window. What the expressions above need of a row is captured with it.
/// </summary>
internal sealed class WindowNode(PlanNode input, IReadOnlyList<Window> windows, IReadOnlyList<Expr> captures, int output) : PlanNode
{
    public override Operator Build(Run run) => new WindowOperator(run, input.Build(run), [.. windows], [.. captures], output);

    public override void Explain(ExplainWriter writer)
    {
        writer.Group("CO-ROUTINE (window)", inner =>
        {
            input.Explain(inner);
            if (windows.Any(window => window.Partition.Length + window.Order.Length > 0))
            {
                inner.Line("USE TEMP B-TREE FOR ORDER BY");
            }
        });
        writer.Line("SCAN (window)");
    }

    private sealed class WindowOperator : Operator
    {
        private readonly Operator _input;
        private readonly Window[] _windows;
        private readonly Expr[] _captures;
        private readonly BufferRow _row = new();
        private readonly List<SqlValue[]> _captured = [];
        private int[] _order = [];
        private SqlValue[][][] _results = [];
        private int _next = -1;

        public WindowOperator(Run run, Operator input, Window[] windows, Expr[] captures, int output) : base(run)
        {
            _input = input;
            _windows = windows;
            _captures = captures;
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            _next = -1;
            _row.IsNullRow = false;
        }

        public override bool Next()
        {
            if (_next < 0)
            {
                Compute();
                _next = 0;
            }

            if (_next == _order.Length)
            {
                return false;
            }

            int row = _order[_next++];
            _row.Show(_captured[row]);
            for (int i = 0; i < _windows.Length; i++)
            {
                WindowCall[] calls = _windows[i].Calls;
                for (int j = 0; j < calls.Length; j++)
                {
                    Run.Slots[calls[j].Slot] = _results[i][j][row];
                }
            }

            return true;
        }

        private void Compute()
        {
            _captured.Clear();
            WindowRows[] inputs = Array.ConvertAll(_windows, window => new WindowRows(window));
            _input.Open();
            while (_input.Next())
            {
                _captured.Add(Array.ConvertAll(_captures, capture => capture.Evaluate(Run)));
                foreach (WindowRows rows in inputs)
                {
                    rows.Add(Run);
                }
            }

            _order = new int[_captured.Count];
            for (int i = 0; i < _order.Length; i++)
            {
                _order[i] = i;
            }

            _results = new SqlValue[_windows.Length][][];
            for (int i = _windows.Length - 1; i >= 0; i--)
            {
                inputs[i].Sort(_order);
                _results[i] = inputs[i].Compute(Run, _order);
            }
        }
    }
}

/// <summary>The rows of one window: keys, arguments and filters of each, by the number of the row.</summary>
internal sealed class WindowRows(Window window)
{
    private readonly List<SqlValue[]> _keys = [];
    private readonly List<SqlValue[]> _arguments = [];
    private readonly List<bool> _passes = [];

    /// <summary>Takes the current row.</summary>
    public void Add(Run run)
    {
        SqlValue[] keys = new SqlValue[window.Partition.Length + window.Order.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = (i < window.Partition.Length ? window.Partition[i].Value : window.Order[i - window.Partition.Length].Value).Evaluate(run);
        }

        _keys.Add(keys);
        foreach (WindowCall call in window.Calls)
        {
            _arguments.Add(Array.ConvertAll(call.Arguments, argument => argument.Evaluate(run)));
            _passes.Add(call.Filter is null || Logic.Passes(call.Filter, run));
        }
    }

    /// <summary>Orders the numbers of rows by partition and order; equal ones stay as they are.</summary>
    public void Sort(int[] rows)
    {
        if (window.Partition.Length + window.Order.Length == 0)
        {
            return;
        }

        SortOrder[] orders = [.. window.Partition.Select(key => new SortOrder(key.Collation, false, true)), .. window.Order.Select(key => key.Order)];
        int[] place = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            place[rows[i]] = i;
        }

        Array.Sort(rows, (x, y) =>
        {
            SqlValue[] a = _keys[x];
            SqlValue[] b = _keys[y];
            for (int i = 0; i < orders.Length; i++)
            {
                int order = orders[i].Compare(a[i], b[i]);
                if (order != 0)
                {
                    return order;
                }
            }

            return place[x].CompareTo(place[y]);
        });
    }

    /// <summary>The results of all calls by call and number of row; <paramref name="rows"/> are the numbers in order.</summary>
    public SqlValue[][] Compute(Run run, int[] rows)
    {
        SqlValue[][] results = Array.ConvertAll(window.Calls, _ => new SqlValue[rows.Length]);
        int start = 0;
        while (start < rows.Length)
        {
            int end = start + 1;
            while (end < rows.Length && IsSamePartition(rows[start], rows[end]))
            {
                end++;
            }

            run.CheckCancelled();
            Partition partition = new(this, window, rows.AsMemory(start, end - start), run);
            for (int call = 0; call < window.Calls.Length; call++)
            {
                partition.Compute(call, results[call]);
            }

            start = end;
        }

        return results;
    }

    public SqlValue[] Arguments(int row, int call) => _arguments[(row * window.Calls.Length) + call];

    public bool Passes(int row, int call) => _passes[(row * window.Calls.Length) + call];

    /// <summary>The value of the first ORDER BY term.</summary>
    public SqlValue OrderValue(int row) => _keys[row][window.Partition.Length];

    public bool ArePeers(int x, int y)
    {
        for (int i = 0; i < window.Order.Length; i++)
        {
            int at = window.Partition.Length + i;
            if (window.Order[i].Order.Compare(_keys[x][at], _keys[y][at]) != 0)
            {
                return false;
            }
        }

        return true;
    }

    private bool IsSamePartition(int x, int y)
    {
        for (int i = 0; i < window.Partition.Length; i++)
        {
            if (ValueOrder.Compare(_keys[x][i], _keys[y][i], window.Partition[i].Collation) != 0)
            {
                return false;
            }
        }

        return true;
    }
}
