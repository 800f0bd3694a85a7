using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;

namespace Sluice.Engine.Plan;

/// <summary>A column in the order in which a path gives its rows; -1 for the rowid.</summary>
internal readonly record struct PathColumn(FromSource Source, int Column, Collation Collation, bool Descending)
{
    public bool Matches(SortKey key) => key.Value switch
    {
        ColumnExpr column => column.Source == Source.Source && column.Column == Column && key.Order.Collation == Collation,
        RowidExpr rowid => rowid.Source == Source.Source && Column == -1,
        _ => false,
    };
}

/// <summary>One way to read a source, given the sources that were read before it.</summary>
internal sealed class AccessPath
{
    // Of all paths on all threads: never added to.
    private static readonly List<TermUse> s_none = [];
    private static readonly List<PathColumn> s_noColumns = [];

    public required FromSource Source { get; init; }

    /// <summary>What it costs once, before the first row: a hash table, a subquery's rows.</summary>
    public double Setup { get; init; }

    /// <summary>What it costs each time it is opened.</summary>
    public required double Cost { get; init; }

    /// <summary>Rows each time it is opened, before the conditions that it does not answer itself.</summary>
    public required double Rows { get; init; }

    /// <summary>
    /// What looking up its rows in the table costs more than SQLite's proportions have it, if the table is larger than the page cache: each is then read from the
    /// file. It counts where either way gives the same answer.
    /// </summary>
    public double RandomReads { get; init; }

    /// <summary>The conditions that it answers exactly.</summary>
    public List<TermUse> Uses { get; init; } = s_none;

    /// <summary>At most one row each time.</summary>
    public bool IsSingleRow { get; init; }

    /// <summary>The order in which rows come; columns fixed by an equality are left out.</summary>
    public List<PathColumn> Order { get; init; } = s_noColumns;

    /// <summary>Whether it cannot be read backwards.</summary>
    public bool IsForwardOnly { get; init; }

    /// <summary>How many columns of <see cref="Order"/> tell each row from the others; 0 if they do not.</summary>
    public int UniqueOrderLength { get; init; }

    /// <summary>Columns that have one value in all rows.</summary>
    public List<PathColumn> Fixed { get; init; } = s_noColumns;

    /// <summary>Makes the node, reading forwards or backwards; the second argument is the conditions that may be tested below a hash table.</summary>
    public required Func<bool, IReadOnlyList<WhereTerm>, PlanNode> Build { get; init; }

    /// <summary>Whether <see cref="Build"/> tests the conditions it is given.</summary>
    public bool TestsConditions { get; init; }

    /// <summary>Whether it answers a condition.</summary>
    public bool Answers(WhereTerm term)
    {
        foreach (TermUse use in Uses)
        {
            if (use.Term == term)
            {
                return true;
            }
        }

        return false;
    }

    public bool IsFixed(SortKey key)
    {
        foreach (PathColumn column in Fixed)
        {
            if (column.Matches(key))
            {
                return true;
            }
        }

        return false;
    }
}
