using System.Text;
using Sluice.Engine.Tests.Queries;

namespace Sluice.Engine.Tests.Sql;

/// <summary>Which of SQLite's keywords may stand as names, and where ("SQLite Keywords", sqlite.org/lang_keywords.html).</summary>
public class KeywordTests
{
    private const string Words = """
        ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN BY CASCADE CASE CAST CHECK COLLATE
        COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED
        DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FILTER FIRST FOLLOWING FOR FOREIGN
        FROM FULL GENERATED GLOB GROUP GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL
        JOIN KEY LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER OTHERS OUTER OVER PARTITION
        PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT RETURNING RIGHT ROLLBACK
        ROW ROWS SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO TRANSACTION TRIGGER UNBOUNDED UNION UNIQUE UPDATE USING VACUUM VALUES VIEW
        VIRTUAL WHEN WHERE WINDOW WITH WITHIN WITHOUT TRUE FALSE ROWID STRICT STORED
        """;

    [Theory]
    [InlineData("CREATE TABLE n({0}, z); INSERT INTO n({0}) VALUES(5); SELECT {0} FROM n; DROP TABLE n")]
    [InlineData("CREATE TABLE {0}(q); SELECT * FROM {0}; DROP TABLE {0}")]
    [InlineData("CREATE TABLE n(a {0}); DROP TABLE n")]
    [InlineData("SELECT 1 {0}")]
    [InlineData("SELECT 1 AS {0}")]
    [InlineData("SELECT x.a FROM (SELECT 1 AS a) {0}, (SELECT 2 AS a) x")]
    [InlineData("WITH {0} AS (SELECT 1) SELECT * FROM {0}")]
    [InlineData("SAVEPOINT {0}; RELEASE {0}")]
    public void A_word_may_stand_where_it_may_in_SQLite(string pattern)
    {
        CompositeFormat format = CompositeFormat.Parse(pattern);
        StringBuilder differences = new();
        foreach (string word in Words.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            using Twin twin = new();
            (Outcome sqlite, Outcome ours) = twin.Run(string.Format(null, format, word));
            if (Twin.Difference(sqlite, ours) is not null)
            {
                _ = differences.AppendLine($"{word}: SQLite {sqlite}, Sluice {ours}");
            }
        }

        Assert.True(differences.Length == 0, differences.ToString());
    }
}
