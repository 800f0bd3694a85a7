using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Execute.Spill;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Dml;

/// <summary>An ON CONFLICT clause, bound: which constraint it is for, and what it does.</summary>
internal sealed record BoundUpsert
{
    /// <summary>Whether it takes a conflict whatever its constraint: it has no target.</summary>
    public bool AnyConstraint { get; init; }

    /// <summary>The unique index of its target; null for the rowid.</summary>
    public TableIndex? Index { get; init; }

    /// <summary>DO UPDATE's assignments by column ordinal; null for DO NOTHING.</summary>
    public (int Column, Expr Value)[]? Set { get; init; }

    public Expr? Where { get; init; }

    public bool Takes(TableIndex? conflict) => AnyConstraint || ReferenceEquals(conflict, Index);
}

/// <summary>What an INSERT inserts and where it puts it, worked out once a statement.</summary>
internal sealed record InsertPlan
{
    public required TableWritePlan Write { get; init; }

    /// <summary>Rows of VALUES; null when <see cref="Query"/> gives the rows.</summary>
    public Expr[][]? Rows { get; init; }

    public PlanNode? Query { get; init; }

    /// <summary>The tables that the query reads.</summary>
    public IReadOnlyList<Table> QueryTables { get; init; } = [];

    /// <summary>The tables that the whole statement writes, complete when it runs.</summary>
    public IReadOnlySet<Table> Written { get; init; } = new HashSet<Table>();

    /// <summary>The query's result columns.</summary>
    public Expr[] QueryOutputs { get; init; } = [];

    /// <summary>By table column: the position in a given row, or -1 for the default.</summary>
    public required int[] Positions { get; init; }

    /// <summary>The position in a given row of a column named rowid, where no column is its alias; -1 without one.</summary>
    public int RowidPosition { get; init; } = -1;

    /// <summary>The source number of the row to write, which CHECK and RETURNING read.</summary>
    public required int NewRowSource { get; init; }

    /// <summary>The source number of excluded.* and of the table's existing row in ON CONFLICT; -1 without one.</summary>
    public int ExcludedSource { get; init; } = -1;

    public int ExistingSource { get; init; } = -1;

    public BoundUpsert[] Upserts { get; init; } = [];

    /// <summary>How ON CONFLICT DO UPDATE writes: with the triggers of an UPDATE, and ABORT where its own row collides.</summary>
    public TableWritePlan? UpsertWrite { get; init; }

    public ReturningPlan? Returning { get; init; }

    private bool? _needsRowidEarly;
    private bool? _isApart;

    /// <summary>Whether the query reads nothing that the statement writes, so that both can go on in turn.</summary>
    public bool IsApart => _isApart ??= !QueryTables.Any(Written.Contains);

    /// <summary>By index: whether a new row's key may be there already.</summary>
    public bool[] Tested => field ??= [.. Write.Indexes.Select(static index => index.Unique)];

    /// <summary>The same for a row whose rowid is made for it: a key with a new rowid cannot be there yet.</summary>
    public bool[] TestedIfAutomatic => field ??= [.. Write.Indexes.Select(index =>
        index.Unique && (index.Expressions.Count > 0 || index.Where is not null || !index.Columns.Contains(Write.Table.RowidAlias)))];

    /// <summary>In which order conflicts are looked for, see <see cref="ConflictResolver"/>.</summary>
    public int[] ConflictOrder => field ??= ConflictResolver.OrderOf(Write, Upserts);

    /// <summary>
    /// Whether a row has its rowid before it is checked: a CHECK, an expression or a partial index may read it; it is not that of a row that is replaced;
    /// AUTOINCREMENT uses it up also when the row is passed over.
    /// </summary>
    public bool NeedsRowidEarly => _needsRowidEarly ??= Write.Checks.Length > 0 || Write.HasExpressions || Write.Table.IsAutoincrement
        || Write.Indexes.Any(index => index.Unique && Write.ActionOf(index.OnConflict) == ConflictAction.Replace);
}

/// <summary>One run of an INSERT.</summary>
internal sealed class InsertExecution : ChangeExecution
{
    /// <summary>Rows that a query gives before they are written: after writing it must look for its place anew.</summary>
    private const int RowsAtATime = 1000;

    /// <summary>Memory of the version of a row, or of an entry of an index, near enough.</summary>
    private const int VersionBytes = 256;

    private readonly InsertPlan _plan;
    private readonly Table _table;
    private readonly Transaction _transaction;
    private readonly RowWriter _writer;
    private readonly RowWriter? _upsertWriter;
    private readonly ConflictResolver _conflicts;
    private readonly RowEvents? _events;
    private readonly SequenceRow? _sequence;
    private BoundUpsert? _upsert;
    private SqlValue[]? _given;

