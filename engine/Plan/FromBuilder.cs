using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Execute.TableFunctions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Resolves the tables of a FROM into a scope's names and the steps of a join.</summary>
internal sealed partial class FromBuilder(RowScope scope)
{
    private readonly CompileState _state = scope.State;
    private readonly List<(JoinStep Step, ExpressionNode On)> _conditions = [];

    /// <summary>Where a RIGHT or FULL JOIN is, a name of USING must be one column of what is to its left.</summary>
    private bool _hasRightJoin;

    /// <summary>The join from left to right.</summary>
    public List<JoinStep> Steps { get; private set; } = [];

    /// <summary>WHERE conditions of flattened subqueries.</summary>
    public List<WhereTerm> Conditions { get; } = [];

    /// <param name="from">The FROM.</param>
    /// <param name="where">The WHERE beside it.</param>
    public void Build(TableExpression from, ExpressionNode? where)
    {
        _hasRightJoin = HasRightJoin(from);
        Steps = BuildSteps(from, flattenable: true);
        BindConditions(where: where);
    }

    /// <summary>The FROM of an UPDATE or DELETE: the table to change, joined with <paramref name="others"/>.</summary>
    public FromSource BuildTarget(Table table, TableReference reference, TableExpression? others)
    {
        FromSource target = AddTable(table, reference);
        target.IsChanged = true;
        target.UsedColumns.AddAll(table.KeyColumns ?? []);
        Steps = Joined([new JoinStep { Kind = JoinKind.Inner, Source = target }], others);
        BindConditions(hidden: 1);
        return target;
    }

    /// <summary>The FROM of an UPDATE or DELETE of a view: all of the view's columns are read, for OLD.</summary>
    public FromSource BuildViewTarget(TableExpression view, TableExpression? others)
    {
        List<JoinStep> steps = BuildSteps(view, flattenable: false);
        FromSource target = steps[0].Source!;
        target.UsedColumns.AddAll(Enumerable.Range(0, target.ColumnCount));
        Steps = Joined(steps, others);
        BindConditions(hidden: 1);
        return target;
    }

    /// <summary>What is changed with what is joined to it; a RIGHT or FULL JOIN among these keeps their rows, not those of the target.</summary>
    private List<JoinStep> Joined(List<JoinStep> target, TableExpression? others)
    {
        if (others is null)
        {
            return target;
        }

        int firstName = scope.Names.Count;
        _hasRightJoin = HasRightJoin(others);
        List<JoinStep> steps = BuildSteps(others, flattenable: true);
        if (others is JoinTable)
        {
            // In SQLite these are SELECT * FROM what is joined.
            foreach (NamedSource source in scope.Names.Skip(firstName))
            {
                ResultTerms.RequireOnlyOnes(source, scope.Names.Skip(firstName));
            }
        }

        return steps.Exists(step => (step.Kind & JoinKind.Right) != 0)
            ? [.. target, new JoinStep { Kind = JoinKind.Inner, Group = steps }]
            : [.. target, .. steps];
    }

    /// <summary>ON may use every name of the FROM, so it is bound when all are known.</summary>
    /// <param name="hidden">How many names it may not: in SQLite the FROM of an UPDATE that joins is a subquery, in which the changed table is not known.</param>
    /// <param name="where">The WHERE, which may give arguments to table-valued functions.</param>
    private void BindConditions(int hidden = 0, ExpressionNode? where = null)
    {
        BindArguments(where);
        scope.HiddenNames = hidden;
        foreach ((JoinStep step, ExpressionNode on) in _conditions)
        {
            step.On.AddRange(WhereTerms.Bind(on, scope));
        }

        scope.HiddenNames = 0;

        ulong known = 0;
        foreach (JoinStep step in Steps)
        {
            known |= step.Mask;
            if (step.IsOuter && step.On.Exists(term => (term.Mask & ~known) != 0))
            {
                throw new SluiceException(ResultCode.Error, "ON clause references tables to its right");
            }
        }
    }

    /// <param name="from">A table, a subquery or a join of them.</param>
    /// <param name="flattenable">
    /// False for what an outer join may make NULL: its subqueries stay sources of their own, for their conditions come before that join
    /// and their expressions are NULL after it.
    /// </param>
    private List<JoinStep> BuildSteps(TableExpression from, bool flattenable)
    {
        switch (from)
        {
            case TableReference reference:
                return AddTable(reference, flattenable);
            case SubqueryTable subquery:
                return AddSubquery(subquery.Select, subquery.Alias, null, scope.Parent, scope.CommonTables, flattenable);
            default:
                return BuildJoin((JoinTable)from, flattenable);
        }
    }

