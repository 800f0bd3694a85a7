using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Operators;

/// <summary>Turns the value of a comparison with a rowid into a bound over integers.</summary>
internal static class RowidBound
{
    /// <summary>The rowid that equals a value, if one does: 5, 5.0 and '5' all equal rowid 5, '5x' and 5.5 none.</summary>
    public static bool TryExact(in SqlValue value, out long rowid)
    {
        SqlValue number = SqlConvert.ApplyAffinity(value, Affinity.Numeric);
        rowid = number.Type == SqlType.Integer ? number.Integer : 0;
        if (number.Type != SqlType.Real)
        {
            return number.Type == SqlType.Integer;
        }

        double real = number.Real;
        if (real != Math.Truncate(real) || real < long.MinValue || real >= -(double)long.MinValue)
        {
            return false;
        }

        rowid = (long)real;
        return true;
    }

    /// <summary>The smallest rowid that is above the value (or at it); false when there is none.</summary>
    public static bool TryLowest(in SqlValue value, bool inclusive, out long lowest)
    {
        SqlValue number = SqlConvert.ApplyAffinity(value, Affinity.Numeric);
        lowest = long.MinValue;
        switch (number.Type)
        {
            case SqlType.Integer:
                lowest = number.Integer;
                return inclusive || lowest++ != long.MaxValue;
            case SqlType.Real when number.Real < long.MinValue:
                return true;
            case SqlType.Real when number.Real >= -(double)long.MinValue:
                return false;
            case SqlType.Real:
                double up = Math.Ceiling(number.Real);
                lowest = (long)up;
                return inclusive || up != number.Real || lowest++ != long.MaxValue;
            default:
                // NULL compares with nothing; text and blobs sort after every number.
                return false;
        }
    }

    /// <summary>The largest rowid that is below the value (or at it); false when there is none.</summary>
    public static bool TryHighest(in SqlValue value, bool inclusive, out long highest)
    {
        SqlValue number = SqlConvert.ApplyAffinity(value, Affinity.Numeric);
        highest = long.MaxValue;
        switch (number.Type)
        {
            case SqlType.Null:
                return false;
            case SqlType.Integer:
                highest = number.Integer;
                return inclusive || highest-- != long.MinValue;
            case SqlType.Real when number.Real < long.MinValue:
                return false;
            case SqlType.Real when number.Real >= -(double)long.MinValue:
                return true;
            case SqlType.Real:
                double down = Math.Floor(number.Real);
                highest = (long)down;
                return inclusive || down != number.Real || highest-- != long.MinValue;
            default:
                return true;
        }
    }
}