    public InsertExecution(InsertPlan plan, Run run)
        : base(run, plan.Returning)
    {
        _plan = plan;
        _table = plan.Write.Table;
        _transaction = run.Transaction.Of(_table);
        ValuesSource newRow = new(_table.Columns.Count);
        run.Sources[plan.NewRowSource] = newRow;
        _events = plan.Write.Events;
        _sequence = _table.IsAutoincrement ? new SequenceRow(_table, _transaction) : null;
        _writer = RowWriter.Create(plan.Write, _transaction, run, newRow);
        _conflicts = new ConflictResolver(plan.Write, _writer, run, plan.ConflictOrder, plan.Upserts.Length == 0 ? null : TakenByUpsert);
        if (plan.Upserts.Length > 0)
        {
            run.Sources[plan.ExcludedSource] = new ValuesSource(_table.Columns.Count);
            run.Sources[plan.ExistingSource] = new ValuesSource(_table.Columns.Count);
            _upsertWriter = plan.UpsertWrite is { } upsertWrite ? RowWriter.Create(upsertWrite, _transaction, run, newRow) : null;
        }
    }

    /// <summary>Whether another run in the same transaction may use what this one has made: nothing is kept from what a query or a trigger saw.</summary>
    public bool CanRunAgain => _plan.Rows is not null && _events is null && Run.SubplanState.Length == 0;

    /// <summary>Whether it answers nothing that depends on the rows that are there, unless it fails.</summary>
    public bool IsBlind => CanRunAgain && _plan.Returning is null && _plan.Upserts.Length == 0 && _plan.Write.FailsOnConflict;

    protected override void Change()
    {
        if (_plan.Rows is { } rows)
        {
            _given ??= new SqlValue[rows[0].Length];
            foreach (Expr[] row in rows)
            {
                Run.CheckCancelled();
                for (int i = 0; i < row.Length; i++)
                {
                    _given[i] = row[i].Evaluate(Run);
                }

                InsertRow(FillNewRow(_given));
            }
        }
        else
        {
            InsertFromQuery();
        }

        _sequence?.Save();
    }

    /// <summary>Writes the query's rows as it gives them, some at a time; all of them are read before the first is written if it reads what is written.</summary>
    private void InsertFromQuery()
    {
        Expr[] outputs = _plan.QueryOutputs;
        RowSpool rows = new(Run, outputs.Length);
        Operator query = _plan.Query!.Build(Run);
        query.Open();
        bool more = true;
        long usual = _plan.IsApart ? RowsAtATime : long.MaxValue;
        Func<bool>? refuses = RefusesMany;
        long portion = refuses is null ? usual : Run.Transaction.Work.BudgetBytes / (VersionBytes * (1 + _plan.Write.Indexes.Length));
        while (more)
        {
            rows.Clear();
            while (rows.Count < portion && (more = query.Next()))
            {
                Span<SqlValue> row = rows.Add();
                for (int i = 0; i < outputs.Length; i++)
                {
                    row[i] = outputs[i].Evaluate(Run);
                }

                if (rows.Count == portion && refuses is not null)
                {
                    if (refuses())
                    {
                        throw new SluiceException(ResultCode.NoMemory, $"out of memory: {rows.Count} rows and more are inserted by one statement");
                    }

                    // Others write by now: in memory, as long as it lasts.
                    refuses = null;
                    portion = Math.Max(usual, portion);
                }
            }

            while (rows.TryRead(out ReadOnlySpan<SqlValue> given))
            {
                Run.CheckCancelled();
                InsertRow(FillNewRow(given));
            }
        }
    }

    /// <summary>Puts a given row's values and the defaults into the new row; returns the rowid asked for by name.</summary>
    private SqlValue FillNewRow(ReadOnlySpan<SqlValue> given)
    {
        SqlValue[] values = _writer.NewRow.Values;
        for (int i = 0; i < values.Length; i++)
        {
            int position = _plan.Positions[i];
            values[i] = position >= 0 ? given[position] : _plan.Write.Defaults[i]?.Evaluate(Run) ?? SqlValue.Null;
        }

        return _table.RowidAlias >= 0 ? values[_table.RowidAlias]
            : _plan.RowidPosition >= 0 ? given[_plan.RowidPosition]
            : SqlValue.Null;
    }

