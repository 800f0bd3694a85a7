using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// Which conversions and which collation a comparison uses ("Datatypes In SQLite", sections 4.2 and 7.1). The planner
/// asks the same rules before it lets an index answer a comparison.
/// </summary>
public static class ComparisonRules
{
    /// <summary>
    /// The affinity applied to both operands before they are compared: NUMERIC, TEXT, or BLOB for none at all.
    /// </summary>
    public static Affinity AffinityOf(Affinity left, Affinity right)
    {
        if (left == Affinity.None || right == Affinity.None)
        {
            Affinity one = left == Affinity.None ? right : left;
            return IsNumeric(one) ? Affinity.Numeric : one == Affinity.Text ? Affinity.Text : Affinity.Blob;
        }

        return IsNumeric(left) || IsNumeric(right) ? Affinity.Numeric : Affinity.Blob;
    }

    /// <summary>
    /// The affinity of value IN (SELECT ...): as of a comparison, but where only one side is REAL, the values are made reals before they are compared,
    /// so that integers that no real is are rounded.
    /// </summary>
    public static Affinity AffinityOfSet(Affinity value, Affinity column) =>
        (value, column) is (Affinity.Real, Affinity.None) or (Affinity.None, Affinity.Real) ? Affinity.Real : AffinityOf(value, column);

    /// <summary>The collation of a comparison: an explicit COLLATE first, then a column's, the left one before the right.</summary>
    public static Collation CollationOf(Expr left, Expr right)
    {
        if (!left.HasExplicitCollation && right.HasExplicitCollation)
        {
            return CollationOf(right);
        }

        return left.Collation ?? CollationOf(right);
    }

    /// <summary>The collation for sorting, grouping or DISTINCT by one expression.</summary>
    public static Collation CollationOf(Expr operand) => operand.Collation ?? Collation.Binary;

    /// <summary>
    /// Converts one operand: NUMERIC turns text that is a number into it. TEXT prints a number, but only
    /// where the other operand is text; between two numbers there is nothing to gain.
    /// </summary>
    public static SqlValue Convert(in SqlValue operand, in SqlValue other, Affinity affinity) => affinity switch
    {
        Affinity.Numeric => SqlConvert.TextToNumber(operand),
        Affinity.Text when operand.IsNumeric && other.Type == SqlType.Text => SqlConvert.ToText(operand),
        _ => operand,
    };

    /// <summary>Converts an operand for a search by it, when the values that it is compared with have that affinity already.</summary>
    public static SqlValue Convert(in SqlValue operand, Affinity affinity) => affinity switch
    {
        Affinity.Real => SqlConvert.ApplyAffinity(operand, Affinity.Real),
        Affinity.Numeric => SqlConvert.TextToNumber(operand),
        Affinity.Text when operand.IsNumeric => SqlConvert.ToText(operand),
        _ => operand,
    };

    /// <summary>Compares two values that are not NULL under an affinity of <see cref="AffinityOf"/>.</summary>
    public static int Compare(in SqlValue left, in SqlValue right, Affinity affinity, Collation collation)
    {
        if (affinity == Affinity.Blob || (left.IsNumeric && right.IsNumeric))
        {
            return ValueOrder.Compare(left, right, collation);
        }

        return ValueOrder.Compare(Convert(left, right, affinity), Convert(right, left, affinity), collation);
    }

    private static bool IsNumeric(Affinity affinity) => affinity >= Affinity.Numeric;
}
