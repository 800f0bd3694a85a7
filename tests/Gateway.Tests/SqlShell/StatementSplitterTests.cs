using Sluice.Gateway.Cli.Sql;

namespace Sluice.Gateway.Tests.Sql;

public class StatementSplitterTests
{
    [Theory]
    [InlineData("SELECT 1;", "1:SELECT 1;")]
    [InlineData("SELECT 1; SELECT 2;", "1:SELECT 1;|1:SELECT 2;")]
    [InlineData("SELECT 1;\n\nSELECT\n 2;", "1:SELECT 1;|3:SELECT\n 2;")]
    [InlineData("SELECT 1", "1:SELECT 1")]
    [InlineData("", "")]
    [InlineData(" ;; ; -- nothing\n /* nor ; here */ ;", "")]
    [InlineData("SELECT ';', \";\", `;`, [;] ;", "1:SELECT ';', \";\", `;`, [;] ;")]
    [InlineData("SELECT 'it''s; fine'; SELECT 2", "1:SELECT 'it''s; fine';|1:SELECT 2")]
    [InlineData("SELECT 'two\n; lines'; x", "1:SELECT 'two\n; lines';|2:x")]
    [InlineData("SELECT 1 -- a ; b\n; SELECT 2;", "1:SELECT 1 -- a ; b\n;|2:SELECT 2;")]
    [InlineData("SELECT /* a\n; ' b */ 1;", "1:SELECT /* a\n; ' b */ 1;")]
    [InlineData("SELECT 1 - -1; SELECT 4 / 2 * 1;", "1:SELECT 1 - -1;|1:SELECT 4 / 2 * 1;")]
    [InlineData("CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END; SELECT 3;", "1:CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END;|1:SELECT 3;")]
    [InlineData("create temp trigger x insert on t begin select 1;\nend ;\nselect 3;", "1:create temp trigger x insert on t begin select 1;\nend ;|3:select 3;")]
    [InlineData("CREATE TABLE trigger_log(a); SELECT 1;", "1:CREATE TABLE trigger_log(a);|1:SELECT 1;")]
    [InlineData("BEGIN; SELECT 1; END; SELECT 2;", "1:BEGIN;|1:SELECT 1;|1:END;|1:SELECT 2;")]
    public void Cuts_at_the_semicolons_that_end_statements(string script, string expected)
    {
        StatementSplitter splitter = new();
        List<string> pieces = [];
        foreach (string line in script.Split('\n'))
        {
            splitter.AddLine(line);
        }

        while (splitter.TryTake(out SqlPiece piece))
        {
            pieces.Add($"{piece.Line}:{piece.Text}");
        }

        if (splitter.TryTakeRest(out SqlPiece rest))
        {
            pieces.Add($"{rest.Line}:{rest.Text}");
        }

        Assert.Equal(expected, string.Join('|', pieces));
    }

    [Fact]
    public void Knows_whether_a_statement_has_begun()
    {
        StatementSplitter splitter = new();
        splitter.AddLine("  -- a comment");
        Assert.False(splitter.IsPending);
        splitter.AddLine("SELECT");
        Assert.True(splitter.IsPending);
        splitter.AddLine("1;");
        Assert.False(splitter.IsPending);
        splitter.AddLine("/* goes on");
        Assert.True(splitter.IsPending);
        splitter.Clear();
        Assert.False(splitter.IsPending);
    }
}