    private List<JoinStep> BuildJoin(JoinTable join, bool flattenable)
    {
        int firstName = scope.Names.Count;
        JoinKind kind = join.Kind & ~JoinKind.Natural;
        List<JoinStep> steps = BuildSteps(join.Left, flattenable && (kind & JoinKind.Right) == 0);
        int leftNames = scope.Names.Count;
        List<JoinStep> right = BuildSteps(join.Right, flattenable && (kind & JoinKind.Full) == 0);
        JoinStep step = Combine(steps, right, kind);
        IReadOnlyList<string>? common = (join.Kind & JoinKind.Natural) != 0 ? CommonColumns(firstName, leftNames) : join.Using;
        if ((join.Kind & JoinKind.Natural) != 0 && (join.On is not null || join.Using is not null))
        {
            throw new SluiceException(ResultCode.Error, "a NATURAL join may not have an ON or USING clause");
        }

        foreach (string column in (common ?? []).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            step.On.AddRange(MergeColumn(column, firstName, leftNames, kind));
        }

        if (join.On is not null)
        {
            _conditions.Add((step, join.On));
        }

        return steps;
    }

    /// <summary>Adds the right operand's steps to the left's; returns the step that takes the join's conditions.</summary>
    private static JoinStep Combine(List<JoinStep> left, List<JoinStep> right, JoinKind kind)
    {
        bool inner = (kind & JoinKind.Full) == 0;
        if (right.Count == 1 && right[0].Source is not null)
        {
            right[0].Kind = kind;
            left.Add(right[0]);
            return right[0];
        }

        if (inner && right.TrueForAll(step => !step.IsOuter))
        {
            right[0].Kind = kind;
            left.AddRange(right);
            return left[^1];
        }

        JoinStep group = new() { Kind = kind, Group = right };
        left.Add(group);
        return group;
    }

    private List<JoinStep> AddTable(TableReference reference, bool flattenable)
    {
        if (reference.Name.Schema is null && scope.CommonTables?.Find(reference.Name.Name) is var (common, home))
        {
            RequireNoIndex(reference);
            if (reference.Arguments is not null)
            {
                throw new SluiceException(ResultCode.Error, $"'{reference.Name.Name}' is not a function");
            }

            return AddCommonTable(common, home, reference.Alias, flattenable);
        }

        bool isTable = _state.TryGetTable(reference.Name, out Table? table);
        bool isView = _state.TryGetView(reference.Name, out View? view);
        if (!isTable && !isView && TableFunctionCatalog.Find(reference.Name.Name) is { } function)
        {
            return [AddFunction(function, reference)];
        }

        if (reference.Arguments is not null)
        {
            throw isTable || isView
                ? new SluiceException(ResultCode.Error, $"'{reference.Name.Name}' is not a function")
                : new SluiceException(ResultCode.Error, $"no such table: {reference.Name.Name}");
        }

        if (view is not null)
        {
            RequireNoIndex(reference);
            _state.EnterView(view);
            List<JoinStep> steps = AddSubquery(view.Definition.Select, reference.Alias ?? view.Name, new GivenNames(view.Name, view.Definition.Columns, IsView: true), null, null, flattenable);
            _state.LeaveView();
            return steps;
        }

        if (table is null)
        {
            throw SchemaNames.NoSuchTable(reference.Name, _state);
        }

        return [new JoinStep { Kind = JoinKind.Inner, Source = AddTable(table, reference) }];
    }

    /// <summary>Adds a table of the schema under its alias.</summary>
    public FromSource AddTable(Table table, TableReference reference)
    {
        table.DemandReadable();
        string name = reference.Alias ?? table.Name;
        FromSource source = new()
        {
            Source = _state.NewSource(),
            Bit = scope.From.NextBit,
            Name = name,
            ColumnCount = table.Columns.Count,
            RequiredIndex = RequiredIndex(table, reference.IndexedBy),
            NotIndexed = reference.NotIndexed,
        };
        source.Access = new TableAccess(source.Source, table.Shape, name);
        _state.Compilation.Read.Add(table);
        scope.From.Add(source);
        scope.Add(NamesOf(table, name, source));
        return source;
    }

