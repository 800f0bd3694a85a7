using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>The common tables that a WITH adds to those around it.</summary>
internal sealed class CommonTables(WithClause clause, CommonTables? outer, RowScope? scope)
{
    private readonly HashSet<CommonTable> _open = new(ReferenceEqualityComparer.Instance);

    /// <summary>The rows that a recursive common table reads of itself while it is compiled.</summary>
    public Dictionary<CommonTable, RecursiveReference> Recursive { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The scope around the WITH: a common table may refer to columns of the query that contains it.</summary>
    public RowScope? Scope { get; } = scope;

    /// <summary>The common table of that name, nearest first, and where it is defined.</summary>
    public (CommonTable Table, CommonTables Home)? Find(string name)
    {
        foreach (CommonTable table in clause.Tables)
        {
            if (table.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return (table, this);
            }
        }

        return outer?.Find(name);
    }

    public static CommonTables? Enter(WithClause? clause, CommonTables? outer, RowScope? scope)
    {
        if (clause is null)
        {
            return outer;
        }

        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        foreach (CommonTable table in clause.Tables)
        {
            if (!names.Add(table.Name))
            {
                throw new SluiceException(ResultCode.Error, $"duplicate WITH table name: {table.Name}");
            }
        }

        return new CommonTables(clause, outer, scope);
    }

    public void Open(CommonTable table)
    {
        if (!_open.Add(table))
        {
            throw new SluiceException(ResultCode.Error, $"circular reference: {table.Name}");
        }
    }

    public void Close(CommonTable table) => _open.Remove(table);
}

/// <summary>A recursive common table's reference to itself: the frame's source with the row that is being expanded, and its columns.</summary>
internal sealed class RecursiveReference(int source, string[] columns)
{
    public int Source { get; } = source;

    public string[] Columns { get; } = columns;

    public int Uses { get; set; }
}