    private void InsertRow(in SqlValue askedRowid)
    {
        bool isKeyed = _table.KeyColumns is not null;
        long? given = isKeyed ? 0 : RowWriter.RequestedRowid(askedRowid);
        if (_events is { BeforeInsert.Length: > 0 } && !FireBefore(given))
        {
            return;
        }

        bool early = given is null && _plan.NeedsRowidEarly;
        if (given is { } rowid)
        {
            SetRowid(rowid);
        }
        else if (early)
        {
            SetRowid(AllocateRowid());
        }

        switch (early ? CheckWithNewRowid() : Check(given is not null))
        {
            case ConflictOutcome.PassOver:
                PassOver(early);
                return;
            case ConflictOutcome.Upsert:
                PassOver(early);
                Upsert(_conflicts.Conflict.Key);
                return;
            default:
                break;
        }

        if (given is null && !early)
        {
            SetRowid(AllocateRowid());
        }

        Write();
    }

    private ConflictOutcome Check(bool hasGivenKey) => _writer.Prepare()
        ? _conflicts.Resolve(self: null, testKey: hasGivenKey, hasGivenKey ? _plan.Tested : _plan.TestedIfAutomatic)
        : ConflictOutcome.PassOver;

    /// <summary>After an error that leaves the rows before (FAIL), the next row gets the rowid.</summary>
    private ConflictOutcome CheckWithNewRowid()
    {
        try
        {
            return Check(hasGivenKey: false);
        }
        catch (SluiceException)
        {
            PassOver(hasRowid: true);
            throw;
        }
    }

    /// <summary>BEFORE triggers see -1 where the rowid is not known yet. False when the row is to be passed over.</summary>
    private bool FireBefore(long? given)
    {
        SetRowid(given ?? -1);
        _writer.Complete();
        bool goesOn = TriggerProgram.FireAll(_events!.BeforeInsert, Run, _writer.NewRow, null);
        if (given is null && _table.RowidAlias >= 0)
        {
            _writer.NewRow.Values[_table.RowidAlias] = SqlValue.Null;
        }

        return goesOn;
    }

    private void Write()
    {
        ValuesSource newRow = _writer.NewRow;
        _events?.BeforeAddition(Run, newRow, self: null);
        _writer.Insert();
        _sequence?.Raise(newRow.Rowid);
        _events?.AfterAddition(Run, newRow, isUpdate: false);
        if (_events is { AfterInsert.Length: > 0 })
        {
            // Its triggers see the row's rowid as last_insert_rowid().
            _ = Run.Scope;
        }

        RowChanged(_table.KeyColumns is null ? newRow.Rowid : null);
        if (_events is { AfterInsert.Length: > 0 })
        {
            _ = TriggerProgram.FireAll(_events.AfterInsert, Run, newRow, null);
        }
    }

    private long AllocateRowid()
    {
        long rowid = _transaction.AllocateRowid(_table.RootPage);
        return _sequence is null ? rowid : _sequence.Next(rowid);
    }

    private void PassOver(bool hasRowid)
    {
        if (_sequence is not null)
        {
            _sequence.Raise(_writer.NewRow.Rowid);
        }
        else if (hasRowid)
        {
            _transaction.GiveBackRowid(_table.RootPage, _writer.NewRow.Rowid);
        }
    }

    private void SetRowid(long rowid)
    {
        _writer.NewRow.SetRowid(rowid);
        if (_table.RowidAlias >= 0)
        {
            _writer.NewRow.Values[_table.RowidAlias] = SqlValue.FromInteger(rowid);
        }
    }

    private bool TakenByUpsert(TableIndex? conflict)
    {
        _upsert = Array.Find(_plan.Upserts, upsert => upsert.Takes(conflict));
        return _upsert is not null;
    }

    private void Upsert(in RowKey existingKey)
    {
        if (_upsert!.Set is not { } assignments || _upsertWriter is not { } writer)
        {
            return;
        }

        ValuesSource newRow = _writer.NewRow;
        ((ValuesSource)Run.Sources[_plan.ExcludedSource]).Take(newRow);
        if (!writer.TryReadOld(existingKey))
        {
            throw new SluiceException(ResultCode.Corrupt, $"an index of {_table.Name} refers to a row that is not in the table");
        }

        ((ValuesSource)Run.Sources[_plan.ExistingSource]).Take(writer.OldRow);
        if (_upsert.Where is { } where && !Logic.Passes(where, Run))
        {
            return;
        }

        newRow.Take(writer.OldRow);
        SqlValue[] values = Array.ConvertAll(assignments, assignment => assignment.Value.Evaluate(Run));
        for (int i = 0; i < values.Length; i++)
        {
            newRow.Values[assignments[i].Column] = values[i];
        }

        RowUpdater updater = new(_plan.UpsertWrite!, writer, Run, [.. assignments.Select(assignment => assignment.Column)]);
        updater.Update(newRowid: null, () => RowChanged(insertedRowid: null));
    }
}
