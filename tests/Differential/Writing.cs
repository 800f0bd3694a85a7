using System.Text.RegularExpressions;

namespace Sluice.Differential;

/// <summary>Other ways to write a statement, which mean the same and by which SQLite does not come to a fault of its own.</summary>
internal static partial class Writing
{
    /// <summary>An aggregate before IN (SELECT ...) as an argument: the comparison then converts a copy of its value, not the value.</summary>
    public static string WithCopiesOfAggregates(string sql)
    {
        int from = 0;
        while (BeforeInSelect().Match(sql, from) is { Success: true } match)
        {
            int end = match.Index + 1;
            int start = Start(sql, match.Index);
            from = end;
            if (start >= 0 && Aggregate().IsMatch(sql[start..end]))
            {
                string copy = $"ifnull({sql[start..end]}, NULL)";
                sql = sql[..start] + copy + sql[end..];
                from = start + copy.Length;
            }
        }

        return sql;
    }

    /// <summary>Patterns of LIKE and GLOB that are computed, so that no range is made of their beginnings.</summary>
    public static string WithComputedPatterns(string sql) => Pattern().Replace(sql, "$1($2 || '')");

    /// <summary>Indexes without DESC.</summary>
    public static string WithAscendingIndexes(string sql) => IndexDefinition().IsMatch(sql) ? sql.Replace(" DESC", "", StringComparison.Ordinal) : sql;

    /// <summary>Literals IS NULL, NULL NOTNULL and IN () as what is not known to be false before it is computed.</summary>
    public static string WithComputedConditions(string sql) => EmptyList().Replace(LiteralOfNull().Replace(sql, "$1 COLLATE BINARY $2"), "IN (SELECT 1 WHERE 0)");

    /// <summary>Texts that are compared by their bytes, whatever the collation was: this does not mean the same.</summary>
    public static string WithBytesCompared(string sql) => Collation().Replace(sql, "COLLATE BINARY");

    /// <summary>All rows that DISTINCT and compounds get, also those that they merge or leave out: this does not mean the same.</summary>
    public static string WithAllRows(string sql) => Merging().Replace(sql, match => match.Value.StartsWith("SELECT", StringComparison.Ordinal) ? "SELECT" : "UNION ALL");

    /// <summary>Where what ends with the parenthesis at <paramref name="end"/> begins: a call, with its FILTER, or what is in parentheses; -1 if nowhere.</summary>
    private static int Start(string sql, int end)
    {
        int depth = 0;
        bool isText = false;
        for (int i = end; i >= 0; i--)
        {
            isText ^= sql[i] == '\'';
            depth += isText ? 0 : sql[i] == ')' ? 1 : sql[i] == '(' ? -1 : 0;
            if (depth > 0 || isText || sql[i] != '(')
            {
                continue;
            }

            int name = i;
            while (name > 0 && (char.IsAsciiLetterOrDigit(sql[name - 1]) || sql[name - 1] == '_'))
            {
                name--;
            }

            return sql[..i].EndsWith("FILTER ", StringComparison.Ordinal) ? Start(sql, i - ") FILTER ".Length) : name;
        }

        return -1;
    }

    [GeneratedRegex(@"\)(?=\s*(NOT )?IN\s*\(\s*(SELECT|VALUES|WITH)\b)")]
    private static partial Regex BeforeInSelect();

    [GeneratedRegex(@"^\(*(count|sum|total|avg|min|max|group_concat|string_agg|json_group_array)\s*\(")]
    private static partial Regex Aggregate();

    [GeneratedRegex(@"((?:[0-9]|'|\bNULL)\s*\)*)\s*\b(ISNULL|IS NULL|NOTNULL|NOT NULL|IS NOT NULL)\b")]
    private static partial Regex LiteralOfNull();

    [GeneratedRegex(@"\bIN\s*\(\s*\)")]
    private static partial Regex EmptyList();

    [GeneratedRegex(@"\bCOLLATE (NOCASE|RTRIM)\b")]
    private static partial Regex Collation();

    [GeneratedRegex(@"\bSELECT DISTINCT\b|\bUNION\b( ALL\b)?|\bINTERSECT\b|\bEXCEPT\b")]
    private static partial Regex Merging();

    [GeneratedRegex("^CREATE (UNIQUE )?INDEX ")]
    private static partial Regex IndexDefinition();

    [GeneratedRegex(@"(\b(?:LIKE|GLOB) |\b(?:like|glob)\((?='(?:[^']|'')*', ))('(?:[^']|'')*')")]
    private static partial Regex Pattern();
}
