using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>
/// The names that expressions of one SELECT core, or of a row that is written, may use: the sources of its FROM, then the aliases
/// of its results, then what the queries around it offer.
/// </summary>
internal sealed partial class RowScope(CompileState state, RowScope? parent = null, CommonTables? commonTables = null) : ConstantScope(state)
{
    private readonly List<NamedSource> _names = [];

    public CompileState State { get; } = state;

    public RowScope? Parent { get; } = parent;

    public CommonTables? CommonTables { get; } = commonTables;

    /// <summary>What the join of this SELECT reads; shared with the scopes of flattened subqueries.</summary>
    public FromSources From { get; init; } = new();

    public IReadOnlyList<NamedSource> Names => _names;

    /// <summary>Result aliases, and the expressions behind them.</summary>
    public IReadOnlyList<(string Name, ExpressionNode Expression)> Aliases { get; set; } = [];

    /// <summary>Whether <see cref="Aliases"/> may be used at present: not within the results themselves.</summary>
    public bool AliasesVisible { get; set; }

    /// <summary>How many of the first names cannot be used at present: within ON in the FROM of an UPDATE, the table that is changed.</summary>
    public int HiddenNames { get; set; }

    /// <summary>Whether expressions are bound in which aggregates may stand whether or not there are groups: results, HAVING and ORDER BY.</summary>
    public bool AllowsAggregates { get; set; }

    /// <summary>Whether this SELECT has groups; then an aggregate of a query around it may also stand in WHERE and ON.</summary>
    public Func<bool>? HasGroups { get; set; }

    /// <summary>Whether the arguments of an aggregate are bound.</summary>
    private bool _isInAggregate;

    /// <summary>Set while expressions are bound that see groups rather than rows.</summary>
    public Grouping? Grouping { get; set; }

    /// <summary>Set while expressions are bound that see what window functions give rather than the rows below them.</summary>
    public Windowing? Windowing { get; set; }

    /// <summary>Whether the names are those of a trigger's rows, so that RAISE may be called below.</summary>
    public bool IsTrigger { get; init; }

    /// <summary>Whether something bound here, or in a subquery of its FROM, refers to a query around this one.</summary>
    public bool IsCorrelated { get; set; }

    public void Add(NamedSource source) => _names.Add(source);

    /// <summary>Adds a row of a table that is not read by a join: one that is written, or excluded.*.</summary>
    /// <param name="name">The table's name or alias; NEW, OLD or EXCLUDED.</param>
    /// <param name="table">Whose row it is.</param>
    /// <param name="source">Where the row is at run time.</param>
    /// <param name="isQualifiedOnly">Whether columns need the name before them.</param>
    /// <param name="typing">What the columns bring to comparisons.</param>
    public void AddRow(string name, Table table, int source, bool isQualifiedOnly = false, RowTyping typing = RowTyping.Column)
    {
        NamedColumn[] columns = [.. table.Columns.Select((column, i) =>
        {
            Expr expression = typing switch
            {
                RowTyping.Column => new ColumnExpr(source, i, column.Affinity, column.Collation),
                RowTyping.Trigger => new ColumnExpr(source, i, i == table.RowidAlias ? Affinity.Integer : Affinity.None, column.Collation),
                _ => new ColumnExpr(source, i, Affinity.None, null),
            };
            return new NamedColumn
            {
                Name = column.Name,
                Bind = () => expression,
                DeclaredType = column.DeclaredType.Length == 0 ? null : column.DeclaredType,
                Table = table.Name,
                Origin = column.Name,
                IsTableColumn = true,
            };
        })];
        Add(new NamedSource(name, columns, table.KeyColumns is null ? () => new RowidExpr(source) : null)
        {
            RowidColumn = table.RowidAlias >= 0 ? columns[table.RowidAlias] : null,
            IsQualifiedOnly = isQualifiedOnly,
        });
    }

    /// <summary>The table column behind a name, for descriptions; null when it is none.</summary>
    public NamedColumn? FindColumn(ColumnNode node) =>
        Find(node) is var (source, column) ? column ?? RowidColumn(source) : Parent?.FindColumn(node);

    public override Expr? ResolveColumn(ColumnNode node)
    {
        if (Find(node) is var (source, column))
        {
            if (column is not null)
            {
                State.Compilation.ColumnFound?.Invoke(node, column);
            }

            // A column merged by USING is only the merged one where no table is named.
            bool isMerged = column?.Coalesced is not null && (node.Table is null || node.Table == source.Handle);
            Func<Expr> bind = column is null ? source.Rowid! : isMerged ? column.Expression : column.Bind;
            object key = column is null ? source : isMerged ? column.Coalesced! : column;
            return Windowing is { } windowing ? windowing.Capture(key, BelowWindows(Grouping, key, bind))
                : Grouping is { } grouping ? grouping.Capture(key, bind)
                : bind();
        }

        if (AliasesVisible && node.Table is null && FindAlias(node.Column) is { } aliased)
        {
            if (Windowing is null && NodeWalk.HasWindow(aliased))
            {
                throw new SluiceException(ResultCode.Error, $"misuse of aliased window function {node.Column}");
            }

            if (Grouping is null && NodeWalk.HasAggregate(aliased, Functions))
            {
                throw new SluiceException(ResultCode.Error, $"misuse of aliased aggregate {node.Column}");
            }

            AliasesVisible = false;
            Expr expression = ExpressionBinder.Bind(aliased, this);
            AliasesVisible = true;
            return expression;
        }

        Expr? outer = Parent?.ResolveColumn(node);
        IsCorrelated |= outer is not null;
        return outer;
    }

