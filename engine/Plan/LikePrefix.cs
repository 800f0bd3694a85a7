using System.Text;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>
/// What follows from a column that is LIKE or GLOB a pattern whose beginning is fixed: it lies between that beginning and the next text after all that begin
/// so, which an index can answer ("The SQLite Query Optimizer Overview", section 5, "The LIKE Optimization"). The pattern is tested all the same.
/// </summary>
internal static class LikePrefix
{
    /// <summary>The two comparisons; none where the pattern begins with a wildcard or is not known, or no index has the column first and ordered so.</summary>
    public static IEnumerable<ExpressionNode> Bounds(LikeNode like, Expr condition, RowScope scope)
    {
        if (like.Negated || like.Escape is not null || condition is not LikeExpr || like.Pattern is not LiteralNode { Value: { Type: SqlType.Text } pattern }
            || !HasIndex(like, scope))
        {
            return [];
        }

        byte[] prefix = PrefixOf(pattern.Bytes, like.Operator);
        if (prefix.Length == 0 || prefix[^1] == byte.MaxValue)
        {
            return [];
        }

        byte[] end = [.. prefix];
        end[^1]++;
        return
        [
            new BinaryNode(BinaryOperator.GreaterOrEqual, like.Value, new LiteralNode(SqlValue.FromText(prefix))) { Position = like.Position },
            new BinaryNode(BinaryOperator.Less, like.Value, new LiteralNode(SqlValue.FromText(end))) { Position = like.Position },
        ];
    }

    /// <summary>LIKE takes the letters of ASCII as equal, as NOCASE orders them; numbers in a column that is not of text are compared as numbers.</summary>
    private static bool HasIndex(LikeNode like, RowScope scope)
    {
        Collation collation = like.Operator == LikeOperator.Glob ? Collation.Binary : Collation.NoCase;
        if (like.Value is not ColumnNode node || scope.FindColumn(node) is null || ExpressionBinder.Bind(node, scope) is not ColumnExpr { Affinity: Affinity.Text } column
            || column.Collation != collation)
        {
            return false;
        }

        foreach (FromSource source in scope.From.All)
        {
            if (source.Source == column.Source && source.Table is { } table)
            {
                return table.Indexes.Any(index => index.ColumnAt(0) == column.Column) || table.Primary?.ColumnAt(0) == column.Column;
            }
        }

        return false;
    }

    /// <summary>
    /// The bytes before the first wildcard; for LIKE only up to the first that is not ASCII or is NUL, behind which NOCASE has no order, and in small
    /// letters, whose order NOCASE has.
    /// </summary>
    private static byte[] PrefixOf(ReadOnlySpan<byte> pattern, LikeOperator kind)
    {
        if (kind == LikeOperator.Glob)
        {
            int wildcard = pattern.IndexOfAny("*?["u8);
            return pattern[..(wildcard < 0 ? pattern.Length : wildcard)].ToArray();
        }

        int end = 0;
        while (end < pattern.Length && pattern[end] is not ((byte)'%' or (byte)'_' or 0) && Ascii.IsValid(pattern[end]))
        {
            end++;
        }

        byte[] prefix = new byte[end];
        _ = Ascii.ToLower(pattern[..end], prefix, out _);
        return prefix;
    }
}
