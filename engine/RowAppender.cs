using System.Text;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine;

/// <summary>
/// Inserts rows into one table without parsing or planning for each: INSERT's own execution, restarted row by row. Its run belongs to one
/// transaction and one schema; when the session's are others, it begins anew.
/// </summary>
internal sealed class RowAppender : IRowAppender
{
    private readonly Session _session;
    private readonly StatementNode _insert;
    private readonly string _table;
    private readonly SqlValue[] _row;

    // The run in one transaction.
    private CompiledStatement? _compiled;
    private Schemas? _schemas;
    private Transaction? _transaction;
    private ChangeExecution? _execution;

    /// <param name="session">Has an explicit transaction.</param>
    /// <param name="table">The table.</param>
    /// <param name="columns">The columns that rows give, the others get their default; none for all columns.</param>
    internal RowAppender(Session session, string table, string[] columns)
    {
        _session = session;
        _table = table;
        Transaction transaction = RequireTransaction();
        int count = columns.Length;
        if (count == 0)
        {
            count = transaction.Schemas.TryGetTable(new QualifiedName(null, table), null, out Table? found)
                ? found.Columns.Count(column => column.Generated is null)
                : throw new SluiceException(ResultCode.Error, $"no such table: {table}");
        }

        _row = new SqlValue[count];
        _insert = Parser.Parse(Encoding.UTF8.GetBytes(InsertText(table, columns, count)), 0, out _)!;
        Start(transaction);
    }

    public int ColumnCount => _row.Length;

    public long Append(SqlValue[] row)
    {
        _session.RequireNotQueryOnly();
        row.CopyTo(_row, 0);
        Transaction transaction = RequireTransaction();
        if (!ReferenceEquals(transaction, _transaction) || !ReferenceEquals(transaction.Schemas, _schemas))
        {
            Start(transaction);
        }

        ChangeExecution execution = _execution!;
        _session.StatementBegins();
        try
        {
            execution.Restart();
            _ = execution.Next();
        }
        catch (SluiceException failure)
        {
            bool mustRollBack = execution.MustRollBack;
            Dispose();
            if (_session.GoesOnOnPages(failure))
            {
                return Append(row);
            }

            throw _session.Failed(failure, mustRollBack);
        }

        _session.StatementChanged(execution.Changes, execution.LastInsertRowid, execution.NestedChanges);
        return execution.LastInsertRowid ?? (execution.Changes > 0 ? 0 : throw new SluiceException(
            ResultCode.Constraint, $"the row was not inserted into {_table}: a constraint of the table says to ignore rows that conflict"));
    }

    /// <summary>Lets go of the transaction; the rows written stay.</summary>
    public void Dispose()
    {
        _execution?.Dispose();
        _execution = null;
        _transaction = null;
    }

    private static string InsertText(string table, string[] columns, int count)
    {
        StringBuilder sql = new StringBuilder("INSERT INTO ").Append(Quoted(table));
        for (int i = 0; i < columns.Length; i++)
        {
            _ = sql.Append(i == 0 ? "(" : ", ").Append(Quoted(columns[i]));
        }

        _ = sql.Append(columns.Length == 0 ? " VALUES(" : ") VALUES(");
        for (int i = 0; i < count; i++)
        {
            _ = sql.Append(i == 0 ? "?" : ", ?");
        }

        return sql.Append(')').ToString();
    }

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private Transaction RequireTransaction() =>
        _session.Transaction() ?? throw new InvalidOperationException(
            "An appender writes into an explicit transaction: begin one on its connection first.");

    private void Start(Transaction transaction)
    {
        Dispose();
        if (!ReferenceEquals(transaction.Schemas, _schemas))
        {
            _compiled = Planner.Compile(_insert, transaction.Schemas, _session.ForeignKeys.Enabled, _session.Functions);
            _schemas = transaction.Schemas;
        }

        foreach (Table table in _compiled!.WrittenOnPages)
        {
            _session.BeforeBecomingExclusive();
            transaction.Of(table).BecomeExclusive();
        }

        _execution = (ChangeExecution)_compiled.Start(transaction, _session, _row);
        transaction.IsBlind &= _execution is InsertExecution { IsBlind: true };
        _transaction = transaction;
    }
}
