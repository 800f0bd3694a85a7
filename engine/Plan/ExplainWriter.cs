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

    /// <summary>A writer for lines that <see cref="Append"/> will add here.</summary>
    public ExplainWriter Apart() => new();

    /// <summary>Adds the lines of another writer, <paramref name="suffix"/> after its first.</summary>
    public void Append(ExplainWriter other, string suffix)
    {
        int shift = _lines.Count;
        for (int i = 0; i < other._lines.Count; i++)
        {
            ExplainLine line = other._lines[i];
            _lines.Add(new ExplainLine(
                line.Id + shift, line.Parent == 0 ? _parent : line.Parent + shift, i == 0 ? line.Detail + suffix : line.Detail));
        }
    }
}

internal sealed record ExplainLine(int Id, int Parent, string Detail);