    private NamedSource NamesOf(Table table, string name, FromSource source)
    {
        FromSources from = scope.From;
        Expr rowid = new RowidExpr(source.Source);
        NamedColumn[] columns = new NamedColumn[table.Columns.Count];
        for (int i = 0; i < columns.Length; i++)
        {
            Column column = table.Columns[i];
            columns[i] = new NamedColumn
            {
                Name = column.Name,
                Place = new ColumnPlace(from, source, i, table),
                DeclaredType = column.DeclaredType.Length == 0 ? null : column.DeclaredType,
                Table = table.Name,
                Origin = column.Name,
                IsTableColumn = true,
            };
        }

        Expr BindRowid()
        {
            from.Touched |= source.Mask;
            return rowid;
        }

        return new NamedSource(name, columns, table.KeyColumns is null ? BindRowid : null)
        {
            Database = _state.Schemas.NameOf(table.Home),
            RowidColumn = table.RowidAlias >= 0 ? columns[table.RowidAlias] : null,
        };
    }

    /// <summary>INDEXED BY at a view or a common table, which has no indexes.</summary>
    private static void RequireNoIndex(TableReference reference)
    {
        if (reference.IndexedBy is { } index)
        {
            throw NoSuchIndex(index);
        }
    }

    private static SluiceException NoSuchIndex(string name) => new(ResultCode.Error, $"no such index: {name}");

    private static TableIndex? RequiredIndex(Table table, string? name)
    {
        if (name is null)
        {
            return null;
        }

        return table.Indexes.FirstOrDefault(index => index.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw NoSuchIndex(name);
    }

    // ---- USING and NATURAL ----

    /// <summary>The names that both sides of a NATURAL join have.</summary>
    private List<string> CommonColumns(int firstName, int leftNames)
    {
        List<string> common = [];
        foreach (NamedColumn column in scope.Names.Skip(leftNames).SelectMany(source => source.Columns))
        {
            if (!column.IsHidden && !common.Contains(column.Name, StringComparer.OrdinalIgnoreCase)
                && scope.Names.Take(leftNames).Skip(firstName).Any(source => source.Find(column.Name) is not null))
            {
                common.Add(column.Name);
            }
        }

        return common;
    }

    private static bool HasRightJoin(TableExpression from) =>
        from is JoinTable join && ((join.Kind & JoinKind.Right) != 0 || HasRightJoin(join.Left) || HasRightJoin(join.Right));

    private IEnumerable<WhereTerm> MergeColumn(string name, int firstName, int leftNames, JoinKind kind)
    {
        (NamedSource Source, NamedColumn Column)? left = FindSide(name, firstName, leftNames);
        (NamedSource Source, NamedColumn Column)? right = FindSide(name, leftNames, scope.Names.Count);
        if (left is null || right is null)
        {
            throw new SluiceException(ResultCode.Error, $"cannot join using column {name} - column not present in both tables");
        }

        if (_hasRightJoin && scope.Names.Take(leftNames).Skip(firstName).Count(source => source.Find(name) is { IsMerged: false }) > 1)
        {
            throw new SluiceException(ResultCode.Error, $"ambiguous reference to {name} in USING()");
        }

        List<WhereTerm> terms = WhereTerms.Bind(
            new BinaryNode(
                BinaryOperator.Equal,
                new ColumnNode(null, left.Value.Source.Handle, name, false),
                new ColumnNode(null, right.Value.Source.Handle, name, false)),
            scope);
        right.Value.Column.IsMerged = true;
        if ((kind & JoinKind.Right) != 0)
        {
            NamedColumn leftColumn = left.Value.Column;
            Func<Expr> leftValue = leftColumn.Coalesced ?? leftColumn.Bind;
            Func<Expr> rightValue = right.Value.Column.Coalesced ?? right.Value.Column.Bind;
            leftColumn.Coalesced = () => new FirstValueExpr(leftValue(), rightValue());
        }

        return terms;
    }

    private (NamedSource Source, NamedColumn Column)? FindSide(string name, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            if (scope.Names[i].Find(name) is { IsMerged: false } column)
            {
                return (scope.Names[i], column);
            }
        }

        return null;
    }
}
