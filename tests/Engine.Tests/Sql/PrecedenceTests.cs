using Sluice.Engine.Sql;

namespace Sluice.Engine.Tests.Sql;

public sealed class PrecedenceTests
{
    [Theory]
    [InlineData("1 + 2 * 3", "(1 + (2 * 3))")]
    [InlineData("1 - 2 - 3", "((1 - 2) - 3)")]
    [InlineData("1 or 2 and 3", "(1 OR (2 AND 3))")]
    [InlineData("not 1 = 2", "(NOT (1 = 2))")]
    [InlineData("1 = not 2 = 3", "(1 = (NOT (2 = 3)))")]
    [InlineData("1 = not 2 and 3", "((1 = (NOT 2)) AND 3)")]
    [InlineData("1 + not 2 = 3", "(1 + (NOT (2 = 3)))")]
    [InlineData("-1 || 2", "((-1) || 2)")]
    [InlineData("- a -> 'b'", "((- \"a\") -> 'b')")]
    [InlineData("~a || b", "((~ \"a\") || \"b\")")]
    [InlineData("- a collate nocase", "((- \"a\") COLLATE nocase)")]
    [InlineData("a || b collate nocase", "(\"a\" || (\"b\" COLLATE nocase))")]
    [InlineData("a -> 'x' ->> 'y'", "((\"a\" -> 'x') ->> 'y')")]
    [InlineData("a < b = c", "((\"a\" < \"b\") = \"c\")")]
    [InlineData("a = b < c", "(\"a\" = (\"b\" < \"c\"))")]
    [InlineData("a & b < c", "((\"a\" & \"b\") < \"c\")")]
    [InlineData("a + b << c", "((\"a\" + \"b\") << \"c\")")]
    [InlineData("a is not null", "(\"a\" NOTNULL)")]
    [InlineData("a is null", "(\"a\" ISNULL)")]
    [InlineData("a is not b", "(\"a\" IS NOT \"b\")")]
    [InlineData("a is distinct from b", "(\"a\" IS NOT \"b\")")]
    [InlineData("a is not distinct from b", "(\"a\" IS \"b\")")]
    [InlineData("a = b isnull", "((\"a\" = \"b\") ISNULL)")]
    [InlineData("a < b isnull", "((\"a\" < \"b\") ISNULL)")]
    [InlineData("a not null", "(\"a\" NOTNULL)")]
    [InlineData("not a not null", "(NOT (\"a\" NOTNULL))")]
    [InlineData("a between b and c and d", "((\"a\" BETWEEN \"b\" AND \"c\") AND \"d\")")]
    [InlineData("a between b or c and d and e", "error near \"\"")]
    [InlineData("a between not b and c", "(\"a\" BETWEEN (NOT \"b\") AND \"c\")")]
    [InlineData("a between b and c = d", "((\"a\" BETWEEN \"b\" AND \"c\") = \"d\")")]
    [InlineData("a between b and c < d", "(\"a\" BETWEEN \"b\" AND (\"c\" < \"d\"))")]
    [InlineData("a not between b = c and d", "(\"a\" NOT BETWEEN (\"b\" = \"c\") AND \"d\")")]
    [InlineData("a like b || c escape 'd'", "(\"a\" LIKE (\"b\" || \"c\") ESCAPE 'd')")]
    [InlineData("a like b like c", "((\"a\" LIKE \"b\") LIKE \"c\")")]
    [InlineData("a like b < c escape d < e", "(\"a\" LIKE (\"b\" < \"c\") ESCAPE (\"d\" < \"e\"))")]
    [InlineData("a not glob b and c", "((\"a\" NOT GLOB \"b\") AND \"c\")")]
    [InlineData("a in (1, 2) + 3", "((\"a\" IN (1, 2)) + 3)")]
    [InlineData("a + 1 in (1, 2)", "((\"a\" + 1) IN (1, 2))")]
    [InlineData("a not in ()", "(\"a\" NOT IN ())")]
    [InlineData("a in t", "(\"a\" IN t)")]
    [InlineData("a in (select 1)", "(\"a\" IN (SELECT 1))")]
    [InlineData("a in ((select 1))", "(\"a\" IN (SELECT 1))")]
    [InlineData("(a, b) < (1, 2)", "((\"a\", \"b\") < (1, 2))")]
    [InlineData("((a))", "\"a\"")]
    [InlineData("- - 1", "(- (-1))")]
    [InlineData("-9223372036854775808", "(-9223372036854775808)")]
    [InlineData("9223372036854775808", "9.223372036854776E+18")]
    [InlineData("0x10 + 0Xff", "(16 + 255)")]
    [InlineData("-0xFFFFFFFFFFFFFFFF", "1")]
    [InlineData("1_000 + 0xF_F + 1_0.0_1e1_0", "((1000 + 255) + 100100000000.0)")]
    [InlineData(".5 + 5. + 1e3", "((0.5 + 5.0) + 1000.0)")]
    [InlineData("'it''s' || \"q\"\"d\" || [b r] || `t``k`", "((('it''s' || \"q\"\"d\") || \"b r\") || \"t`k\")")]
    [InlineData("x'0aFF' = X''", "(x'0AFF' = x'')")]
    [InlineData("case when a then b end", "CASE WHEN \"a\" THEN \"b\" END")]
    [InlineData("case a when 1 then 2 when 3 then end else 5 end", "CASE \"a\" WHEN 1 THEN 2 WHEN 3 THEN \"end\" ELSE 5 END")]
    [InlineData("cast(a as decimal( 10 , 2)) + cast(b as)", "(CAST(\"a\" AS decimal( 10 , 2)) + CAST(\"b\" AS ))")]
    [InlineData("main.t.c + t.\"c\" + 't'.c", "((\"main\".\"t\".\"c\" + \"t\".\"c\") + \"t\".\"c\")")]
    [InlineData("replace(a, 'b', key) + left", "(replace(\"a\", 'b', \"key\") + \"left\")")]
    [InlineData("count(*) + count(distinct a) filter (where a > 1)", "(count(*) + count(DISTINCT \"a\") FILTER (WHERE (\"a\" > 1)))")]
    [InlineData("group_concat(a, ',' order by b desc nulls last)", "group_concat(\"a\", ',' ORDER BY \"b\" DESC NULLS LAST)")]
    [InlineData("sum(a) over w + sum(a) over (w rows 2 preceding exclude ties)",
        "(sum(\"a\") OVER w + sum(\"a\") OVER (w Rows 2 Preceding..CurrentRow Ties))")]
    [InlineData("over + filter + window", "((\"over\" + \"filter\") + \"window\")")]
    [InlineData("not exists (select 1) and exists (values (1))", "((NOT EXISTS (SELECT 1)) AND EXISTS (VALUES (1)))")]
    [InlineData("current_date || current_timestamp", "(CURRENT_DATE || CURRENT_TIMESTAMP)")]
    public void OperatorsBindAsInSqlite(string text, string expected)
    {
        string rendered;
        try
        {
            rendered = Render.Expression(Parser.ParseExpression(text));
        }
        catch (SluiceException e)
        {
            // An error in SQLite too; here it matters that it is no tree.
            Assert.Contains("error", expected);
            Assert.True(e.Message.Contains("syntax error") || e.Message == "incomplete input", e.Message);
            return;
        }

        Assert.Equal(expected, rendered);
    }