    public override Expr BindAggregate(FunctionNode node, AggregateFunction function)
    {
        if (!AllowsAggregates && HasGroups?.Invoke() != true)
        {
            throw new SluiceException(ResultCode.Error, $"misuse of aggregate function {node.Name}()");
        }

        RowScope owner = OwnerOf(node);
        for (RowScope scope = this; scope != owner; scope = scope.Parent!)
        {
            scope.IsCorrelated = true;
        }

        if (owner.Grouping is not { } grouping)
        {
            throw owner == this
                ? new SluiceException(ResultCode.Error, owner._isInAggregate ? $"misuse of aggregate function {node.Name}()" : $"misuse of aggregate: {node.Name}()")
                : new AggregateOfOuterException($"misuse of aggregate: {node.Name}()", owner);
        }

        // The arguments see the rows, not the groups.
        Windowing? windowing = owner.Windowing;
        owner.Windowing = null;
        owner.Grouping = null;
        owner._isInAggregate = true;
        Expr result = grouping.AddCall(node, function, owner);
        owner._isInAggregate = false;
        owner.Grouping = grouping;
        owner.Windowing = windowing;
        return windowing is null ? result : windowing.Capture(result, () => result);
    }

    public override Expr BindWindow(FunctionNode node)
    {
        if (Windowing is not { } windowing)
        {
            throw new SluiceException(ResultCode.Error, $"misuse of window function {node.Name}()");
        }

        // Arguments and the window itself see the rows below.
        Windowing = null;
        Expr result = windowing.AddCall(node);
        Windowing = windowing;
        return result;
    }

    public override Expr BindRaise(RaiseNode node)
    {
        for (RowScope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope.IsTrigger)
            {
                return new Execute.Dml.RaiseExpr(node.Action, node.Message is null ? null : ExpressionBinder.Bind(node.Message, this));
            }
        }

        return base.BindRaise(node);
    }

    private static Func<Expr> BelowWindows(Grouping? grouping, object key, Func<Expr> bind) =>
        grouping is null ? bind : () => grouping.Capture(key, bind);

    private ExpressionNode? FindAlias(string name)
    {
        foreach ((string alias, ExpressionNode expression) in Aliases)
        {
            if (alias.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return expression;
            }
        }

        return null;
    }

    /// <summary>The name's source in this scope and its column, null for the rowid.</summary>
    private (NamedSource Source, NamedColumn? Column)? Find(ColumnNode node)
    {
        NamedSource? source = null;
        NamedColumn? found = null;
        int candidates = 0;
        NamedSource? rowidSource = null;
        for (int i = HiddenNames; i < _names.Count; i++)
        {
            NamedSource named = _names[i];
            if (!named.Answers(node.Schema, node.Table))
            {
                continue;
            }

            candidates++;
            rowidSource = named;
            NamedColumn? column = named.Find(node.Column);
            if (column is null || (column.IsMerged && found is not null))
            {
                continue;
            }

            if (found is not null)
            {
                string prefix = node.Table is null ? "" : node.Table + ".";
                throw new SluiceException(ResultCode.Error, $"ambiguous column name: {prefix}{node.Column}");
            }

            (source, found) = (named, column);
        }

        if (found is not null)
        {
            return (source!, found);
        }

        // Without a table's name, rowid is only understood where there is just one table.
        return candidates == 1 && rowidSource!.Rowid is not null && RowidNames.Is(node.Column) ? (rowidSource, null) : null;
    }

    private static NamedColumn RowidColumn(NamedSource source) => source.RowidColumn ?? new NamedColumn
    {
        Name = "rowid", Bind = source.Rowid!, DeclaredType = "INTEGER", Table = source.Name, Origin = "rowid",
    };

    /// <summary>Whether an aggregate that is written here is of this SELECT's rows.</summary>
    public bool Owns(FunctionNode aggregate) => OwnerOf(aggregate) == this;

    /// <summary>The SELECT to which an aggregate belongs: the innermost one whose columns its arguments use.</summary>
    private RowScope OwnerOf(FunctionNode node)
    {
        RowScope? outermost = null;
        if (Parent is null)
        {
            return this;
        }

        foreach (ColumnNode column in NodeWalk.Columns(node))
        {
            RowScope? owner = this;
            while (owner is not null && owner.Find(column) is null)
            {
                owner = owner.Parent;
            }

            if (owner == this)
            {
                return this;
            }

            outermost = owner is not null && (outermost is null || owner.IsWithin(outermost)) ? owner : outermost;
        }

        return outermost ?? this;
    }

    private bool IsWithin(RowScope other)
    {
        for (RowScope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope == other)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What the columns of a row that is written bring to comparisons; in SQLite not always what the table's columns do.</summary>
internal enum RowTyping
{
    /// <summary>Affinity and collation.</summary>
    Column,

    /// <summary>NEW and OLD of a trigger: the collation, and the affinity of the INTEGER PRIMARY KEY only.</summary>
    Trigger,

    /// <summary>excluded.*: nothing.</summary>
    Excluded,
}

/// <summary>An aggregate in a subquery whose arguments are columns of a SELECT around it, which has no groups.</summary>
internal sealed class AggregateOfOuterException(string message, RowScope owner) : SluiceException(ResultCode.Error, message)
{
    /// <summary>The scope of that SELECT.</summary>
    public RowScope Owner { get; } = owner;
}
