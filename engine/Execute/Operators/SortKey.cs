using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Operators;

/// <summary>How rows are ordered by one value.</summary>
internal readonly record struct SortOrder(Collation Collation, bool Descending, bool NullsFirst)
{
    public int Compare(in SqlValue a, in SqlValue b)
    {
        if (a.IsNull || b.IsNull)
        {
            return a.IsNull == b.IsNull ? 0 : a.IsNull == NullsFirst ? -1 : 1;
        }

        int order = ValueOrder.Compare(a, b, Collation);
        return Descending ? -order : order;
    }
}

/// <summary>One term of an ORDER BY, bound.</summary>
internal sealed record SortKey(Expr Value, SortOrder Order);

/// <summary>A row in a sort: keys first, then what is carried along. Equal keys keep the order in which they came.</summary>
internal readonly record struct SortEntry(SqlValue[] Values, long Sequence);

internal sealed class SortEntryComparer(SortOrder[] orders) : IComparer<SortEntry>
{
    public int Compare(SortEntry x, SortEntry y)
    {
        int order = Compare(x.Values, y.Values);
        return order != 0 ? order : x.Sequence.CompareTo(y.Sequence);
    }

    public int Compare(SqlValue[] x, SqlValue[] y)
    {
        for (int i = 0; i < orders.Length; i++)
        {
            int order = orders[i].Compare(x[i], y[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return 0;
    }
}
