namespace Sluice.Engine.Plan;

/// <summary>Collects the lines of EXPLAIN QUERY PLAN as a tree, numbered as they come ("EXPLAIN QUERY PLAN", sqlite.org/eqp.html).</summary>
internal sealed class ExplainWriter
{
    private readonly List<ExplainLine> _lines = [];
    private int _parent;

    public IReadOnlyList<ExplainLine> Lines => _lines;

    public void Line(string detail) => _lines.Add(new ExplainLine(_lines.Count + 1, _parent, detail));

    /// <summary>Writes a line, and what <paramref name="children"/> writes as its children.</summary>
    public void Group(string detail, Action<ExplainWriter> children)
    {
        Line(detail);
        int outer = _parent;
        _parent = _lines.Count;
        children(this);
        _parent = outer;
    }
}

internal sealed record ExplainLine(int Id, int Parent, string Detail);
