using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>What is shared while one statement is compiled: the schema, and the numbers given out so far.</summary>
internal sealed class CompileState(Compilation compilation)
{
    /// <summary>Views and subqueries nest no deeper than this, so that a hostile statement cannot exhaust the stack.</summary>
    private const int MaxNesting = 200;

    private readonly List<View> _openViews = [];
    private int _sources;
    private int _slots;
    private int _subplans;
    private int _nesting;

    /// <summary>For a statement that neither writes nor has anything to do with triggers.</summary>
    public CompileState(Schemas schemas) : this(new Compilation(schemas, foreignKeys: false))
    {
    }

    public Compilation Compilation { get; } = compilation;

    /// <summary>Whether this is a statement of a trigger.</summary>
    public bool IsTrigger { get; init; }

    /// <summary>The schema of the trigger or foreign key that this is a statement of.</summary>
    public Schema? TriggerHome { get; init; }

    public FunctionSet Functions => Compilation.Functions;

    public Schemas Schemas { get; } = compilation.Schemas;

    /// <summary>Where alone bare names are looked for: in the schema of the view or trigger, unless that is temp. Null for everywhere.</summary>
    public Schema? Home => (OpenView is { } view ? view.Home : TriggerHome) is { } home && home != Schemas.Temp ? home : null;

    /// <summary>The view whose SELECT is being compiled, or null.</summary>
    public View? OpenView => _openViews.Count > 0 ? _openViews[^1] : null;

    public FrameSize Size => new(_sources, _slots, _subplans);

    public int NewSource() => _sources++;

    public int NewSlot() => _slots++;

    public int NewSubplan() => _subplans++;

    /// <summary>Subqueries in FROM by number, for EXPLAIN QUERY PLAN.</summary>
    public int NextSubqueryNumber { get; set; } = 1;

    public void EnterSelect()
    {
        if (++_nesting > MaxNesting)
        {
            throw new SluiceException(ResultCode.Error, "parser stack overflow");
        }
    }

    public void LeaveSelect() => _nesting--;

    public bool TryGetTable(QualifiedName name, [NotNullWhen(true)] out Table? table) => Schemas.TryGetTable(name, Home, out table);

    public bool TryGetView(QualifiedName name, [NotNullWhen(true)] out View? view) => Schemas.TryGetView(name, Home, out view);

    public void EnterView(View view)
    {
        if (_openViews.Exists(open => ReferenceEquals(open, view)))
        {
            throw new SluiceException(ResultCode.Error, $"view {view.Name} is circularly defined");
        }

        _openViews.Add(view);
    }

    /// <summary>Compiles a part of a view's SELECT that is only needed later.</summary>
    public T Within<T>(View? view, Func<T> compile)
    {
        if (view is null || view == OpenView)
        {
            return compile();
        }

        _openViews.Add(view);
        T compiled = compile();
        LeaveView();
        return compiled;
    }

    public void LeaveView() => _openViews.RemoveAt(_openViews.Count - 1);
}
