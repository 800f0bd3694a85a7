using System.Text;
using Sluice.Engine;
using Sluice.Engine.Format;

namespace Sluice.Simulation.Workload;

/// <summary>One run of a statement: its rows, or its error, or a commit that is not durable yet.</summary>
internal sealed class Run : IDisposable
{
    private readonly Statement? _statement;
    private readonly ValueTask<bool> _step;
    private readonly List<SqlValue[]> _rows = [];

    public Run(Session session, string sql, ReadOnlySpan<SqlValue> parameters)
    {
        try
        {
            _statement = session.Prepare(Encoding.UTF8.GetBytes(sql), 0, out _)!;
            for (int i = 0; i < parameters.Length; i++)
            {
                _statement.Bind(i + 1, parameters[i]);
            }

            _step = _statement.StepAsync();
            if (_step.IsCompleted)
            {
                Finish();
            }
        }
        catch (SluiceException error)
        {
            Error = error;
        }
    }

    /// <summary>Whether the outcome is known.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether the commit that it waited for has an outcome that <see cref="Finish"/> will tell.</summary>
    public bool IsReady => IsOver || _step.IsCompleted;

    /// <summary>Whether that outcome is an error.</summary>
    public bool IsFaulted => _step.IsFaulted;

    public SluiceException? Error { get; private set; }

    public IReadOnlyList<SqlValue[]> Rows => _rows;

    public long Changes => _statement!.Changes;

    /// <summary>Takes the outcome; only when it is ready.</summary>
    public void Finish()
    {
        IsOver = true;
        try
        {
            for (bool any = _step.GetAwaiter().GetResult(); any; any = _statement!.Step())
            {
                var row = new SqlValue[_statement!.ColumnCount];
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] = _statement.Column(i);
                }

                _rows.Add(row);
            }
        }
        catch (SluiceException error)
        {
            Error = error;
        }
    }

    public void Dispose()
    {
        if (IsOver)
        {
            _statement?.Dispose();
        }
    }
}
