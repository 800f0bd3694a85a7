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
internal abstract class AccessPath(FromSource source)
{
    // Of all paths on all threads: never added to.
    protected static readonly List<TermUse> NoUses = [];

    public FromSource Source => source;

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
    public List<TermUse> Uses { get; init; } = NoUses;

    /// <summary>At most one row each time.</summary>
    public bool IsSingleRow { get; init; }

    /// <summary>In how many columns, <see cref="OrderColumn"/>, its rows are in order; columns fixed by an equality are left out.</summary>
    public virtual int OrderLength => 0;

    /// <summary>Whether it cannot be read backwards.</summary>
    public virtual bool IsForwardOnly => false;

    /// <summary>Whether all columns of its order together tell each row from the others.</summary>
    public virtual bool IsOrderUnique => OrderLength > 0;

    /// <summary>Whether <see cref="Build"/> tests the conditions it is given.</summary>
    public virtual bool TestsConditions => false;

    /// <summary>A column of the order.</summary>
    public virtual PathColumn OrderColumn(int position) => throw new ArgumentOutOfRangeException(nameof(position));

    /// <summary>Makes the node.</summary>
    /// <param name="reverse">Whether it is read backwards.</param>
    /// <param name="conditions">Those that may be tested below a hash table.</param>
    public abstract PlanNode Build(bool reverse, IReadOnlyList<WhereTerm> conditions);

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

    /// <summary>Whether a key has one value in all rows.</summary>
    public virtual bool IsFixed(SortKey key) => false;
}
