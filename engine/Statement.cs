using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine;

/// <summary>
/// A prepared statement of one session. Bind, step until false, read columns while true; <see cref="Reset"/> makes it ready again.
/// It is compiled against the schema of its transaction, and anew when that has changed.
/// </summary>
public sealed partial class Statement : IStatement
{
    private readonly Session _session;
    private readonly StatementNode _node;
    private readonly SqlValue[] _parameters;

    private Schemas? _schemas;
    private CompiledStatement? _compiled;
    private bool _foreignKeys;
    private FunctionSet? _functions;

    // One run: an execution in its own transaction (reading in autocommit) or in the session's, or rows computed beforehand.
    private Execution? _execution;

    // An INSERT's execution in the session's transaction, to be made again there: bulk loads run it many times.
    private InsertExecution? _warm;
    private Transaction? _ownTransaction;
    private Func<Transaction, Execution>? _runToEnd;
    private IReadOnlyList<SqlValue[]>? _rows;
    private int _row;
    private bool _started;
    private bool _isReading;
    private SluiceException? _aborted;

    internal Statement(Session session, StatementNode node)
    {
        _session = session;
        _node = node;
        _parameters = new SqlValue[node.Parameters.Count];
        if (node.NamesTemp)
        {
            session.OpenTemp();
        }

        CompileForDescription();
    }

    /// <summary>The statement's text.</summary>
    public string Sql => _node.Text;

    public int ParameterCount => _parameters.Length;

    public int ColumnCount => Columns.Count;

    /// <summary>Result columns; empty for a statement that returns no rows.</summary>
    public IReadOnlyList<ResultColumnDescription> Columns { get; private set; } = [];

    /// <summary>Whether it writes nothing to the database.</summary>
    public bool IsReadOnly => _compiled?.IsReadOnly ?? !ChangesSchema;

    /// <summary>Whether it is INSERT, UPDATE or DELETE, which set <see cref="Changes"/>.</summary>
    public bool IsChange => _node is InsertStatement or UpdateStatement or DeleteStatement && _node.Explain == ExplainKind.None;

    /// <summary>Rows changed by the last run.</summary>
    public long Changes { get; private set; }

    /// <summary>The parameter's name with its prefix, or null for a bare one; parameters count from 1.</summary>
    public string? ParameterName(int number) => _node.Parameters[number - 1];

    /// <summary>The number of a named parameter, the prefix included; 0 if there is none.</summary>
    public int ParameterIndex(string name)
    {
        for (int i = 0; i < _parameters.Length; i++)
        {
            if (name.Equals(_node.Parameters[i], StringComparison.Ordinal))
            {
                return i + 1;
            }
        }

        return 0;
    }

    public string ColumnName(int index) => Columns[index].Name;

    public string? ColumnDeclaredType(int index) => Columns[index].DeclaredType;

    /// <summary>Binds a parameter, counted from 1; not while the statement runs.</summary>
    public void Bind(int number, in SqlValue value)
    {
        if (number < 1 || number > _parameters.Length)
        {
            throw new SluiceException(ResultCode.Range, $"parameter {number} is not among the statement's {_parameters.Length}");
        }

        if (_started)
        {
            throw new SluiceException(ResultCode.Misuse, "a parameter was bound while the statement runs; reset it first");
        }

        _parameters[number - 1] = value;
    }

    ValueTask IStatement.DescribeAsync(bool async)
    {
        Describe();
        return ValueTask.CompletedTask;
    }

    /// <summary>Compiles it anew if the schema has changed, so that <see cref="Columns"/> are those of now.</summary>
    internal void Describe()
    {
        if (IsCompiled && !_started)
        {
            CompileForDescription();
        }
    }

    public void ClearBindings() => Array.Clear(_parameters);

    /// <summary>
    /// Moves to the next row; false at the end. The first call of a statement that writes in autocommit returns when its commit is durable.
    /// </summary>
    public bool Step() => _started ? Next() : StartAsync(asynchronous: false).GetAwaiter().GetResult();

    /// <summary>As <see cref="Step"/>; no thread waits for a commit.</summary>
    public ValueTask<bool> StepAsync() => _started ? ValueTask.FromResult(Next()) : StartAsync(asynchronous: true);

    /// <summary>A column of the current row; the value stays valid.</summary>
    public SqlValue Column(int index) => _rows is { } rows ? rows[_row][index] : _execution!.Column(index);

    /// <summary>Ends the run, so that the statement can be bound and run again.</summary>
    public void Reset()
    {
        EndExecution();
        _rows = null;
        _aborted = null;
        _started = false;
    }

    public void Dispose() => Reset();

    /// <summary>Takes in the rows that are still to come, the current one first, and lets go of the session's transaction.</summary>
    internal void KeepRows()
    {
        if (_ownTransaction is not null || _execution is not { } execution)
        {
            return;
        }

        List<SqlValue[]> rows = [CurrentRow(execution)];
        try
        {
            while (execution.Next())
            {
                rows.Add(CurrentRow(execution));
            }
        }
        catch (SluiceException failure)
        {
            // Told to the one who reads, when they come to it.
            _aborted = failure;
        }

        EndExecution();
        _rows = rows;
        _row = 0;
    }

    /// <summary>The session's transaction is rolled back: the current row is the last.</summary>
    internal void AbortReading()
    {
        if (_ownTransaction is not null || _execution is null)
        {
            return;
        }

        SqlValue[] row = CurrentRow(_execution);
        EndExecution();
        _rows = [row];
        _row = 0;
        _aborted = new SluiceException(ResultCode.Abort, "abort due to ROLLBACK");
    }

    /// <summary>Forgets what was kept for another run in the session's transaction.</summary>
    internal void Cool() => _warm = null;

    private bool Next()
    {
        if (_rows is { } rows)
        {
            if (_row < rows.Count && ++_row < rows.Count)
            {
                return true;
            }

            return _aborted is { } aborted ? throw aborted : false;
        }

        if (_execution is null)
        {
            return false;
        }

        try
        {
            if (_execution.Next())
            {
                return true;
            }
        }
        catch (SluiceException failure)
        {
            bool isOwn = _ownTransaction is not null;
            EndExecution();
            throw Located(isOwn ? failure : _session.Failed(failure, mustRollBack: false));
        }

        EndExecution();
        return false;
    }

    /// <summary>Errors about stored bytes name the file.</summary>
    private SluiceException Located(SluiceException failure) =>
        failure is CorruptRecordException record ? record.At(_session.Database.Path, $"a row read by: {Sql}") : failure;

    /// <summary>The end of a reading run: its transaction, if it is its own, gives up the snapshot.</summary>
    private void EndExecution()
    {
        if (_isReading)
        {
            _isReading = false;
            _session.EndsReading(this);
        }

        _execution?.Dispose();
        _execution = null;
        _ownTransaction?.Dispose();
        _ownTransaction = null;
    }

    private SqlValue[] CurrentRow(Execution execution)
    {
        var row = new SqlValue[ColumnCount];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = execution.Column(i);
        }

        return row;
    }
}