    /// <summary>Random operators between constants: SQLite computes the same from the text and from our understanding of it.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomExpressionsMeanTheSameToSqlite(int seed)
    {
        var random = new Random(seed);
        using var reference = new Reference();
        int understood = 0;
        for (int i = 0; i < 4000; i++)
        {
            string text = RandomExpression(random, depth: 3);
            string expected = reference.Evaluate(text);
            if (expected.StartsWith("error: near", StringComparison.Ordinal) || expected.Contains("incomplete"))
            {
                Assert.ThrowsAny<SluiceException>(() => Parser.ParseExpression(text));
                continue;
            }

            string rendered = Render.Expression(Parser.ParseExpression(text));
            Assert.True(expected == reference.Evaluate(rendered), $"seed {seed}: {text}\n read as {rendered}");
            understood++;
        }

        Assert.True(understood > 3000);
    }

    private static readonly string[] Infix =
    [
        "+", "-", "*", "/", "%", "||", "&", "|", "<<", ">>", "<", "<=", ">", ">=", "=", "==", "<>", "!=", "IS", "IS NOT",
        "AND", "OR", "LIKE", "NOT LIKE", "GLOB", "IS DISTINCT FROM", "IS NOT DISTINCT FROM",
    ];

    private static readonly string[] Operands = ["0", "1", "2", "3.5", "'a'", "'A'", "'10'", "NULL", "-1", "x'61'", "9223372036854775807"];

    private static string RandomExpression(Random random, int depth)
    {
        var parts = new List<string>();
        int terms = random.Next(1, 5);
        for (int i = 0; i < terms; i++)
        {
            if (i > 0)
            {
                parts.Add(Infix[random.Next(Infix.Length)]);
            }

            parts.Add(random.Next(14) switch
            {
                0 => "NOT",
                1 => "-",
                2 => "~",
                3 => "+",
                _ => "",
            });
            parts.Add(depth > 0 && random.Next(4) == 0 ? $"({RandomExpression(random, depth - 1)})" : Operands[random.Next(Operands.Length)]);
            parts.Add(random.Next(20) switch
            {
                0 => "ISNULL",
                1 => "NOT NULL",
                2 => "COLLATE NOCASE",
                3 => "IN (1, 'a', 2)",
                4 => "NOT IN (0, 3.5)",
                5 => "BETWEEN 0 AND 2",
                6 => $"NOT BETWEEN {(depth > 0 ? RandomExpression(random, 0) : "1")} AND 3",
                7 => "ESCAPE 'x'",
                8 => "NOTNULL",
                _ => "",
            });
        }

        return string.Join(' ', parts.Where(part => part.Length > 0));
    }
}
