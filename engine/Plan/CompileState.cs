using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Functions;

namespace Sluice.Engine.Plan;

/// <summary>What is shared while one statement is compiled: the schema, and the numbers given out so far.</summary>
internal sealed class CompileState(Compilation compilation)
{
    /// <summary>Views and subqueries nest no deeper than this, so that a hostile statement cannot exhaust the stack.</summary>
    private const int MaxNesting = 200;

    private readonly List<string> _openViews = [];
    private int _sources;
    private int _slots;
    private int _subplans;
    private int _nesting;

    /// <summary>For a statement that neither writes nor has anything to do with triggers.</summary>
    public CompileState(Schema schema) : this(new Compilation(schema, foreignKeys: false))
    {
    }

    public Compilation Compilation { get; } = compilation;

    /// <summary>Whether this is a statement of a trigger, whose tables are those of the trigger's schema.</summary>
    public bool IsTrigger { get; init; }

    public Schema Schema { get; } = compilation.Schema;

    public FunctionSet Functions => Compilation.Functions;

    /// <summary>Whether the SELECT of a view is being compiled.</summary>
    public bool IsInView => _openViews.Count > 0;

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

    public void EnterView(string name)
    {
        if (_openViews.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new SluiceException(ResultCode.Error, $"view {name} is circularly defined");
        }

        _openViews.Add(name);
    }

    public void LeaveView() => _openViews.RemoveAt(_openViews.Count - 1);
}
