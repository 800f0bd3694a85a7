using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;

namespace Sluice.Engine.Execute.TableFunctions;

/// <summary>Reads the rows of a table-valued function. Its arguments may be columns of what is read before it.</summary>
internal sealed class TableFunctionNode(TableFunction function, int output) : PlanNode
{
    /// <summary>Set when all names of the FROM are known.</summary>
    public Expr[] Arguments { get; set; } = [];

    public override Operator Build(Run run) => new FunctionRows(run, function, Arguments, output);

    public override void Explain(ExplainWriter writer) => writer.Line($"SCAN {function.Name} VIRTUAL TABLE INDEX 0:");

    private sealed class FunctionRows : Operator
    {
        private readonly TableFunction _function;
        private readonly Expr[] _arguments;
        private readonly BufferRow _row = new();
        private readonly SqlValue[] _values;
        private readonly int _visible;
        private IEnumerator<SqlValue[]>? _rows;
        private long _rowid;

        public FunctionRows(Run run, TableFunction function, Expr[] arguments, int output) : base(run)
        {
            _function = function;
            _arguments = arguments;
            _values = new SqlValue[function.Columns.Length];
            _visible = function.Columns.Length - function.MaxArguments;
            run.Sources[output] = _row;
        }

        public override void Open()
        {
            _row.IsNullRow = false;
            _rowid = _function.FirstRowid;
            SqlValue[] arguments = Array.ConvertAll(_arguments, argument => argument.Evaluate(Run));
            arguments.CopyTo(_values, _visible);
            _rows = _function.Rows(arguments, Run).GetEnumerator();
        }

        public override bool Next()
        {
            Run.CheckCancelled();
            if (!_rows!.MoveNext())
            {
                return false;
            }

            _rows.Current.CopyTo(_values, 0);
            _row.Show(_values, 0, _rowid++);
            return true;
        }
    }
}
