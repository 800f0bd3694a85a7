using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Plan;

/// <summary>What the columns of a compound SELECT are, seen from outside: their affinity and collation.</summary>
internal static class CompoundColumns
{
    /// <summary>
    /// A column has the first collation and the first affinity among the SELECTs, from the left; but none where another SELECT may give text to a
    /// numeric column or numbers to a text column ("Datatypes In SQLite", section 3.3.1.1: which of them counts is not defined; this is what SQLite does).
    /// </summary>
    /// <param name="source">That shows the compound's rows.</param>
    /// <param name="selects">The outputs of each SELECT.</param>
    public static Expr[] Of(int source, IReadOnlyList<Expr[]> selects)
    {
        Expr[] columns = new Expr[selects[0].Length];
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = new ColumnExpr(source, i, AffinityOf(i, selects), CollationOf(i, selects))
            {
                FilledKinds = selects.Aggregate(ValueKinds.None, (kinds, outputs) => kinds | outputs[i].Kinds),
            };
        }

        return columns;
    }

    /// <summary>The collation by which a set operation compares: that of the first SELECT that has one.</summary>
    public static Collation? CollationOf(int column, IReadOnlyList<Expr[]> selects) =>
        selects.Select(outputs => outputs[column].Collation).FirstOrDefault(collation => collation is not null);

    private static Affinity AffinityOf(int column, IReadOnlyList<Expr[]> selects)
    {
        Affinity affinity = Affinity.None;
        ValueKinds others = ValueKinds.None;
        foreach (Expr[] outputs in selects)
        {
            Expr output = outputs[column];
            if (affinity == Affinity.None && output.Affinity != Affinity.None)
            {
                affinity = output.Affinity;
            }
            else
            {
                others |= output.Kinds;
            }
        }

        bool isMixed = affinity switch
        {
            Affinity.None or Affinity.Blob => false,
            Affinity.Text => (others & ValueKinds.Numeric) != 0,
            _ => (others & ValueKinds.Text) != 0,
        };
        return isMixed ? Affinity.Blob : affinity;
    }
}
