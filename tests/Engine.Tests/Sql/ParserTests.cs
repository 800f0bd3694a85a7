using System.Text;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Tests.Sql;

public sealed class ParserTests
{
    private static T Parse<T>(string sql)
        where T : StatementNode => Assert.IsType<T>(Parser.ParseStatement(sql));

    [Fact]
    public void AStatementListIsParsedOneStatementAtATime()
    {
        byte[] text = Encoding.UTF8.GetBytes(" ;; SELECT 'é;' ; -- end\n COMMIT;SELECT 2 /* ; */");
        var statements = new List<string>();
        int next = 0;
        while (Parser.Parse(text, next, out next) is { } statement)
        {
            statements.Add(statement.Text);
        }

        Assert.Equal(["SELECT 'é;'", "COMMIT", "SELECT 2"], statements);
        Assert.Equal(text.Length, next);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  -- nothing")]
    [InlineData(";;")]
    [InlineData("\uFEFF")]
    public void NothingToParseIsNoStatement(string sql) => Assert.Null(Parser.Parse(Encoding.UTF8.GetBytes(sql), 0, out _));

    [Theory]
    [InlineData("SELECT ?, ?, ?1, ?")]
    [InlineData("SELECT :a, ?, :b, :a, @a, $a, ?")]
    [InlineData("SELECT ?5, ?, :x, ?2, ?")]
    [InlineData("SELECT ?3, :n, ?4")]
    [InlineData("SELECT $a::b, $a(1), :a")]
    [InlineData("INSERT INTO t VALUES (?2, ?1, (SELECT ?)) ON CONFLICT (a) DO UPDATE SET b = :v")]
    [InlineData("SELECT 1")]
    public void ParametersAreNumberedAsInSqlite(string sql)
    {
        using var reference = new Reference(Corpus.Schema);
        IReadOnlyList<string?> ours = Parser.ParseStatement(sql).Parameters;
        Assert.Equal(reference.ParameterNames(sql), ours);
    }

    [Theory]
    [InlineData("SELECT 1+1, a  FROM t")]
    [InlineData("SELECT a /* why */ , b -- end\n FROM t")]
    [InlineData("SELECT (a) , \"b\", [c], t.b, count( * ) FROM t")]
    [InlineData("SELECT a AS 'x y', b z, 'lit' || '' , +a FROM t")]
    [InlineData("SELECT *, t.* , 1  +  2 FROM t")]
    public void AResultColumnsTextIsWhatSqliteNamesItBy(string sql)
    {
        using var reference = new Reference(Corpus.Schema);
        IReadOnlyList<string> expected = reference.ColumnNames(sql);
        var names = new List<string>();
        foreach (ResultColumn column in Parse<SelectStatement>(sql).First.Columns)
        {
            if (column.Expression is null)
            {
                names.AddRange(["a", "b", "c"]);
            }
            else
            {
                names.Add(column.Alias ?? (column.Expression is ColumnNode plain ? plain.Column : column.Text));
            }
        }

        Assert.Equal(expected, names);
    }

    [Theory]
    [InlineData("SELECT a FROM t, u JOIN v ON x LEFT JOIN w USING (p, q)",
        "[[[t Inner u] Inner v ON \"x\"] Left w USING p,q]")]
    [InlineData("SELECT a FROM t NATURAL LEFT OUTER JOIN (u CROSS JOIN v) FULL JOIN w",
        "[[t Left, Natural [u Cross v]] Full w]")]
    [InlineData("SELECT a FROM (t) AS x, (SELECT 1) y, (t, u) z, f(1, 2) g, main.t INDEXED BY i, t NOT INDEXED",
        "[[[[[t AS x Inner (SELECT 1) AS y] Inner (SELECT * FROM [t Inner u]) AS z] Inner f(1, 2) AS g] Inner main.t INDEXED BY i] Inner t NOT INDEXED]")]
    public void JoinsNestAsWritten(string sql, string from) =>
        Assert.Equal(from, Render.Table(Parse<SelectStatement>(sql).First.From!));

    [Fact]
    public void ASelectHasAllItsParts() => Assert.Equal(
        "WITH RECURSIVE x(p) AS MATERIALIZED (VALUES (1)) SELECT DISTINCT \"a\" AS b, t.* FROM t WHERE \"c\" GROUP BY \"d\", \"e\" HAVING \"f\" "
        + "WINDOW w AS (PARTITION BY \"g\" ORDER BY \"h\" DESC Range UnboundedPreceding..3 Following Group) UNION ALL VALUES (1, 2), (3, 4) "
        + "EXCEPT SELECT * ORDER BY 1 DESC NULLS LAST LIMIT 5 OFFSET 6",
        Render.Select(Parse<SelectStatement>(
            "with recursive x(p) as materialized (values (1)) select distinct a b, t.* from t where c group by d, e having f "
            + "window w as (partition by g order by h desc range between unbounded preceding and 3 following exclude group) "
            + "union all values (1, 2), (3, 4) except select * order by 1 desc nulls last limit 6, 5")));

    [Fact]
    public void AnUpsertHasAllItsParts()
    {
        var insert = Parse<InsertStatement>(
            "INSERT OR FAIL INTO main.t AS z (a, 'b') SELECT 1, 2 WHERE 1 ON CONFLICT (a COLLATE nocase, b) WHERE c DO UPDATE SET (a, b) = (1, 2), c = 3 "
            + "WHERE d ON CONFLICT DO NOTHING RETURNING a AS x, *");
        Assert.Equal((ConflictAction.Fail, new QualifiedName("main", "t"), "z"), (insert.OnConflict, insert.Table, insert.Alias));
        Assert.Equal(["a", "b"], insert.Columns!);
        Assert.Equal(2, insert.Upserts.Count);
        UpsertClause first = insert.Upserts[0];
        Assert.Equal(["nocase", null], first.Target!.Select(column => column.Collation));
        Assert.Equal("\"c\"", Render.Expression(first.TargetWhere!));
        Assert.Equal(["a", "b"], first.Set![0].Columns);
        Assert.Equal("\"d\"", Render.Expression(first.Where!));
        Assert.True(insert.Upserts[1] is { Target: null, Set: null });
        Assert.Equal(["x", null], insert.Returning!.Select(column => column.Alias));
    }

    [Fact]
    public void ACreateTableHasAllItsParts()
    {
        var create = Parse<CreateTableStatement>("""
            CREATE TABLE IF NOT EXISTS main."my t" ( -- kept
              id INTEGER CONSTRAINT pk PRIMARY KEY DESC ON CONFLICT REPLACE AUTOINCREMENT,
              b VARCHAR( 10 ) NOT NULL ON CONFLICT IGNORE DEFAULT ( 1 + 2 ) CHECK ( b > 0 ) COLLATE nocase,
              c double precision DEFAULT -1.50 UNIQUE REFERENCES p(x) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
              d GENERATED ALWAYS AS (b || 'x') STORED,
              e DEFAULT word, f DEFAULT TRUE, g DEFAULT "quoted", h DEFAULT current_timestamp, "i i" [odd type],
              CONSTRAINT u UNIQUE (b, 'c' COLLATE rtrim DESC) ON CONFLICT ROLLBACK
              CHECK (c <> d), FOREIGN KEY (b, c) REFERENCES q MATCH full ON UPDATE CASCADE NOT DEFERRABLE
            ) STRICT -- not kept
            """);
        Assert.Equal(new QualifiedName("main", "my t"), create.Name);
        Assert.True(create is { IfNotExists: true, Strict: true, WithoutRowid: false, Temporary: false });
        Assert.StartsWith("\"my t\" ( -- kept\n", create.DefinitionText);
        Assert.EndsWith(") STRICT", create.DefinitionText);
        Assert.Equal(["INTEGER", "VARCHAR( 10 )", "double precision", null, null, null, null, null, "odd type"], create.Columns.Select(column => column.TypeName));
        Assert.Equal([new PrimaryKeyColumn(true, ConflictAction.Replace, true) { ConstraintName = "pk" }], create.Columns[0].Constraints);
        Assert.Contains(new NotNullColumn(ConflictAction.Ignore), create.Columns[1].Constraints);
        Assert.Equal("1 + 2", Assert.Single(create.Columns[1].Constraints.OfType<DefaultColumn>()).Text);
        Assert.Equal("b > 0", Assert.Single(create.Columns[1].Constraints.OfType<CheckColumn>()).Text);
        Assert.Equal("-1.50", Assert.Single(create.Columns[2].Constraints.OfType<DefaultColumn>()).Text);
        ForeignKeyClause clause = Assert.Single(create.Columns[2].Constraints.OfType<ReferencesColumn>()).Clause;
        Assert.True(clause is { Table: "p", OnDelete: ForeignKeyAction.SetNull, Deferrable: true, InitiallyDeferred: true });
        Assert.True(Assert.IsType<GeneratedColumn>(Assert.Single(create.Columns[3].Constraints)).Stored);
        Assert.Equal(["word", "TRUE", "\"quoted\"", "current_timestamp"],
            create.Columns.Skip(4).Take(4).Select(column => Assert.IsType<DefaultColumn>(Assert.Single(column.Constraints)).Text));
        Assert.Equal(["'word'", "1", "'quoted'", "CURRENT_TIMESTAMP"],
            create.Columns.Skip(4).Take(4).Select(column => Render.Expression(column.Constraints.OfType<DefaultColumn>().Single().Expression)));
        Assert.Equal(3, create.Constraints.Count);
        var unique = Assert.IsType<UniqueTable>(create.Constraints[0]);
        Assert.Equal(("u", ConflictAction.Rollback), (unique.ConstraintName, unique.OnConflict));
        Assert.Equal(["\"b\"", "\"c\""], unique.Columns.Select(column => Render.Expression(column.Expression)));
        Assert.True(unique.Columns[1] is { Collation: "rtrim", Descending: true });
        Assert.Equal("c <> d", Assert.IsType<CheckTable>(create.Constraints[1]).Text);
        Assert.True(Assert.IsType<ForeignKeyTable>(create.Constraints[2]).Clause is { Match: "full", Deferrable: false, OnUpdate: ForeignKeyAction.Cascade });
        Assert.Equal("e DEFAULT word", create.Columns[4].Text);
    }

    [Fact]
    public void ATriggerHasAllItsParts()
    {
        var trigger = Parse<CreateTriggerStatement>(
            "CREATE TRIGGER r INSTEAD OF UPDATE OF a, b ON v FOR EACH ROW WHEN new.a > 1 BEGIN SELECT 1; DELETE FROM t; END;");
        Assert.True(trigger is { Timing: TriggerTiming.InsteadOf, Event: TriggerEvent.Update, Table.Name: "v" });
        Assert.Equal(["a", "b"], trigger.UpdateOf!);
        Assert.Equal(2, trigger.Body.Count);
        Assert.EndsWith("DELETE FROM t; END", trigger.DefinitionText);
    }

    [Fact]
    public void AVirtualTablesArgumentsAreKeptAsWritten()
    {
        var create = Parse<CreateVirtualTableStatement>("CREATE VIRTUAL TABLE f USING fts5(a,  b  c , tokenize = 'x, y', opt(1, (2)))");
        Assert.Equal(["a", "b  c", "tokenize = 'x, y'", "opt(1, (2))"], create.Arguments);
    }

    [Theory]
    [InlineData("BEGIN CONCURRENT", BeginKind.Concurrent)]
    [InlineData("begin concurrent transaction", BeginKind.Concurrent)]
    [InlineData("BEGIN EXCLUSIVE TRANSACTION x", BeginKind.Exclusive)]
    [InlineData("BEGIN", BeginKind.Deferred)]
    public void BeginHasAKind(string sql, BeginKind kind) => Assert.Equal(kind, Parse<BeginStatement>(sql).Kind);

    [Theory]
    [InlineData("PRAGMA user_version = -5", true, "-5")]
    [InlineData("PRAGMA main.user_version(+5)", true, "5")]
    [InlineData("PRAGMA x = 1e3", true, "1e3")]
    [InlineData("PRAGMA x = 0xffffffffffffffffff", true, "0xffffffffffffffffff")]
    [InlineData("PRAGMA foreign_keys = ON", false, "ON")]
    [InlineData("PRAGMA x = '5'", false, "5")]
    [InlineData("PRAGMA table_info(\"a b\")", false, "a b")]
    public void APragmasValueIsAWordOrANumberAsWritten(string sql, bool isNumber, string text) =>
        Assert.Equal(new PragmaValue(text, isNumber), Parse<PragmaStatement>(sql).Value);

    [Theory]
    [InlineData("PRAGMA x = ", "incomplete input")]
    [InlineData("PRAGMA x = -", "incomplete input")]
    [InlineData("PRAGMA x()", "near \")\": syntax error")]
    [InlineData("PRAGMA x = -a", "near \"a\": syntax error")]
    [InlineData("PRAGMA x = 1 + 1", "near \"+\": syntax error")]
    public void APragmasValueIsNoExpression(string sql, string message) =>
        Assert.Equal(message, Assert.Throws<SluiceException>(() => Parser.ParseStatement(sql)).Message);

    [Fact]
    public void ExplainIsToldFromExplainQueryPlan()
    {
        Assert.Equal(ExplainKind.Program, Parser.ParseStatement("EXPLAIN SELECT 1").Explain);
        Assert.Equal(ExplainKind.QueryPlan, Parser.ParseStatement("EXPLAIN QUERY PLAN SELECT 1").Explain);
    }

    [Theory]
    [InlineData(" AND ")]
    [InlineData(" OR ")]
    [InlineData(" + ")]
    [InlineData(" || ")]
    public void AChainMayBeAsLongAsTheTreeMayBeDeep(string separator)
    {
        using var reference = new Reference();
        foreach (int terms in (int[])[1000, 1001, 20_000])
        {
            string sql = "SELECT " + string.Join(separator, Enumerable.Repeat("1", terms));
            Assert.Equal(reference.ErrorOf(sql), Record.Exception(() => Parser.ParseStatement(sql))?.Message);
        }
    }

    [Theory]
    [InlineData("- ", "")]
    [InlineData("NOT ", "")]
    [InlineData("abs(", ")")]
    [InlineData("CASE WHEN ", " THEN 1 END")]
    [InlineData("1 IN (", ")")]
    [InlineData("1 LIKE (1, ", ")")]
    public void NestingTooDeepIsAnErrorNotACrash(string open, string close)
    {
        foreach (int depth in (int[])[1100, 100_000])
        {
            string sql = "SELECT " + string.Concat(Enumerable.Repeat(open, depth)) + "x" + string.Concat(Enumerable.Repeat(close, depth));
            var error = Assert.Throws<SluiceException>(() => Parser.ParseStatement(sql));
            Assert.Equal("Expression tree is too large (maximum depth 1000)", error.Message);
        }
    }

    [Theory]
    [InlineData("SELECT * FROM ", "(", "t", ")")]
    [InlineData("SELECT * FROM ", "(SELECT * FROM ", "t", ")")]
    [InlineData("SELECT ", "(SELECT ", "1", ")")]
    [InlineData("SELECT ", "(", "1", ")")]
    [InlineData("", "WITH x AS (", "SELECT 1", ") SELECT 1")]
    public void NestingWithoutExpressionsIsBoundedToo(string start, string open, string middle, string close)
    {
        string Nested(int depth) => start + string.Concat(Enumerable.Repeat(open, depth)) + middle + string.Concat(Enumerable.Repeat(close, depth));
        Parser.ParseStatement(Nested(100));
        Assert.Throws<SluiceException>(() => Parser.ParseStatement(Nested(200_000)));
    }

    [Fact]
    public void ALongListIsNotDeep()
    {
        string list = string.Join(", ", Enumerable.Range(0, 20_000));
        Assert.Equal(20_000, Assert.IsType<InListNode>(Parser.ParseExpression($"x IN ({list})")).List.Count);
        string rows = string.Join(", ", Enumerable.Range(0, 20_000).Select(i => $"({i}, 'r')"));
        Assert.Equal(20_000, Parse<SelectStatement>($"VALUES {rows}").First.Values!.Count);
    }

    [Fact]
    public void TextIsKeptAsItsBytes()
    {
        byte[] sql = [.. "SELECT '"u8, 0xFF, 0xC3, .. "'' ', x'00ff'"u8];
        var select = Assert.IsType<SelectStatement>(Parser.Parse(sql, 0, out _));
        var text = Assert.IsType<LiteralNode>(select.First.Columns[0].Expression);
        Assert.Equal([0xFF, 0xC3, (byte)'\'', (byte)' '], text.Value.Bytes.ToArray());
    }
}
